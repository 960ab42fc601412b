use serde_json::json;

use crate::acp::{Diff, deletion};
use crate::serve::acp::v2::diff::of;

fn told(diff: &Diff) -> (serde_json::Value, String) {
    let told = serde_json::to_value(of(diff, false)).unwrap();
    (told["changes"][0].clone(), told["patch"]["text"].as_str().unwrap_or_default().to_owned())
}

#[test]
fn a_new_file_is_added() {
    let (change, patch) = told(&Diff::new("/w/a.txt", "one\n"));
    assert_eq!(change, json!({"fileType": "text", "operation": "add", "path": "/w/a.txt"}));
    let text = "diff --git /w/a.txt /w/a.txt\nnew file mode 100644\n--- /dev/null\n+++ /w/a.txt\n@@ -0,0 +1 @@\n+one\n";
    assert_eq!(patch, text);
}

#[test]
fn a_change_without_a_last_newline_says_so() {
    let (change, patch) = told(&Diff::new("/w/a b.txt", "two").old_text("one\n".to_owned()));
    assert_eq!(change["operation"], "modify");
    let lines: Vec<_> = patch.lines().collect();
    assert_eq!(lines[0], "diff --git /w/a b.txt /w/a b.txt");
    assert_eq!(lines[1..3], ["--- /w/a b.txt\t", "+++ /w/a b.txt\t"]);
    assert_eq!(lines.last(), Some(&"\\ No newline at end of file"));
}

#[test]
fn a_file_that_is_gone_is_deleted_and_one_that_loses_its_text_is_not() {
    let emptied = Diff::new("/w/\"a\"\n", "").old_text("one\n".to_owned());
    let (change, patch) = told(&emptied);
    assert_eq!(change["operation"], "modify");
    assert!(patch.ends_with("@@ -1 +0,0 @@\n-one\n") && !patch.contains("deleted"), "{patch}");
    let (change, patch) = told(&deletion(emptied));
    assert_eq!(change["operation"], "delete");
    let name = r#""/w/\"a\"\n""#;
    assert!(
        patch.starts_with(&format!(
            "diff --git {name} {name}\ndeleted file mode 100644\n--- {name}\n+++ /dev/null\n"
        )),
        "{patch}"
    );
}

#[test]
fn an_empty_file_that_stays_empty_is_changed_by_nothing() {
    let (change, patch) = told(&Diff::new("/w/a", "").old_text(String::new()));
    assert_eq!((change["operation"].as_str(), patch.as_str()), (Some("modify"), "diff --git /w/a /w/a\n"));
    // Git tells of one that goes the same way, by its first lines.
    let (change, patch) = told(&deletion(Diff::new("/w/a", "").old_text(String::new())));
    let text = "diff --git /w/a /w/a\ndeleted file mode 100644\n";
    assert_eq!((change["operation"].as_str(), patch.as_str()), (Some("delete"), text));
}

#[test]
fn what_has_no_line_numbers_or_too_many_lines_has_no_text() {
    let part = serde_json::to_value(of(&Diff::new("/w/a", "one\n"), true)).unwrap();
    assert!(part.get("patch").is_none(), "{part}");
    let large = "line\n".repeat(60_000);
    let large = serde_json::to_value(of(&Diff::new("/w/a", large), false)).unwrap();
    assert!(large.get("patch").is_none());
}
