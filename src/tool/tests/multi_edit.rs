use serde_json::{Value, json};

use super::Site;
use crate::permission::Action;
use crate::tool::Readable;
use crate::workspace::Fingerprint;

fn edit(path: &str, old: &str, new: &str) -> Value {
    json!({"path": path, "old_text": old, "new_text": new})
}

#[tokio::test]
async fn edits_of_several_files_are_one_step() {
    let site = Site::new();
    site.file("a", "one\ntwo\none\n").file("b", "x\r\ny\r\n");
    let all = json!({"file_path": "a", "old_string": "one", "new_string": "1", "all": true});
    let input = json!({"edits": [edit("a", "two", "2"), all, edit("./b", "x", "z")]});
    let prepared = site.prepare("multi_edit", input).await.unwrap();
    assert_eq!(prepared.title, "Edit a, b");
    let paths = vec![site.root().join("a"), site.root().join("b")];
    assert_eq!(prepared.action, Action::EditAll { paths });
    assert_eq!((prepared.preview.len(), prepared.locations.len()), (2, 2));
    assert_eq!(site.content("b"), b"x\r\ny\r\n", "preparing must change nothing");
    let output = (prepared.work)().await;
    assert_eq!(output.text, "edited a: 3 replacements, at lines 2, 1, 3\nedited b at line 1");
    assert_eq!((site.content("a"), site.content("b")), (b"1\n2\n1\n".to_vec(), b"z\r\ny\r\n".to_vec()));
}

#[tokio::test]
async fn a_later_edit_sees_what_an_earlier_one_wrote() {
    let site = Site::new();
    site.file("a", "one\n");
    site.done("read", json!({"path": "a"})).await;
    let input = json!({"path": "a", "edits": [{"old": "one", "new": "two"}, {"old": "two", "new": "three"}]});
    let prepared = site.prepare("multi_edit", input).await.unwrap();
    assert_eq!(prepared.action, Action::Edit { path: site.root().join("a") });
    (prepared.work)().await;
    assert_eq!(site.content("a"), b"three\n");
    assert_eq!(site.context.seen.last(&site.root().join("a")), Some(Fingerprint::of(b"three\n")));
}

#[tokio::test]
async fn every_misfit_is_told_and_nothing_is_changed() {
    let site = Site::new();
    site.file("a", "one\ntwo\ntwo\n").file("b", "let total = 1;\n");
    let input = json!({"edits": [
        edit("a", "one", "1"), edit("a", "two", "2"), edit("b", "let totals = 1;", "x"), edit("b", "total", "sum"),
    ]});
    let text = site.failed("multi_edit", input).await;
    assert!(text.starts_with("Nothing was changed.\nedit 2 of 4: a: `old_text` occurs 2 times"), "{text}");
    assert!(
        text.contains("edit 3 of 4: b: `old_text` was not found. The lines most like it:\n     1\tlet total")
    );
    assert_eq!(site.content("b"), b"let total = 1;\n");
}

#[tokio::test]
async fn what_is_missing_or_too_much_is_refused() {
    let site = Site::new();
    site.file("a", "one\n");
    let cases = [
        (json!({"edits": []}), "`edits` must hold 1 to 500"),
        (json!({"edits": vec![edit("a", "one", "1"); 501]}), "`edits` must hold 1 to 500"),
        (json!({"edits": [edit("a", "one", "1"), edit("b", "x", "y")]}), "edit 2 of 2: b does not exist"),
        (json!({"edits": [{"old_text": "one", "new_text": "1"}]}), "edit 1 of 1: `path` is missing"),
        (json!({"edits": [edit("../outside/secret", "x", "y")]}), "leads outside the workspace"),
        (json!({"edits": [edit("a", "one", "1"), edit("a", "1", "one")]}), "nothing would change"),
    ];
    for (input, why) in cases {
        let text = site.failed("multi_edit", input).await;
        assert!(text.contains(why), "{text}");
    }
    assert_eq!(site.content("a"), b"one\n");
}

#[tokio::test]
async fn what_a_rule_withholds_does_not_come_out_of_several_edits() {
    let mut site = Site::new();
    site.file("a", "key hunter2\n").file("b", "plain\n");
    site.context.readable = Readable::new(|path| !path.ends_with("a"));
    for old in ["key hunter3", "key"] {
        let input = json!({"edits": [edit("b", "plain", "x"), edit("a", old, "y"), edit("a", old, "z")]});
        let prepared = site.prepare("multi_edit", input).await.unwrap();
        assert!(prepared.preview.is_empty());
        let output = (prepared.work)().await;
        assert!(output.failed && !output.text.contains("hunter"), "{}", output.text);
    }
    assert_eq!(site.content("b"), b"plain\n");
}
