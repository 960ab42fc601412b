use serde_json::json;

use super::Site;
use crate::tool::input::Fields;

#[tokio::test]
async fn other_names_and_unknown_fields_are_taken() {
    let site = Site::new();
    site.file("a", "one\ntwo\n");
    for input in [
        json!({"file_path": "a", "offset": 2, "limit": "1"}),
        json!({"filePath": "a", "line": 2.0, "limit": 1, "encoding": "utf-8"}),
        json!({"path": null, "filename": "a", "start_line": "2", "limit": 1}),
        json!(r#"{"path": "a", "line": 2, "limit": 1}"#),
    ] {
        assert!(site.done("read", input.clone()).await.starts_with("     2\ttwo\n"), "{input}");
    }
    for input in [
        json!({"file_path": "a", "old_string": "one", "new_string": "1", "replace_all": "false"}),
        json!({"filePath": "a", "oldString": "1", "newString": "one", "replaceAll": true}),
    ] {
        site.done("edit", input).await;
    }
    assert!(site.done("grep", json!({"query": "one", "-i": true})).await.starts_with("1 match"));
    assert_eq!(site.prepare("bash", json!({"cmd": "ls"})).await.unwrap().title, "`ls`");
}

#[tokio::test]
async fn a_wrong_input_is_named_with_an_example() {
    let site = Site::new();
    let example = r#"; for example: {"path": "src/main.rs", "line": 1, "limit": 200}"#;
    for (input, why) in [
        (json!({}), "`path` is missing"),
        (json!(null), "`path` is missing"),
        (json!({"file_path": 5}), "`file_path` must be text, not 5"),
        (json!({"path": ["a"]}), "`path` must be text, not a list"),
        (json!({"path": "a", "line": -1}), "`line` must be a whole number, not -1"),
        (json!({"path": "a", "line": 1.5}), "`line` must be a whole number, not 1.5"),
        (json!({"path": "a", "offset": "x"}), "`offset` must be a whole number, not \"x\""),
        (json!({"path": "a", "limit": {}}), "`limit` must be a whole number, not an object"),
        (json!(["a"]), "the input must be an object, not a list"),
        (json!("a"), "the input must be an object, not \"a\""),
    ] {
        assert_eq!(site.failed("read", input).await, format!("{why}{example}"));
    }
    let input = json!({"path": "a", "old_text": "a", "new_text": "b", "replace_all": 1});
    assert!(site.failed("edit", input).await.starts_with("`replace_all` must be true or false, not 1"));
    assert!(site.failed("write", json!({"path": "a"})).await.starts_with("`content` is missing"));
}

#[test]
fn an_empty_path_is_for_the_tool_to_judge() {
    let mut fields = Fields::new(json!({"path": ""}), "{}").unwrap();
    assert_eq!(fields.text(&["path"]).unwrap(), "");
}
