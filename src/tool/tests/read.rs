use std::fs::File;

use serde_json::json;

use super::Site;
use crate::acp::{ContentBlock, ToolCallContent};
use crate::permission::Action;
use crate::tool::read::image::base64;
use crate::workspace::Fingerprint;

#[tokio::test]
async fn lines_are_numbered_as_cat_does() {
    let site = Site::new();
    site.file("a.txt", "one\ntwo\n");
    assert_eq!(site.done("read", json!({"path": "a.txt"})).await, "     1\tone\n     2\ttwo\n");
}

#[tokio::test]
async fn a_part_says_where_to_read_on() {
    let site = Site::new();
    site.file("a.txt", "1\n2\n3\n4\n5");
    let text = site.done("read", json!({"path": "a.txt", "line": 2, "limit": 2})).await;
    assert_eq!(text, "     2\t2\n     3\t3\n(lines 2–3 of 5; read on with `line`: 4)");
    let text = site.done("read", json!({"path": "a.txt", "line": 4})).await;
    assert_eq!(text, "     4\t4\n     5\t5\n(lines 4–5, the end of the file)");
    let text = site.failed("read", json!({"path": "a.txt", "line": 6})).await;
    assert_eq!(text, "a.txt has 5 lines; there is no line 6");
}

#[tokio::test]
async fn the_title_and_the_place_say_what_is_read() {
    let site = Site::new();
    site.file("src/main.rs", "1\n2\n3");
    let prepared =
        site.prepare("read", json!({"path": "src/main.rs", "line": 2, "limit": 40})).await.unwrap();
    assert_eq!(prepared.title, "Read src/main.rs (2–41)");
    assert_eq!(prepared.action, Action::Read { path: site.root().join("src/main.rs") });
    assert_eq!(prepared.locations[0].line, Some(2));
    assert_eq!(prepared.locations[0].path, site.root().join("src/main.rs"));
}

#[tokio::test]
async fn what_was_read_is_noted_as_seen_and_what_failed_is_not() {
    let site = Site::new();
    site.file("a.txt", "text").file("b.bin", "\0");
    site.done("read", json!({"path": "a.txt"})).await;
    site.failed("read", json!({"path": "b.bin"})).await;
    let seen = &site.context.seen;
    assert_eq!(seen.last(&site.root().join("a.txt")), Some(Fingerprint::of(b"text")));
    assert_eq!(seen.last(&site.root().join("b.bin")), None);
}

#[tokio::test]
async fn many_lines_and_long_lines_are_cut_with_a_word() {
    let site = Site::new();
    site.file("many", "x\n".repeat(2500))
        .file("long", "é".repeat(5000))
        .file("fat", "0123456789\n".repeat(9000));
    let text = site.done("read", json!({"path": "many"})).await;
    assert!(text.ends_with("  2000\tx\n(lines 1–2000 of 2500; read on with `line`: 2001)"), "{text}");
    let text = site.done("read", json!({"path": "long"})).await;
    assert!(text.ends_with("é… [3000 more characters]\n"), "{text}");
    assert!(site.done("read", json!({"path": "fat"})).await.len() < 48 * 1024);
}

#[tokio::test]
async fn what_json_must_escape_counts_as_it_is_written() {
    let site = Site::new();
    site.file("a", "\u{1}\n".repeat(20_000));
    let text = site.done("read", json!({"path": "a", "limit": 2000})).await;
    assert!(serde_json::to_string(&text).unwrap().len() <= 48 * 1024 + 2);
}

#[tokio::test]
async fn what_is_not_text_is_refused_with_its_size() {
    let site = Site::new();
    site.file("nul", [b'a', 0, b'b'])
        .file("latin", b"caf\xe9")
        .file("wide", b"\xff\xfea\0")
        .file("empty", "");
    let text = site.failed("read", json!({"path": "nul"})).await;
    assert_eq!(text, "nul: the file is binary, not text (3 bytes)");
    assert!(site.failed("read", json!({"path": "latin"})).await.contains("not UTF-8 (byte 3)"));
    assert!(site.failed("read", json!({"path": "wide"})).await.contains("4 bytes"));
    assert_eq!(site.done("read", json!({"path": "empty"})).await, "(empty is empty)");
}

#[tokio::test]
async fn a_byte_order_mark_and_carriage_returns_are_not_shown() {
    let site = Site::new();
    site.file("a", "\u{feff}one\r\ntwo\r\n");
    assert_eq!(site.done("read", json!({"path": "a"})).await, "     1\tone\n     2\ttwo\n");
}

#[tokio::test]
async fn a_sparse_file_of_ten_gigabytes_is_refused() {
    let site = Site::new();
    File::create(site.root().join("huge")).unwrap().set_len(10 << 30).unwrap();
    let text = site.failed("read", json!({"path": "huge"})).await;
    assert_eq!(text, "huge is binary, not text (10.0 GiB)");
    let text = site.failed("read", json!({"path": "huge", "line": 5})).await;
    assert_eq!(text, "huge is binary, not text (10.0 GiB)");
}

#[tokio::test]
async fn a_part_of_a_file_that_is_too_large_to_hold_can_be_read() {
    let site = Site::new();
    site.file("log", "a line of the log\r\n".repeat(1_000_000));
    let text = site.done("read", json!({"path": "log", "line": 900_000, "limit": 1})).await;
    assert_eq!(
        text,
        "900000\ta line of the log\n(lines 900000–900000 of a file of 18.1 MiB; read on with `line`: 900001)"
    );
    let text = site.done("read", json!({"path": "log", "line": 1_000_000, "limit": 1})).await;
    assert!(text.ends_with("(lines 1000000–1000000, the end of the file)"), "{text}");
    let text = site.failed("read", json!({"path": "log", "line": 1_000_001})).await;
    assert_eq!(text, "log has 1000000 lines; there is no line 1000001");
    assert_eq!(site.context.seen.last(&site.root().join("log")), None);
}

#[tokio::test]
async fn one_line_of_a_hundred_megabytes_is_cut() {
    let site = Site::new();
    let mut content = vec![b'x'; 100 << 20];
    content.extend_from_slice(b"\nlast");
    site.file("line", content);
    let text = site.done("read", json!({"path": "line"})).await;
    assert!(text.len() < 3000);
    assert!(text.ends_with("x… [line cut]\n     2\tlast\n"), "{text}");
}

#[tokio::test]
async fn a_line_cut_within_a_character_is_still_text() {
    let site = Site::new();
    // The bytes that are kept of a line end within one of these characters.
    site.file("line", "x".to_owned() + &"é".repeat(6 << 20));
    assert!(site.done("read", json!({"path": "line"})).await.ends_with("é… [line cut]\n"));
}

#[tokio::test]
async fn foreign_bytes_in_a_large_file_are_refused() {
    let site = Site::new();
    let mut content = b"text\n".repeat(3 << 20);
    content.extend_from_slice(b"caf\xe9\n");
    site.file("log", content);
    let line = (3 << 20) + 1;
    let text = site.failed("read", json!({"path": "log", "line": line})).await;
    assert_eq!(text, "log is not UTF-8 text; convert it to read it (15.0 MiB)");
}

#[tokio::test]
async fn an_image_goes_to_the_client_and_a_note_to_the_model() {
    let site = Site::new();
    let image = b"\x89PNG\r\n\x1a\nrest".to_vec();
    site.file("a.png", &image)
        .file("b.png", "text")
        .file("c.PNG", [image.clone(), vec![0; 1 << 20]].concat());
    let output = site.call("read", json!({"path": "a.png"})).await;
    assert_eq!(output.text, "(a.png: image/png, 12 bytes; shown to the user)");
    let [ToolCallContent::Content(content)] = output.content.as_slice() else { panic!("{output:?}") };
    let ContentBlock::Image(shown) = &content.content else { panic!("{content:?}") };
    assert_eq!((shown.mime_type.as_str(), shown.data.as_str()), ("image/png", "iVBORw0KGgpyZXN0"));
    assert!(site.failed("read", json!({"path": "b.png"})).await.contains("something else"));
    let large = site.call("read", json!({"path": "c.PNG"})).await;
    assert!(large.content.is_empty() && large.text.contains("not shown"), "{}", large.text);
    File::create(site.root().join("d.png")).unwrap().set_len(6 << 20).unwrap();
    assert!(site.failed("read", json!({"path": "d.png"})).await.contains("6.0 MiB"));
}

#[test]
fn base64_is_that_of_the_rfc() {
    for (bytes, text) in [
        ("", ""),
        ("f", "Zg=="),
        ("fo", "Zm8="),
        ("foo", "Zm9v"),
        ("foob", "Zm9vYg=="),
        ("fooba", "Zm9vYmE="),
    ] {
        assert_eq!(base64(bytes.as_bytes()), text);
    }
    assert_eq!(base64(&[0xfb, 0xff, 0xfe]), "+//+");
}

#[tokio::test]
async fn folders_missing_files_and_other_places_are_refused() {
    let site = Site::new();
    site.file("src/a", "").link("out", "../outside/secret");
    assert_eq!(
        site.failed("read", json!({"path": "src"})).await,
        "src is a folder; use `list` to see what is in it"
    );
    assert!(site.failed("read", json!({"path": "nope"})).await.ends_with("does not exist"));
    assert!(
        site.failed("read", json!({"path": "../outside/secret"})).await.contains("outside the workspace")
    );
    assert!(site.failed("read", json!({"path": "out"})).await.contains("outside the workspace"));
    assert!(site.failed("read", json!({"path": "/dev/zero"})).await.contains("outside the workspace"));
}
