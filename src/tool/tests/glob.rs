use std::fs::File;
use std::time::{Duration, UNIX_EPOCH};

use serde_json::json;

use super::Site;

fn aged(site: &Site, name: &str, seconds: u64) {
    site.file(name, "");
    let file = File::options().write(true).open(site.root().join(name)).unwrap();
    file.set_modified(UNIX_EPOCH + Duration::from_secs(1_000_000 + seconds)).unwrap();
}

#[tokio::test]
async fn the_files_changed_last_come_first() {
    let site = Site::new();
    aged(&site, "src/old.rs", 1);
    aged(&site, "src/deep/new.rs", 3);
    aged(&site, "b.rs", 2);
    aged(&site, "a.rs", 2);
    let text = site.done("glob", json!({"pattern": "**/*.rs"})).await;
    assert_eq!(text, "4 files\nsrc/deep/new.rs\na.rs\nb.rs\nsrc/old.rs\n");
}

#[tokio::test]
async fn patterns_match_as_people_write_them() {
    let site = Site::new();
    site.file("a.rs", "")
        .file("src/b.rs", "")
        .file("src/deep/c.rs", "")
        .file("src/d.ts", "")
        .file(".env", "");
    let root = site.root().display().to_string();
    let cases = [
        ("*.rs".to_owned(), 3),
        ("./*.rs".to_owned(), 3),
        ("src/*.rs".to_owned(), 1),
        ("src/**/*.rs".to_owned(), 2),
        ("src/**".to_owned(), 3),
        ("*.{rs,ts}".to_owned(), 4),
        ("[ab].rs".to_owned(), 2),
        (".env".to_owned(), 1),
        ("*.py".to_owned(), 0),
        ("../**".to_owned(), 0),
        (format!("{root}/src/*.rs"), 1),
    ];
    for (pattern, number) in cases {
        let output = site.call("glob", json!({"pattern": pattern})).await;
        assert_eq!(output.raw.unwrap()["files"], number, "{pattern}: {}", output.text);
    }
    assert_eq!(site.done("glob", json!({"pattern": "*.py"})).await, "no file matches *.py\n");
    assert_eq!(site.done("glob", json!({"pattern": "*.ts", "path": "src"})).await, "1 file\nsrc/d.ts\n");
}

#[tokio::test]
async fn ignored_files_and_what_lies_behind_links_are_left_out() {
    let site = Site::new();
    site.file(".gitignore", "gen/\n").file("gen/a.rs", "").file("b.rs", "").file(".git/c.rs", "");
    site.link("out", "../outside");
    assert_eq!(site.done("glob", json!({"pattern": "*.rs"})).await, "1 file\nb.rs\n");
    assert_eq!(site.done("glob", json!({"pattern": "**/secret"})).await, "no file matches **/secret\n");
}

#[tokio::test]
async fn more_than_the_limit_is_counted() {
    let site = Site::new();
    for number in 0..510 {
        site.file(&format!("{number}"), "");
    }
    let text = site.done("glob", json!({"pattern": "*"})).await;
    assert!(
        text.starts_with("510 files\n") && text.ends_with("… 10 more; use a narrower pattern\n"),
        "{text}"
    );
}

#[tokio::test]
async fn patterns_that_cannot_be_used_are_refused() {
    let site = Site::new();
    assert!(site.failed("glob", json!({"pattern": "a[b"})).await.contains("`pattern` cannot be used"));
    let nested = "{a,".repeat(200) + &"}".repeat(200);
    assert!(site.failed("glob", json!({"pattern": nested})).await.contains("more than 10 braces"));
    assert!(site.failed("glob", json!({"pattern": "*".repeat(3000)})).await.contains("longer than"));
    assert!(
        site.failed("glob", json!({"pattern": "*", "path": "nope"})).await.contains("nope is not a folder")
    );
}
