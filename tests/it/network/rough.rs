//! Clients that write, read and leave in every bad way, and a server that has no files left.

use rustix::process::{Pid, Resource, Rlimit, prlimit};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::resumption::{counting, numbers};
use crate::support::bench::Bench;
use crate::support::client::{Client, said};
use crate::support::proc;
use crate::support::server::Server;
use crate::support::trickle::Trickle;

/// What a client says of a whole turn, as bytes.
fn script(bench: &Bench, server: &Server) -> Vec<u8> {
    let lines = [
        json!({ "type": "hello", "token": server.token, "resumable": true }),
        json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": { "protocolVersion": 1 } }),
        json!({ "jsonrpc": "2.0", "id": 2, "method": "session/new",
                "params": { "cwd": bench.cwd(), "mcpServers": [] } }),
    ];
    lines.map(|line| format!("{line}\n")).concat().into_bytes()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_byte_at_a_time_is_as_good_as_a_line() {
    let bench = Bench::scripted(&format!("{0}\n{0}", counting(3)));
    let server = Server::start(&bench, &[]).await;
    for scheme in ["tcp", "ws"] {
        let link = server.by(scheme, Trickle::new(server.connect().await)).await;
        let (mut client, session) = Client::open(link, &bench).await;
        let turn = client.prompt(&session, "Grüße 🦀").await;
        assert_eq!(client.reply(turn).await.unwrap()["stopReason"], "end_turn", "{scheme}");
        assert_eq!(numbers(&client.heard), [0, 1, 2], "{scheme}");
        client.leave().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_of_http_may_come_a_byte_at_a_time() {
    let bench = Bench::scripted("");
    let server = Server::start(&bench, &[]).await;
    let hello = r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":1}}"#;
    let chunks: Vec<_> = hello.chars().map(|byte| format!("1\r\n{byte}\r\n")).collect();
    let whole = (format!("content-length: {}", hello.len()), hello.to_owned());
    let chunked = ("transfer-encoding: chunked".to_owned(), format!("{}0\r\n\r\n", chunks.concat()));
    for (length, body) in [whole, chunked] {
        let head = format!(
            "POST /acp HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {}\r\nconnection: close\r\n\
             content-type: application/json\r\n{length}\r\n\r\n",
            server.address, server.token
        );
        let stream = Trickle::new(server.connect().await);
        let answer = server.raw_over(stream, format!("{head}{body}").as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
        assert!(answer.contains(r#""id":1,"result":{"protocolVersion":1,"#), "{answer}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_are_reset_at_any_byte_leave_nothing_behind() {
    let bench = Bench::scripted(&counting(3));
    let server = Server::start(&bench, &[]).await;
    let (first, _) = Client::open(server.tcp().await, &bench).await;
    let pid = server.child.id().unwrap();
    let before = proc::sockets(pid).len();
    let bytes = script(&bench, &server);
    for at in (1..=bytes.len()).step_by(5) {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        stream.write_all(&bytes[..at]).await.unwrap();
        if at % 2 == 0 {
            // Something may be on its way back.
            let mut some = [0; 10];
            let reading = stream.read(&mut some);
            drop(tokio::time::timeout(std::time::Duration::from_millis(2), reading).await);
        }
        stream.set_zero_linger().unwrap();
    }
    proc::until("sockets are closed", || proc::sockets(pid).len() <= before).await;
    first.leave().await;
    let (mut next, session) = Client::open(server.tcp().await, &bench).await;
    let turn = next.prompt(&session, "Count").await;
    next.reply(turn).await.unwrap();
    assert_eq!(numbers(&next.heard), [0, 1, 2]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_reads_nothing_delays_nobody_and_misses_nothing() {
    const NUMBERS: usize = 20_000;
    let bench = Bench::scripted(&counting(NUMBERS));
    let server = Server::start(&bench, &[]).await;
    let (mut first, session) = Client::open(server.tcp().await, &bench).await;
    let load = json!({ "sessionId": session, "cwd": bench.cwd(), "mcpServers": [] });
    let mut stalled = Client::hello(server.tcp().await, json!({})).await;
    stalled.request("session/load", load).await.unwrap();
    let turn = first.prompt(&session, "Count").await;
    first.reply(turn).await.unwrap();
    assert_eq!(numbers(&first.heard), (0..NUMBERS).collect::<Vec<_>>());
    let last = format!("{} ", NUMBERS - 1);
    stalled.until(|line| said(line).is_some_and(|text| text.ends_with(&last))).await;
    assert_eq!(numbers(&stalled.heard), (0..NUMBERS).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_without_files_left_goes_on_with_whom_it_has_and_takes_others_later() {
    let bench = Bench::scripted(&counting(3));
    let server = Server::start(&bench, &[]).await;
    let (mut first, session) = Client::open(server.tcp().await, &bench).await;
    // What it keeps open for its store is open.
    first.request("session/list", json!({})).await.unwrap();
    let pid = server.child.id().unwrap();
    let open = || std::fs::read_dir(format!("/proc/{pid}/fd")).unwrap().count() as u64;
    let files = open();
    let limit = Rlimit { current: Some(files + 16), maximum: Some(files + 16) };
    let process = Pid::from_raw(pid as i32);
    prlimit(process, Resource::Nofile, limit).unwrap();
    let mut crowd = Vec::new();
    for _ in 0..60 {
        crowd.push(TcpStream::connect(server.address).await.unwrap());
    }
    first.request("session/list", json!({})).await.unwrap();
    drop(crowd);
    let turn = first.prompt(&session, "Count").await;
    first.reply(turn).await.unwrap();
    assert_eq!(numbers(&first.heard), [0, 1, 2]);
    // Who comes while it still lets go of the crowd is told to come back later.
    let is_gone = || proc::backlog(server.address) == 0 && open() < files + 8;
    proc::until("the crowd is gone", is_gone).await;
    let next = Client::hello(server.tcp().await, json!({})).await;
    next.leave().await;
}
