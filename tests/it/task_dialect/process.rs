//! The real program on pipes, as a shell and a supervisor use it.

use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tokio::process::Command;
use tokio::time::timeout;

use crate::support::bench::{Bench, PROGRAM};
use crate::support::link::Link;

const PATIENCE: Duration = Duration::from_secs(20);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shell_pipes_one_line_in_and_has_the_answer_before_the_program_ends() {
    let bench = Bench::scripted(
        "{\"repeat\":{\"n\":30,\"gap_us\":10000}}\n{\"text\":\"No bugs.\"}\n{\"stop\":\"end_turn\"}\n",
    );
    let folder = std::env::split_paths(&std::path::Path::new(PROGRAM).parent().unwrap()).next().unwrap();
    let line = r#"echo '{"type":"request","id":"1","method":"execute_task","params":{"task":"Review this PR diff for bugs"}}' | adjutant acp --cwd $WORKSPACE"#;
    let output = Command::new("/bin/sh")
        .args(["-c", line])
        .env_clear()
        .env("PATH", format!("{}:/usr/bin:/bin", folder.display()))
        .env("WORKSPACE", bench.cwd())
        .envs(bench.variables())
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let output = timeout(PATIENCE, output).await.unwrap().unwrap();
    assert!(output.status.success(), "{output:?}");
    let last = output.stdout.trim_ascii_end().rsplit(|byte| *byte == b'\n').next().unwrap();
    let last: Value = serde_json::from_slice(last).unwrap();
    assert_eq!((&last["type"], &last["id"]), (&json!("response"), &json!("1")), "{last}");
    assert_eq!(last["result"]["status"], "completed");
    assert!(last["result"]["output"].as_str().unwrap().ends_with("No bugs."), "{last}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_told_to_end_says_so_to_those_who_wait() {
    let bench = Bench::scripted("{\"when\":\"\",\"answer\":[\"wait\"]}\n");
    let mut link = Link::process(&bench);
    let request =
        json!({ "type": "request", "id": 1, "method": "execute_task", "params": { "task": "Wait" } });
    link.wire.send_line(&request.to_string()).await;
    let started = link.wire.json().await.unwrap().unwrap();
    assert_eq!(started["data"]["message"], "Started");
    let pid = Pid::from_raw(link.pid().unwrap() as i32).unwrap();
    kill_process(pid, Signal::TERM).unwrap();
    let answer = link.wire.json().await.unwrap().unwrap();
    assert_eq!((&answer["id"], &answer["error"]["code"]), (&json!(1), &json!("SHUTTING_DOWN")), "{answer}");
    assert_eq!(answer["error"]["data"]["sessionId"], started["data"]["sessionId"]);
    link.finish().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_says_nothing_at_all_is_let_go() {
    let bench = Bench::scripted("");
    Link::process(&bench).finish().await.unwrap();
    Link::doors(&bench.doors()).finish().await.unwrap();
    let mut silent = Link::process(&bench);
    silent.wire.send(b"{").await;
    let pid = Pid::from_raw(silent.pid().unwrap() as i32).unwrap();
    // It has read by then, because another of its kind has been started and ended since.
    Link::process(&bench).finish().await.unwrap();
    kill_process(pid, Signal::TERM).unwrap();
    assert_eq!(silent.wire.line().await, Ok(None));
}
