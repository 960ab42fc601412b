//! What a session did to files, looked at and taken back from the command line.

use crate::command_line::{end, output};
use crate::support::bench::Bench;
use crate::support::proc::until;

const SCRIPT: [&str; 4] = [
    r#"{"when":"Count on","results":0,"answer":[{"call":{"name":"edit","input":{"path":"a.txt","old_text":"one","new_text":"two"}}},{"call":{"name":"write","input":{"path":"new/b.txt","content":"b\n"}}}]}"#,
    r#"{"when":"Count on","results":2,"answer":[{"text":"Done."}]}"#,
    r#"{"when":"Further","results":0,"answer":[{"call":{"name":"edit","input":{"path":"a.txt","old_text":"two","new_text":"three"}}}]}"#,
    r#"{"when":"Further","results":1,"answer":["wait"]}"#,
];

/// A bench with a session that has changed `a.txt` and made `new/b.txt`; the session's id.
async fn counted() -> (Bench, String) {
    let bench = Bench::scripted(&SCRIPT.join("\n"));
    bench.write("a.txt", "zero\none\n");
    let (code, _, said) = at(&bench, &["--mode", "full", "run", "Count on"]).await;
    assert_eq!(code, Some(0), "{said}");
    let (_, listed, _) = at(&bench, &["sessions", "list"]).await;
    let id = listed.split_whitespace().next().unwrap().to_owned();
    (bench, id)
}

/// A command in the bench's workspace.
async fn at(bench: &Bench, arguments: &[&str]) -> (Option<i32>, String, String) {
    let cwd = bench.cwd();
    output(bench, &[&["--cwd", cwd.to_str().unwrap()], arguments].concat()).await
}

fn files(bench: &Bench) -> (String, Option<String>) {
    (bench.read("a.txt").unwrap(), bench.read("new/b.txt").ok())
}

#[tokio::test]
async fn a_session_tells_what_it_changed_and_takes_it_back() {
    let (bench, id) = counted().await;
    let (code, diff, said) = at(&bench, &["sessions", "diff", &id]).await;
    assert_eq!(code, Some(0), "{said}");
    let expected = "--- a/a.txt\n+++ b/a.txt\n@@ -1,2 +1,2 @@\n zero\n-one\n+two\n\
                    --- /dev/null\n+++ b/new/b.txt\n@@ -0,0 +1 @@\n+b\n";
    assert_eq!(diff, expected);
    assert_eq!(said, "turns: 1 “Count on” (2 files)\n");
    assert_eq!(at(&bench, &["sessions", "diff", &id, "--turn", "1"]).await.1, expected);
    assert_eq!(at(&bench, &["sessions", "diff", &id, "--turn", "2"]).await.0, Some(69));

    let (code, told, _) = at(&bench, &["sessions", "revert", &id, "--dry-run"]).await;
    assert_eq!((code, told.as_str()), (Some(0), "restore a.txt\nremove new/b.txt\n"));
    let (code, _, said) = at(&bench, &["sessions", "revert", &id]).await;
    assert_eq!(code, Some(75));
    assert!(said.contains("--yes"), "{said}");
    assert_eq!(files(&bench), ("zero\ntwo\n".into(), Some("b\n".into())));

    let (code, _, said) = at(&bench, &["sessions", "revert", &id, "--yes"]).await;
    assert_eq!((code, said.as_str()), (Some(0), ""));
    assert_eq!(files(&bench), ("zero\none\n".into(), None));
    assert_eq!(at(&bench, &["sessions", "diff", &id]).await, (Some(0), String::new(), String::new()));
    assert_eq!(at(&bench, &["sessions", "revert", &id, "--yes"]).await.0, Some(69));
    let (_, events, _) = at(&bench, &["sessions", "show", &id, "--json"]).await;
    assert!(events.contains("\"event\":\"turn_undone\""), "{events}");

    let (code, ..) = at(&bench, &["run", "--session", &id, "/redo"]).await;
    assert_eq!((code, files(&bench)), (Some(0), ("zero\ntwo\n".into(), Some("b\n".into()))));
    assert_eq!(at(&bench, &["sessions", "revert", &id, "--all", "--yes"]).await.0, Some(0));
    assert_eq!(files(&bench), ("zero\none\n".into(), None));
}

#[tokio::test]
async fn a_file_that_was_changed_since_is_not_overwritten() {
    let (bench, id) = counted().await;
    bench.write("a.txt", "mine\n");
    for arguments in [&["--dry-run"][..], &["--yes"], &["--yes", "--all"], &["--yes", "--turn", "1"]] {
        let (code, told, said) = at(&bench, &[&["sessions", "revert", &id], arguments].concat()).await;
        assert_eq!(code, Some(75), "{said}");
        assert!(told.starts_with("cannot restore, because it was changed since: a.txt\n"), "{told}");
        assert_eq!(files(&bench), ("mine\n".into(), Some("b\n".into())));
    }
    let (_, diff, _) = at(&bench, &["sessions", "diff", &id]).await;
    assert!(diff.starts_with("--- a/a.txt\n+++ b/a.txt\n@@ -1,2 +1 @@\n-zero\n-one\n+mine\n"), "{diff}");
}

#[tokio::test]
async fn a_session_that_is_at_work_elsewhere_is_left_alone() {
    let (bench, id) = counted().await;
    let cwd = bench.cwd();
    let arguments = ["--cwd", cwd.to_str().unwrap(), "run", "--session", &id, "Further"];
    let mut elsewhere = bench.program(&arguments).spawn().unwrap();
    until("the file is changed", || bench.read("a.txt").is_ok_and(|text| text.contains("three"))).await;
    let (code, _, said) = at(&bench, &["sessions", "revert", &id, "--yes"]).await;
    assert_eq!(code, Some(75), "{said}");
    assert!(said.contains("in the middle of a turn"), "{said}");
    assert_eq!(files(&bench).0, "zero\nthree\n");
    elsewhere.start_kill().unwrap();
    end(elsewhere).await;

    let (code, _, said) = at(&bench, &["sessions", "revert", &id, "--yes"]).await;
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(files(&bench).0, "zero\ntwo\n");
}

#[tokio::test]
async fn bytes_that_are_no_text_are_told_to_differ() {
    let (bench, id) = counted().await;
    std::fs::write(bench.cwd().join("a.txt"), b"\0\xff").unwrap();
    let (code, diff, _) = at(&bench, &["sessions", "diff", &id]).await;
    assert_eq!(code, Some(0));
    assert!(diff.starts_with("Binary files a/a.txt and b/a.txt differ\n"), "{diff}");
    std::fs::remove_file(bench.cwd().join("a.txt")).unwrap();
    let (_, diff, _) = at(&bench, &["sessions", "diff", &id]).await;
    assert!(diff.starts_with("--- a/a.txt\n+++ /dev/null\n"), "{diff}");
}
