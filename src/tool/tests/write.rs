use std::os::unix::fs::PermissionsExt;

use serde_json::json;

use super::{Site, diff_of};
use crate::permission::Action;

#[tokio::test]
async fn a_new_file_is_created_with_its_folders() {
    let site = Site::new();
    let prepared = site.prepare("write", json!({"path": "a/b/c.txt", "content": "new\n"})).await.unwrap();
    assert_eq!(prepared.title, "Create a/b/c.txt");
    assert_eq!(prepared.action, Action::Edit { path: site.root().join("a/b/c.txt") });
    assert_eq!(diff_of(&prepared.preview).old_text, None);
    assert!(!site.root().join("a").exists(), "preparing must change nothing");
    let output = (prepared.work)().await;
    assert_eq!(output.text, "created a/b/c.txt (4 bytes)");
    assert_eq!(diff_of(&output.content).new_text, "new\n");
    assert_eq!(site.content("a/b/c.txt"), b"new\n");
}

#[tokio::test]
async fn a_file_that_was_not_read_is_not_overwritten() {
    let site = Site::new();
    site.file("a", "old");
    let text = site.failed("write", json!({"path": "a", "content": "new"})).await;
    assert_eq!(text, "a exists and was not read yet; read it first, or use `edit`");
    site.done("read", json!({"path": "a"})).await;
    let output = site.call("write", json!({"path": "a", "content": "new"})).await;
    assert_eq!(output.text, "replaced a (3 bytes)");
    assert_eq!(diff_of(&output.content).old_text.as_deref(), Some("old"));
    site.done("write", json!({"path": "a", "content": "newer"})).await;
    assert_eq!(site.content("a"), b"newer");
}

#[tokio::test]
async fn a_file_changed_since_it_was_read_is_kept() {
    let site = Site::new();
    site.file("a", "old");
    site.done("read", json!({"path": "a"})).await;
    site.file("a", "by a person");
    let text = site.failed("write", json!({"path": "a", "content": "new"})).await;
    assert_eq!(text, "a changed since it was read; read it again, then write");
    assert_eq!(site.content("a"), b"by a person");
}

#[tokio::test]
async fn a_file_changed_while_a_person_was_asked_is_kept() {
    let site = Site::new();
    site.file("a", "old");
    site.done("read", json!({"path": "a"})).await;
    let known = site.prepare("write", json!({"path": "a", "content": "new"})).await.unwrap();
    let fresh = site.prepare("write", json!({"path": "b", "content": "new"})).await.unwrap();
    site.file("a", "by a person").file("b", "by a person");
    for (name, prepared) in [("a", known), ("b", fresh)] {
        let output = (prepared.work)().await;
        assert!(output.failed && output.text.contains("changed meanwhile"), "{}", output.text);
        assert_eq!(site.content(name), b"by a person");
    }
}

#[tokio::test]
async fn mark_endings_and_mode_of_the_old_file_are_kept() {
    let site = Site::new();
    site.file("a", "\u{feff}one\r\ntwo\r\n");
    let path = site.root().join("a");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o750)).unwrap();
    site.done("read", json!({"path": "a"})).await;
    site.done("write", json!({"path": "a", "content": "three\nfour\n"})).await;
    assert_eq!(site.content("a"), "\u{feff}three\r\nfour\r\n".as_bytes());
    assert_eq!(std::fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o750);
}

#[tokio::test]
async fn folders_and_other_places_are_refused() {
    let site = Site::new();
    site.file("src/a", "").link("out", "../outside/new");
    assert!(site.failed("write", json!({"path": "src", "content": ""})).await.contains("is a folder"));
    assert!(site.failed("write", json!({"path": "src/", "content": ""})).await.contains("is a folder"));
    for path in ["../outside/new", "out", "/tmp/new"] {
        let text = site.failed("write", json!({"path": path, "content": "x"})).await;
        assert!(text.contains("outside the workspace"), "{text}");
    }
    assert!(!site.dir.path().join("outside/new").exists());
}

#[tokio::test]
async fn a_content_past_the_limit_is_refused() {
    let site = Site::new();
    let text = site.failed("write", json!({"path": "a", "content": "x".repeat(10 * 1024 * 1024 + 1)})).await;
    assert!(text.starts_with("`content` is larger than 10.0 MiB"), "{text}");
}
