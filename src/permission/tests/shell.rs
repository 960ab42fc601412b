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
fn what_a_here_document_hides_from_the_grammar_is_not_run() {
    // To a shell, `rm x` is a command in each of them.
    let hiding = [
        "cat <<A\nAx\necho '\nA\nrm x\n#'",
        "cat <<A\n A\necho '\nA\nrm x\n#'",
        "cat <<A\n\tA\necho '\nA\nrm x\n#'",
        "cat <<-A\n A\necho '\nA\nrm x\n#'",
        "cat <<A\nb\\\nA\necho '\nA\nrm x\n#'",
        "cat <<A\n${y}A\necho '\nA\nrm x\n#'",
        "cat <<A\\\nB\nA\necho '\nAB\nrm x\n#'",
        "cat <<'A'B\nA\necho '\nAB\nrm x\n#'",
        "cat <<xx\né\necho '\nxx\nrm x\n#'",
        "cat <<é\nè\necho '\né\nrm x\n#'",
        "cat <<\\\né\nè\necho '\né\nrm x\n#'",
        "cat <<A <<B\nB\nA\necho '\nB\nrm x\n#'",
    ];
    let denying = with_rules(&["deny bash(rm:*)"]).with_mode(Mode::Full);
    for text in hiding {
        assert!(matches!(read_command(text).clarity, Clarity::Unreadable(_)), "{text:?}");
        assert_eq!(decide(&denying, text), Decision::Deny, "{text:?}");
        let nested = format!("sh -c \"{text}\"");
        assert_ne!(decide(&denying, &nested), Decision::Allow, "{nested:?}");
    }
}

#[test]
fn a_backslash_does_not_hide_a_command() {
    let denying = with_rules(&["deny bash(rm:*)"]).with_mode(Mode::Full);
    let texts = [
        "ls\n\\rm x",
        "ls\n \t\\rm x",
        "ls\n\\\nrm x",
        "ls\n\\\n  \\rm x",
        "r\\\nm x",
        "ls\nr\\m x",
        "ls | \\\nrm x",
        "sh -c 'ls\n\\rm x'",
        "sh -c \"r\\\nm x\"",
    ];
    for text in texts {
        assert_eq!(decide(&denying, text), Decision::Deny, "{text:?}");
    }
    assert_eq!(decide(&full(), "ls\n\\rm -rf /"), Decision::Deny);
    assert_eq!(
        decide(&full(), "cargo build \\\n  --release \\\n  && printf 'a\\nb' | sed 's/\\./x/'"),
        Decision::Allow
    );
}

#[test]
fn ordinary_documents_are_written_unasked_in_full_mode() {
    let documents = [
        "cat > a.go <<'EOF'\n\tx := \"ü ⚠️\"\nEOF",
        "cat > a.cpp <<EOF\nstd::cout << \"a b\" << x << 'c';\nEOF",
        "cat <<-EOF > a\n\t\tx\n\tEOF",
        "cat <<\"END-1\" | head\n$x \\\n\nEND-1\nls",
        "cat <<\\EOF\n`x`\nEOF",
        "cat <<EOF\n$x ${y} $(date) \\\n z\nEOF\ncat <<EOF\nb\nEOF",
        "git commit -m \"$(cat <<'EOF'\nt: x\n\n- é\nEOF\n)\"",
        "python3 - <<'PY'\nprint(1 << 2)\nPY",
        "for f in a; do\n  cat <<X >> $f\nx\nX\ndone",
    ];
    for text in documents {
        let judgement = run(&full(), text);
        assert_eq!(judgement.decision, Decision::Allow, "{text:?}: {}", judgement.reason);
    }
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
