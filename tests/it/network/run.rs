//! `run` through another server, and its lines of JSON.

use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::time::timeout;

use crate::command_line::{end, output};
use crate::support::bench::Bench;
use crate::support::server::Server;

const PATIENCE: Duration = Duration::from_secs(20);

/// Two answers, the first of them with a call.
fn calling(tool: &str, input: &str) -> String {
    let call = format!("{{\"call\":{{\"name\":\"{tool}\",\"input\":{input}}}}}");
    format!(
        "{{\"text\":\"I look.\"}}\n{call}\n{{\"stop\":\"end_turn\"}}\n{{\"text\":\"Done.\"}}\n{{\"stop\":\"end_turn\"}}\n"
    )
}

fn lines(stdout: &str) -> Vec<Value> {
    stdout.lines().map(|line| serde_json::from_str(line).expect(line)).collect()
}

fn kinds(lines: &[Value]) -> Vec<&str> {
    lines.iter().map(|line| line["type"].as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_turn_is_told_in_the_same_lines_here_and_elsewhere() {
    let bench = Bench::scripted(&(calling("list", "{\"path\":\".\"}") + "{\"text\":\"Done.\"}\n"));
    let server = Server::start(&bench, &[]).await;
    let address = format!("http://{}", server.address);
    let cwd = bench.cwd();
    let place = ["--cwd", cwd.to_str().unwrap()];
    let mut told = Vec::new();
    for attached in [&[][..], &["--attach", &address]] {
        let arguments = [&["run"], &place[..], attached, &["--format", "json", "List", "files"]].concat();
        let (code, stdout, stderr) = output(&bench, &arguments).await;
        assert_eq!((code, stderr.as_str()), (Some(0), ""), "{stdout}");
        let lines = lines(&stdout);
        let tool = lines.iter().find(|line| line["type"] == "tool_use").expect(&stdout);
        assert_eq!((&tool["tool"], &tool["state"]["status"]), (&"list".into(), &"completed".into()));
        let session = lines[0]["sessionID"].as_str().unwrap();
        let (_, shown, _) = output(&bench, &["sessions", "show", session]).await;
        assert!(shown.contains("List files"), "{shown}");
        told.push(kinds(&lines).join(" "));
    }
    assert_eq!(told[0], told[1]);
    assert!(told[0].starts_with("step_start text tool_use step_finish step_start text"), "{told:?}");
    // And for people.
    let arguments = [&["run"], &place[..], &["--attach", &address, "Hello"]].concat();
    let (code, stdout, stderr) = output(&bench, &arguments).await;
    assert_eq!((code, stdout.as_str(), stderr.as_str()), (Some(0), "Done.\n", ""));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_would_be_asked_is_rejected_where_nobody_can_be_asked() {
    let bench = Bench::scripted(&calling("bash", "{\"command\":\"touch made\"}"));
    let server = Server::start(&bench, &[]).await;
    let port = server.address.port().to_string();
    for attached in [&[][..], &["--attach", &port]] {
        let arguments = [&["run"], attached, &["--format", "json", "Touch"]].concat();
        let (code, stdout, stderr) = output(&bench, &arguments).await;
        assert_eq!(code, Some(0), "{stdout}{stderr}");
        assert!(stderr.contains("rejected, because nobody can be asked here"), "{stderr}");
        let tool = lines(&stdout).into_iter().find(|line| line["type"] == "tool_use").expect(&stdout);
        assert_eq!(tool["state"]["status"], "error", "{tool}");
        assert!(!bench.root().join("made").exists());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_goes_wrong_elsewhere_is_said_with_its_own_exit_code() {
    let bench = Bench::scripted("{\"when\":\"Stay\",\"answer\":[{\"text\":\"Half\"},\"wait\"]}\n");
    let server = Server::start(&bench, &[]).await;
    let port = server.address.port().to_string();
    let (code, stdout, stderr) =
        output(&bench, &["run", "--attach", &port, "--session", "none", "--format", "json", "x"]).await;
    assert_eq!((code, kinds(&lines(&stdout))), (Some(69), vec!["error"]), "{stderr}");
    let mut stranger = bench.program(&["run", "--attach", &port, "x"]);
    let refused = end(stranger.env("ADJUTANT_TOKEN", "wrong").spawn().unwrap()).await;
    assert_eq!(refused.status.code(), Some(77));
    let mut child =
        bench.program(&["run", "--attach", &port, "Stay"]).stderr(Stdio::piped()).spawn().unwrap();
    let mut said = BufReader::new(child.stdout.take().unwrap());
    let mut half = Vec::new();
    timeout(PATIENCE, said.read_until(b'f', &mut half)).await.unwrap().unwrap();
    kill_process(Pid::from_raw(child.id().unwrap() as i32).unwrap(), Signal::INT).unwrap();
    assert_eq!(end(child).await.status.code(), Some(130));
    drop(server);
    let (code, _, stderr) = output(&bench, &["run", "--attach", &port, "x"]).await;
    assert_eq!(code, Some(69), "{stderr}");
}
