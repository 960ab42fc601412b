use super::*;
use crate::permission::PermissionError;

#[test]
fn a_rule_is_written_as_it_was_read() {
    let texts = [
        "allow bash(cargo test:*)",
        "deny read(**/.env)",
        "ask *",
        "allow edit(src/**)",
        "allow mcp(server/*)",
        "deny fetch(https://host/**)",
        "allow bash",
        "ask search(~/x/**)",
        "deny edit(/etc/**)",
        "allow bash(echo (x))",
    ];
    for text in texts {
        let rule: Rule = text.parse().unwrap();
        assert_eq!(rule.to_string(), text);
        assert_eq!(rule.to_string().parse::<Rule>().unwrap(), rule);
    }
    assert_eq!(Rule::parse("allow", "bash(*)").unwrap(), Rule::parse("allow", "bash").unwrap());
}

#[test]
fn a_bad_rule_says_what_is_wrong() {
    let fault = |decision, text| Rule::parse(decision, text).unwrap_err();
    assert!(matches!(fault("maybe", "*"), PermissionError::UnknownDecision(_)));
    assert!(matches!(fault("allow", "shell(x)"), PermissionError::UnknownTool(_)));
    for text in [
        "bash(x",
        "edit([)",
        "edit(../x)",
        "fetch(host)",
        "fetch(https://u@h/)",
        "mcp(/x)",
        "*(x)",
        "bash(:*)",
    ] {
        assert!(matches!(fault("allow", text), PermissionError::BadPattern { .. }), "{text}");
    }
}

#[test]
fn deny_beats_ask_beats_allow_in_any_order() {
    let all = ["allow edit(src/**)", "ask edit(src/a)", "deny edit(src/a)"];
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        let policy = with_rules(&order.map(|at| all[at]));
        assert_eq!(policy.judge(&edit("/ws/project/src/a")).decision, Decision::Deny);
    }
    let policy = with_rules(&[all[1], all[0]]).with_mode(Mode::Full);
    assert_eq!(policy.judge(&edit("/ws/project/src/a")).decision, Decision::Ask);
    assert_eq!(policy.judge(&edit("/ws/project/src/b")).decision, Decision::Allow);
}

#[test]
fn within_a_rank_the_last_match_gives_the_reason() {
    let policy = with_rules(&["deny edit", "deny edit(src/**)", "deny edit(other/**)"]);
    assert!(policy.judge(&edit("/ws/project/src/a")).reason.contains("edit(src/**)"));
}

#[test]
fn file_patterns_are_anchored_as_they_are_written() {
    let rows = [
        ("src/**", "/ws/project/src/a/b", true),
        ("src/**", "/ws/other/src/a", false),
        ("src/*", "/ws/project/src/a/b", false),
        ("src/*", "/ws/project/src/a", true),
        ("./src/*", "/ws/project/src/a", true),
        ("**/.env", "/anywhere/.env", true),
        ("**/.env", "/ws/project/.env", true),
        (".env", "/ws/project/.env", true),
        (".env", "/ws/project/a/.env", false),
        ("~/x/**", "/home/me/x/a", true),
        ("~/x/**", "/home/you/x/a", false),
        ("/etc/**", "/etc/a", true),
        ("/etc/**", "/ws/project/etc/a", false),
        ("*.rs", "/ws/project/a.rs", true),
        ("*.rs", "/ws/project/src/a.rs", false),
    ];
    for (pattern, path, wanted) in rows {
        let denied =
            with_rules(&[&format!("deny read({pattern})")]).judge(&read(path)).decision == Decision::Deny;
        assert_eq!(denied, wanted, "{pattern} {path}");
    }
}

#[test]
fn remote_rules_name_server_and_tool() {
    let policy = with_rules(&["allow mcp(files/*)", "deny mcp(files/delete_*)", "deny mcp(evil)"]);
    assert_eq!(policy.judge(&remote("files", "read")).decision, Decision::Allow);
    assert_eq!(policy.judge(&remote("files", "delete_all")).decision, Decision::Deny);
    assert_eq!(policy.judge(&remote("evil", "x")).decision, Decision::Deny);
    assert_eq!(policy.judge(&remote("other", "read")).decision, Decision::Ask);
}

#[test]
fn an_exact_allowance_is_the_one_thing_that_lifts_a_destructive_ask() {
    let exact = with_rules(&["allow bash(git push --force origin main)"]);
    assert_eq!(decide(&exact, "git push --force origin main"), Decision::Allow);
    assert_eq!(decide(&exact, "git push --force origin main; git reset --hard"), Decision::Ask);
    assert_eq!(
        decide(&with_rules(&["allow bash(git push:*)"]), "git push --force origin main"),
        Decision::Ask
    );
}

#[test]
fn reasons_hold_nothing_that_hides() {
    let reason = policy().judge(&remote("a\u{202e}b", "c\nd")).reason;
    assert!(!reason.contains('\u{202e}') && !reason.contains('\n'), "{reason}");
}

#[test]
fn modes_are_found_by_their_ids() {
    for mode in Mode::ALL {
        assert_eq!(Mode::from_id(mode.id()).unwrap(), mode);
        assert_eq!(serde_json::to_string(&mode).unwrap(), format!("\"{}\"", mode.id()));
    }
    assert!(Mode::from_id("yolo").is_err());
}
