use crate::acp::ContentBlock;
use crate::agent::builtin::command::{Request, fill, parse, read};
use crate::config::{CommandTemplate, Origin};

#[test]
fn arguments_go_where_the_template_names_them() {
    for (template, arguments, filled) in [
        ("do $ARGUMENTS now", "a b", "do a b now"),
        ("$2 then $1$1", "a b", "b then aa"),
        ("$3 is nothing", "a b", " is nothing"),
        ("costs $5 or $x$", "", "costs  or $x$"),
        ("no names", "a b", "no names\n\na b"),
        ("no names", "", "no names"),
        ("$ARGUMENTS", "$1 $ARGUMENTS", "$1 $ARGUMENTS"),
        ("$0 stays", "a", "$0 stays\n\na"),
    ] {
        assert_eq!(fill(template, arguments), filled, "{template:?} with {arguments:?}");
    }
}

#[test]
fn a_template_never_grows_past_its_limit() {
    let arguments = "x".repeat(100_000);
    assert!(fill(&"$1 ".repeat(100), &arguments).len() <= 256 * 1024);
}

#[test]
fn a_command_is_the_first_word_behind_a_slash() {
    let parsed = |text: &str| {
        let content = [ContentBlock::from(text)];
        parse(&content).map(|(name, rest)| (name.to_owned(), rest.to_owned()))
    };
    assert_eq!(parsed(" /review  src/a.rs b "), Some(("review".into(), "src/a.rs b".into())));
    assert_eq!(parsed("/review"), Some(("review".into(), String::new())));
    for text in ["review", "/", "/ x", "/usr/bin/env is a path", ""] {
        assert_eq!(parsed(text), None, "{text:?}");
    }
}

#[test]
fn a_template_becomes_the_request_and_others_are_the_models() {
    let template = CommandTemplate {
        name: "review".into(),
        description: String::new(),
        hint: None,
        template: "Review $1".into(),
        agent: None,
        model: None,
        origin: Origin::Client,
    };
    let (request, more) = read(&["/review a.rs".into()], &[&template]);
    assert_eq!(request, Request::Model);
    assert!(
        matches!(&more[..], [ContentBlock::Text(text)] if text.text.ends_with("Review a.rs")),
        "{more:?}"
    );
    assert_eq!(read(&["/other a.rs".into()], &[&template]), (Request::Model, Vec::new()));
    let compact = Request::Compact { focus: "the tests".into() };
    assert_eq!(read(&["/compact the tests".into()], &[]), (compact, Vec::new()));
}
