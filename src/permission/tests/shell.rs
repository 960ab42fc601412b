use super::*;
use crate::permission::{Clarity, read_command};

#[test]
fn a_plain_line_is_read_word_by_word() {
    let reading = read_command("ls -la 'a b' \"c\" && grep -n x src/*.rs 2>/dev/null | head -5");
    assert_eq!(reading.clarity, Clarity::Plain);
    let argv: Vec<Vec<String>> = reading.commands.iter().map(|command| command.argv.clone()).collect();
    assert_eq!(argv[0], ["ls", "-la", "a b", "c"]);
    assert_eq!(argv[1], ["grep", "-n", "x", "src/*.rs"]);
    assert_eq!(argv[2], ["head", "-5"]);
    assert!(reading.commands[1].globs && !reading.commands[0].globs);
}

#[test]
fn ten_thousand_harmless_commands_do_not_hide_a_denied_one() {
    let policy = with_rules(&["allow bash", "deny bash(rm:*)"]).with_mode(Mode::Full);
    let short = format!("{}rm x", "ls;".repeat(10_000));
    let long = format!("{}rm x", "true && ".repeat(20_000));
    let hidden = format!("{}r''m x", "true && ".repeat(20_000));
    for text in [short, long, hidden] {
        assert_eq!(decide(&policy, &text), Decision::Deny);
    }
}

#[test]
fn over_the_limits_nothing_is_allowed() {
    let policy = with_rules(&["allow *"]).with_mode(Mode::Full);
    let many = "ls;".repeat(201);
    let long = format!("echo {}", "x".repeat(64 * 1024));
    let deep = "(".repeat(5_000) + "ls" + &")".repeat(5_000);
    let wrapped = "sh -c ls;".repeat(40);
    for text in [many, long, wrapped] {
        let judgement = run(&policy, &text);
        assert_eq!(judgement.decision, Decision::Ask, "{} bytes: {}", text.len(), judgement.reason);
    }
    assert_ne!(decide(&super::policy(), &deep), Decision::Allow);
    assert_eq!(decide(&super::policy(), &"ls;".repeat(200)), Decision::Allow);
}

#[test]
fn hostile_texts_are_read_within_bounds() {
    let pieces = [
        "(",
        "$(",
        "`",
        "\"$(",
        "${",
        "$((",
        "<<A\n",
        "{",
        "[[ ",
        "case a in ",
        "a|",
        "sh -c '",
        "\\",
        "if ",
        "xargs ",
    ];
    for piece in pieces {
        let text = piece.repeat(64 * 1024 / piece.len());
        assert_ne!(decide(&policy(), &text), Decision::Allow, "{piece:?}");
    }
}

#[test]
fn characters_of_every_plane_are_read_without_harm() {
    let policy = with_rules(&["deny bash(rm:*)"]);
    for start in (0x80..0x11_0000).step_by(97) {
        let Some(c) = char::from_u32(start) else { continue };
        for text in [
            format!("{c}; rm x"),
            format!("a{c}1 {c}[0] ${c} ${{{c}}} >{c} <<<{c}; rm x"),
            format!("{c}=1 rm x"),
        ] {
            assert_eq!(decide(&policy, &text), Decision::Deny, "{text:?}");
        }
    }
}

#[test]
fn end_marks_that_look_alike_to_the_grammar_are_not_read() {
    let reading = read_command("cat <<é\nè\necho '\né\nrm x\n#'");
    assert!(matches!(reading.clarity, Clarity::Unreadable(_)));
    assert_eq!(decide(&with_rules(&["deny bash(rm:*)"]), "cat <<é\nè\necho '\né\nrm x\n#'"), Decision::Deny);
}

#[test]
fn a_document_with_tabs_and_emoji_is_written_unasked_in_full_mode() {
    assert_eq!(decide(&full(), "cat > a.go <<'EOF'\n\tx := \"ü ⚠️\"\nEOF"), Decision::Allow);
}

#[test]
fn the_reason_of_an_ask_names_what_is_unclear() {
    let rows = [
        ("ls $X", "variable"),
        ("ls $(id)", "output of a command"),
        ("ls > x", "redirect"),
        ("X=1 ls", "assigns"),
        ("ls *", "pattern"),
        ("make", "`make`"),
        ("ls \u{202e}", "U+202E"),
        ("echo 'x", "well-formed"),
        ("", "no command"),
    ];
    for (command, part) in rows {
        let reason = run(&policy(), command).reason;
        assert!(reason.contains(part), "{command}: {reason}");
    }
}

#[test]
fn an_own_folder_inside_the_workspace_is_not_read_by_broad_commands() {
    let mut policy = policy();
    policy.protect([PathBuf::from("/ws/project/state")]);
    for command in ["cat state/db", "grep -r x .", "rg x", "cat src/*"] {
        assert_eq!(decide(&policy, command), Decision::Ask, "{command}");
    }
    assert_eq!(decide(&policy, "cat README.md"), Decision::Allow);
}
