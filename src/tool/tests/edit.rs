use std::os::unix::fs::PermissionsExt;

use serde_json::{Value, json};

use super::{Site, diff_of};
use crate::tool::Readable;
use crate::workspace::Fingerprint;

fn change(old: &str, new: &str) -> Value {
    json!({"path": "a", "old_text": old, "new_text": new})
}

#[tokio::test]
async fn a_text_found_once_is_replaced() {
    let site = Site::new();
    site.file("a", "one\ntwo\nthree\n");
    let prepared = site.prepare("edit", change("two", "2")).await.unwrap();
    assert_eq!(prepared.title, "Edit a");
    assert_eq!(prepared.locations[0].line, Some(2));
    assert_eq!(diff_of(&prepared.preview).new_text, "one\n2\nthree\n");
    assert_eq!(site.content("a"), b"one\ntwo\nthree\n", "preparing must change nothing");
    let output = (prepared.work)().await;
    assert_eq!(output.text, "edited a at line 2");
    assert_eq!(diff_of(&output.content).old_text.as_deref(), Some("one\ntwo\nthree\n"));
    assert_eq!(site.content("a"), b"one\n2\nthree\n");
}

#[tokio::test]
async fn a_text_found_several_times_needs_replace_all() {
    let site = Site::new();
    site.file("a", "x\ny\nx\nx x\n");
    let text = site.failed("edit", change("x", "z")).await;
    assert!(text.starts_with("a: `old_text` occurs 4 times, at lines 1, 3, 4, 4; give more lines"), "{text}");
    let input = json!({"path": "a", "old_text": "x", "new_text": "z", "replace_all": true});
    let output = site.call("edit", input).await;
    assert_eq!(output.text, "edited a: 4 replacements, at lines 1, 3, 4, 4");
    assert_eq!(output.raw, Some(json!({"replacements": 4})));
    assert_eq!(site.content("a"), b"z\ny\nz\nz z\n");
}

#[tokio::test]
async fn a_text_that_overlaps_itself_is_not_unique() {
    let site = Site::new();
    site.file("a", "}\n}\n}\n");
    let text = site.failed("edit", change("}\n}\n", "}\n")).await;
    assert!(text.contains("overlaps itself from line 1"), "{text}");
}

#[tokio::test]
async fn endings_mark_and_mode_survive() {
    let cases: [(&str, &str); 6] = [
        ("one\r\ntwo\r\nthree\r\n", "one\r\n2\r\n2b\r\nthree\r\n"),
        ("\u{feff}one\ntwo\nthree", "\u{feff}one\n2\n2b\nthree"),
        ("\u{feff}one\r\ntwo\r\nthree", "\u{feff}one\r\n2\r\n2b\r\nthree"),
        ("one\r\ntwo\r\nthree\n", "one\r\n2\r\n2b\r\nthree\n"),
        ("one\ntwo\nthree\r\n", "one\n2\n2b\nthree\r\n"),
        ("two", "2\n2b"),
    ];
    for (before, after) in cases {
        let site = Site::new();
        site.file("a", before);
        let path = site.root().join("a");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        site.done("edit", change("two", "2\n2b")).await;
        assert_eq!(String::from_utf8(site.content("a")).unwrap(), after);
        assert_eq!(std::fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o755);
    }
}

#[tokio::test]
async fn carriage_returns_in_the_input_do_not_count() {
    let site = Site::new();
    site.file("a", "one\ntwo\n");
    site.done("edit", change("one\r\ntwo", "1\r\n2")).await;
    assert_eq!(site.content("a"), b"1\n2\n");
}

#[tokio::test]
async fn a_mismatch_says_what_is_there_instead() {
    let file = "fn main() {\n\tlet total = compute(1, 2);\n    println!(\"{total}\");\n}\n";
    let cases = [
        (
            "    let total = compute(1, 2);",
            "the white space differs. The file has, from line 2:\n     2\t\tlet total",
        ),
        ("fn main()\n{\n", "The lines most like it:\n     1\tfn main() {"),
        ("let totals = compute(1, 3);", "The lines most like it:\n     2\t\tlet total = compute(1, 2);"),
        (
            "fn start() {\n\tlet total = compute(1, 2);\n",
            "some of its lines differ. The file has, from line 1:\n     1\tfn main() {\n     2\t\tlet total",
        ),
        ("     1\tfn main() {", "leave out the line numbers"),
        ("utterly different words", "nor anything like it"),
        ("\n\n\n\n", "nor anything like it"),
    ];
    for (old, hint) in cases {
        let site = Site::new();
        site.file("a", file);
        let text = site.failed("edit", change(old, "x")).await;
        assert!(text.starts_with("a: `old_text` was not found") && text.contains(hint), "{old:?}: {text}");
        assert_eq!(site.content("a"), file.as_bytes());
    }
}

#[tokio::test]
async fn of_several_places_the_one_with_the_most_lines_is_shown() {
    let site = Site::new();
    let long = "the longest line of them all";
    let filler = (0..40).map(|at| at.to_string()).collect::<Vec<_>>().join("\n") + "\n";
    site.file("a", format!("{long}\nz\n{filler}a\nb\n{long}\nc\nd\n"));
    let text = site.failed("edit", change(&format!("a\nB\n{long}\nc\nD\n"), "x")).await;
    let shown =
        "from line 43:\n    43\ta\n    44\tb\n    45\tthe longest line of them all\n    46\tc\n    47\td";
    assert!(text.ends_with(shown), "{text}");
    let text = site.failed("edit", change(&format!("{filler}{long}\ne\n"), "x")).await;
    assert!(text.contains(long) && text.lines().count() < 25, "{text}");
}

#[tokio::test]
async fn what_changes_nothing_or_anything_is_refused() {
    let site = Site::new();
    site.file("a", "one").file("src/b", "");
    assert!(site.failed("edit", change("one", "one")).await.contains("the same"));
    assert!(site.failed("edit", change("", "one")).await.contains("is empty"));
    let missing = json!({"path": "b", "old_text": "a", "new_text": "b"});
    assert_eq!(site.failed("edit", missing).await, "b does not exist; use `write` to create it");
    let folder = json!({"path": "src", "old_text": "a", "new_text": "b"});
    assert!(site.failed("edit", folder).await.contains("is a folder"));
    site.file("a", "on\0e");
    assert_eq!(site.failed("edit", change("on", "off")).await, "a: the file is binary, not text");
}

#[tokio::test]
async fn a_file_changed_since_it_was_seen_is_kept() {
    let site = Site::new();
    site.file("a", "one two");
    site.done("read", json!({"path": "a"})).await;
    site.file("a", "one three");
    let text = site.failed("edit", change("one", "1")).await;
    assert_eq!(text, "a changed since it was read; read it again, then edit");
    site.done("read", json!({"path": "a"})).await;
    let prepared = site.prepare("edit", change("one", "1")).await.unwrap();
    site.file("a", "one four");
    let output = (prepared.work)().await;
    assert!(output.failed && output.text.contains("changed meanwhile"), "{}", output.text);
    assert_eq!(site.content("a"), b"one four");
}

#[tokio::test]
async fn an_edit_keeps_what_is_known_and_makes_nothing_known() {
    let site = Site::new();
    site.file("a", "one").file("b", "one");
    let unread = json!({"path": "b", "old_text": "one", "new_text": "two"});
    site.done("edit", unread).await;
    assert_eq!(site.context.seen.last(&site.root().join("b")), None);
    site.done("read", json!({"path": "a"})).await;
    site.done("edit", change("one", "two")).await;
    assert_eq!(site.context.seen.last(&site.root().join("a")), Some(Fingerprint::of(b"two")));
    site.done("edit", change("two", "three")).await;
}

#[tokio::test]
async fn a_replacement_may_not_outgrow_the_limit() {
    let site = Site::new();
    site.file("a", "x".repeat(2 << 20));
    let input = json!({"path": "a", "old_text": "x", "new_text": "0123456789", "replace_all": true});
    assert!(site.failed("edit", input).await.contains("would grow past 10.0 MiB"));
}

#[tokio::test]
async fn what_a_rule_withholds_does_not_come_out_of_an_edit() {
    let mut site = Site::new();
    site.file("a", "KEY=the secret\nKEY=other\n");
    site.context.readable = Readable::new(|path| !path.ends_with("a"));
    for old in ["KEY=the secre", "KEY=the secrets", "     1\tKEY=the secret", "KEY=", "nothing like it"] {
        let prepared = site.prepare("edit", change(old, "x")).await;
        let prepared = prepared.expect("a wrong guess and a right one look the same until it is permitted");
        assert_eq!(prepared.title, "Edit a");
        if old == "KEY=the secre" {
            continue;
        }
        let output = (prepared.work)().await;
        assert_eq!(
            output.text,
            "a: `old_text` was not found, or not just once; a rule withholds the content"
        );
        assert!(output.failed && output.content.is_empty() && prepared.preview.is_empty());
    }
    site.done("edit", change("the secret", "x")).await;
    assert_eq!(site.content("a"), b"KEY=x\nKEY=other\n");
}

#[tokio::test]
async fn no_tool_tells_what_a_file_holds_before_it_is_judged() {
    let mut site = Site::new();
    site.file("a", "key hunter2\n").file("b", "key hunter2\0\n");
    site.context.readable = Readable::new(|_| false);
    for name in ["a", "b"] {
        let inputs = [
            ("read", json!({"path": name, "line": 9})),
            ("write", json!({"path": name, "content": "key hunter"})),
            ("edit", json!({"path": name, "old_text": "key hunter", "new_text": "x"})),
            ("edit", json!({"path": name, "old_text": "key hunter3", "new_text": "x"})),
            ("list", json!({"path": name})),
            ("glob", json!({"path": name, "pattern": "*"})),
            ("grep", json!({"path": name, "pattern": "key hunter("})),
        ];
        for (tool, input) in inputs {
            match site.prepare(tool, input).await {
                Ok(prepared) => assert!(!prepared.title.contains("hunter2"), "{tool}"),
                Err(failed) => assert!(!failed.text.contains("hunter2"), "{tool}: {}", failed.text),
            }
        }
    }
}
