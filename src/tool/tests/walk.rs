use std::time::Duration;

use serde_json::json;
use tempfile::TempDir;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use super::Site;
use crate::tool::walk::sweep;
use crate::workspace::Workspace;

/// Work that goes on until it is told to stop.
fn endless(started: oneshot::Sender<()>) -> impl FnOnce(&CancellationToken) -> &'static str {
    move |stop| {
        started.send(()).unwrap();
        while !stop.is_cancelled() {
            std::thread::yield_now();
        }
        "what it had"
    }
}

#[tokio::test(start_paused = true)]
async fn work_that_takes_too_long_is_ended_and_gives_what_it_has() {
    let (started, has_started) = oneshot::channel();
    let sweeping = tokio::spawn(async move { sweep(&CancellationToken::new(), endless(started)).await });
    has_started.await.unwrap();
    tokio::time::advance(Duration::from_secs(11)).await;
    let swept = sweeping.await.unwrap().unwrap();
    assert_eq!((swept.found, swept.late), ("what it had", true));
}

#[tokio::test]
async fn work_ends_with_the_call_that_wanted_it() {
    let (started, has_started) = oneshot::channel();
    let (ended, has_ended) = oneshot::channel();
    let sweeping = tokio::spawn(async move {
        let work = move |stop: &CancellationToken| ended.send(endless(started)(stop)).unwrap();
        sweep(&CancellationToken::new(), work).await
    });
    has_started.await.unwrap();
    sweeping.abort();
    assert_eq!(has_ended.await, Ok("what it had"));
}

#[tokio::test]
async fn cancelling_ends_the_work_and_is_said() {
    let (started, has_started) = oneshot::channel();
    let cancel = CancellationToken::new();
    let theirs = cancel.clone();
    let sweeping = tokio::spawn(async move { sweep(&theirs, endless(started)).await });
    has_started.await.unwrap();
    cancel.cancel();
    assert_eq!(sweeping.await.unwrap().unwrap_err().0, "cancelled");
}

#[tokio::test]
async fn an_additional_folder_has_its_own_rules_and_full_paths() {
    let mut site = Site::new();
    let other = TempDir::new().unwrap();
    let path = other.path().canonicalize().unwrap();
    std::fs::create_dir(path.join("src")).unwrap();
    for (name, content) in [(".gitignore", "*.log\n"), ("src/a.log", "hit\n"), ("src/a.rs", "hit\n")] {
        std::fs::write(path.join(name), content).unwrap();
    }
    site.context.workspace = Workspace::open(site.root(), std::slice::from_ref(&path)).unwrap();
    let folder = path.join("src").display().to_string();
    assert_eq!(
        site.done("list", json!({"path": folder})).await,
        format!("{folder}: 0 folders, 1 file\na.rs\n")
    );
    let found = site.done("grep", json!({"pattern": "hit", "path": folder})).await;
    assert_eq!(found, format!("1 match in 1 file\n{folder}/a.rs:1: hit\n"));
    let found = site.done("glob", json!({"pattern": format!("{folder}/*"), "path": folder})).await;
    assert_eq!(found, format!("1 file\n{folder}/a.rs\n"));
}

#[tokio::test]
async fn a_link_within_the_workspace_leads_to_its_folder() {
    let site = Site::new();
    site.file("src/a.rs", "hit\n").link("short", "src");
    assert_eq!(site.done("list", json!({"path": "short"})).await, "src: 0 folders, 1 file\na.rs\n");
    let found = site.done("grep", json!({"pattern": "hit", "path": "short"})).await;
    assert_eq!(found, "1 match in 1 file\nsrc/a.rs:1: hit\n");
}
