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
    let nested = (0..40).fold("ls".to_owned(), |inner, _| format!("eval ls; sh -c {inner:?}"));
    let wrapped = "sh -c ls;".repeat(40);
    for text in [many, long, nested, wrapped] {
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
