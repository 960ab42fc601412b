use super::*;
use crate::permission::shell::tree::in_ascii;
use proptest::prelude::*;

/// Strings dense in what shells treat specially.
fn shellish() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "ls",
        "rm",
        "echo",
        " ",
        " ",
        " ",
        ";",
        "&",
        "&&",
        "||",
        "|",
        "\n",
        "\r",
        "'",
        "\"",
        "`",
        "$",
        "$(",
        ")",
        "(",
        "{",
        "}",
        "<",
        ">",
        "<<",
        ">&1",
        "/dev/null",
        "*",
        "?",
        "[",
        "]",
        "~",
        "!",
        "#",
        "\\",
        "=",
        "-",
        "a",
        "1",
        "EOF",
        "if",
        "fi",
        "do",
        "sh -c",
        "eval",
        "\u{202e}",
        "\u{a0}",
        "\0",
        "ü",
        "src/",
        "..",
        "cat",
        "find",
        "-exec",
        "-n",
    ]);
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_string_can_be_judged(text in any::<String>(), other in shellish()) {
        for policy in [policy(), with_rules(&["allow bash(ls:*)", "deny bash(rm:*)", "deny read(**/.env)"]), full()] {
            run(&policy, &text);
            run(&policy, &other);
            policy.judge(&fetch(&text));
            policy.judge(&edit(&text));
        }
    }

    #[test]
    fn the_grammar_is_given_ascii_only_and_every_byte_in_its_place(text in any::<String>(), other in shellish()) {
        for text in [text, other] {
            let given = in_ascii(&text);
            prop_assert!(given.is_ascii());
            prop_assert_eq!(given.len(), text.len());
            for (given, byte) in given.into_iter().zip(text.bytes()) {
                prop_assert_eq!(given, if byte.is_ascii() { byte } else { b'x' });
            }
        }
    }

    #[test]
    fn what_follows_an_allowed_command_is_judged_too(text in shellish()) {
        let policy = with_rules(&["allow bash(ls:*)", "allow bash(echo:*)"]);
        for joined in [";", "&&", "||", "|", "&", "\n", "|&"] {
            prop_assert_ne!(decide(&policy, &format!("{text}{joined} rm x")), Decision::Allow);
        }
    }

    #[test]
    fn a_denied_command_after_a_plain_one_is_denied(words in "[a-z]{1,8}( [a-z]{1,8}){0,3}") {
        let policy = with_rules(&["allow *", "deny bash(rm:*)"]);
        for joined in ["; ", " && ", " || ", " | ", " & ", "\n", " $(", " <(", " `", "; sh -c '"] {
            let closing = match joined { " $(" | " <(" => ")", " `" => "`", "; sh -c '" => "'", _ => "" };
            let text = format!("xx{words}{joined}rm x{closing}");
            prop_assert_eq!(decide(&policy, &text), Decision::Deny, "{}", text);
        }
    }

    #[test]
    fn patterns_and_rules_never_fail_hard(text in any::<String>()) {
        for tool in ["bash", "edit", "fetch", "mcp", "read"] {
            if let Ok(rule) = Rule::parse("allow", &format!("{tool}({text})")) {
                let policy = policy().with_rules(vec![rule]);
                run(&policy, &text);
                policy.judge(&edit(&text));
            }
        }
    }
}
