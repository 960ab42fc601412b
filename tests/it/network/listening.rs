//! A port is opened safely or not at all, and closed in order.

use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;
use tokio::time::timeout;

use crate::support::bench::{Bench, Model};
use crate::support::client::Client;
use crate::support::proc;
use crate::support::server::Server;

async fn ends_with(bench: &Bench, options: &[&str]) -> (Option<i32>, String) {
    let child = Server::command(bench, options).spawn().unwrap();
    let output = timeout(Duration::from_secs(20), child.wait_with_output()).await.unwrap().unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_would_not_be_safe_is_not_opened() {
    let bench = Bench::new(Model::Offline, "");
    let rows: [(&[&str], i32, &str); 9] = [
        (&["--hostname", "0.0.0.0"], 78, "--insecure-plaintext"),
        (&["--hostname", "::"], 78, "--insecure-plaintext"),
        (&["--hostname", "0.0.0.0", "--no-auth"], 78, "--no-auth"),
        (&["--hostname", "0.0.0.0", "--no-auth", "--insecure-plaintext"], 78, "--no-auth"),
        (&["--hostname", "0.0.0.0", "--no-auth", "--tls-self-signed"], 78, "--no-auth"),
        (&["--hostname", "0.0.0.0", "--mdns"], 78, "--insecure-plaintext"),
        (&["--no-auth", "--cors", "*"], 78, "--cors"),
        (&["--cors", "--no-auth"], 78, "--cors"),
        (&["--hostname", "no such host"], 78, "no such host"),
    ];
    for (options, code, says) in rows {
        let (status, stderr) = ends_with(&bench, options).await;
        assert_eq!(status, Some(code), "{options:?}: {stderr}");
        assert!(stderr.contains(says) && stderr.lines().count() == 1, "{options:?}: {stderr}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_port_that_is_taken_is_said_to_be() {
    let bench = Bench::new(Model::Offline, "");
    let server = Server::start(&bench, &[]).await;
    let port = server.address.port().to_string();
    let (status, stderr) = ends_with(&bench, &["--port", &port]).await;
    assert_eq!(status, Some(75), "{stderr}");
    assert!(stderr.contains(&port) && stderr.contains("taken"), "{stderr}");
    assert!(server.note.as_ref().unwrap().exists(), "the other server's token stays where it is");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_token_is_the_owners_alone_and_gone_with_the_server() {
    let bench = Bench::new(Model::Offline, "");
    let mut server = Server::start(&bench, &[]).await;
    let note = server.note.clone().unwrap();
    assert_eq!(std::fs::metadata(&note).unwrap().permissions().mode() & 0o777, 0o600);
    let line = std::fs::read(format!("/proc/{}/cmdline", server.child.id().unwrap())).unwrap();
    assert!(!String::from_utf8_lossy(&line).contains(&server.token));
    let (mut client, _) = Client::open(server.websocket().await, &bench).await;
    let pid = Pid::from_raw(server.child.id().unwrap() as i32).unwrap();
    kill_process(pid, Signal::TERM).unwrap();
    while client.link.wire.line().await.unwrap().is_some() {}
    let status = timeout(Duration::from_secs(20), server.child.wait()).await.unwrap().unwrap();
    assert!(status.success());
    assert!(!note.exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_takes_as_many_files_as_it_may_have() {
    let bench = Bench::new(Model::Offline, "");
    let program = Server::command(&bench, &[]);
    let program = program.as_std();
    let mut child = Command::new("/bin/sh")
        .args(["-c", r#"ulimit -Sn 200 && exec "$0" "$@""#])
        .arg(program.get_program())
        .args(program.get_args())
        .envs(program.get_envs().filter_map(|(name, value)| Some((name, value?))))
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let listens = timeout(Duration::from_secs(20), lines.next_line()).await.unwrap().unwrap().unwrap();
    assert!(listens.contains("listening"), "{listens}");
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", child.id().unwrap())).unwrap();
    let files = limits.lines().find(|line| line.starts_with("Max open files")).unwrap();
    let numbers: Vec<_> = files.split_whitespace().skip(3).take(2).collect();
    assert_eq!(numbers[0], numbers[1], "{files}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_is_silent_is_asked_by_the_system_whether_it_is_there() {
    let bench = Bench::new(Model::Offline, "");
    for options in [&[][..], &["--tls-self-signed"]] {
        let server = Server::start(&bench, options).await;
        let stream = server.connect().await;
        let written = |address: SocketAddr| format!("0100007F:{:04X}", address.port());
        let ends = [written(server.address), written(stream.local_addr().unwrap())];
        // Of its end: a timer of the kind 2 asks.
        let asks = || {
            let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
            let fields = table.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
            let mut own = fields.filter(|fields| fields[1..3] == ends);
            own.any(|fields| fields[5].starts_with("02:"))
        };
        proc::until("its end asks", asks).await;
    }
}
