use serde_json::json;

use super::ending::Ending;
use super::{name, prompt};

#[test]
fn names_are_what_every_model_takes() {
    assert_eq!(name::tool("git hub", "create.issue"), "git_hub_create_issue");
    assert_eq!(name::tool("", "ä"), "___");
    let long = name::tool("server", &"x".repeat(100));
    assert_eq!(long.len(), 64);
    assert_ne!(long, name::tool("server", &"x".repeat(101)), "two long names must not become one");
    assert_ne!(name::hash(&["a", "b"]), name::hash(&["ab", ""]));
}

#[test]
fn arguments_of_a_prompt_are_words_or_named() {
    let known = json!({"name": "p", "arguments": [{"name": "who", "required": true}, {"name": "how"}]});
    let known: rmcp::model::Prompt = serde_json::from_value(known).unwrap();
    let read = |typed: &str| {
        prompt::arguments(&known, typed)
            .map(|it| serde_json::Value::from(it.unwrap_or_default()))
            .map_err(|e| e.to_string())
    };
    assert_eq!(read("Ada"), Ok(json!({"who": "Ada"})));
    assert_eq!(read("'Ada Lovelace' very loud"), Ok(json!({"who": "Ada Lovelace", "how": "very loud"})));
    assert_eq!(read("how=\"very loud\" Ada"), Ok(json!({"how": "very loud", "who": "Ada"})));
    assert_eq!(read("it's x=y"), Ok(json!({"who": "it's", "how": "x=y"})));
    assert_eq!(read(""), Err("\"who\" is missing; the arguments are: <who> [how]".to_owned()));
    let none: rmcp::model::Prompt = serde_json::from_value(json!({"name": "p"})).unwrap();
    assert!(prompt::arguments(&none, "x").is_err());
}

#[test]
fn of_standard_error_the_end_is_kept() {
    let ending = Ending::default();
    assert_eq!(ending.last_words(), None);
    for _ in 0..100 {
        ending.errors(&[b'x'; 10_000]);
    }
    ending.errors(b"\n\nfirst\nlast\n");
    let words = ending.last_words().unwrap();
    assert!(words.ends_with("\nfirst\nlast") && words.len() <= 64 * 1024, "{}", words.len());
    ending.fail("one");
    ending.fail("two");
    assert_eq!(ending.reason(), Some("one"));
}
