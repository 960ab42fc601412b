//! Clients that write, read and leave in every bad way, and a server that has no files left.

use adjutant::jsonrpc::MAX_LINE;
use adjutant::transport::Transport;
use rustix::process::{Pid, Resource, Rlimit, prlimit};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::resumption::{counting, numbers};
use crate::support::bench::Bench;
use crate::support::client::{Client, said};
use crate::support::proc;
use crate::support::server::Server;
use crate::support::wire::Wire;

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
    let bench = Bench::scripted(&counting(3));
    let server = Server::start(&bench, &[]).await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.set_nodelay(true).unwrap();
    for byte in script(&bench, &server) {
        stream.write_all(&[byte]).await.unwrap();
    }
    let (reader, writer) = stream.into_split();
    let mut wire = Wire::new(Transport::lines(reader, writer, MAX_LINE));
    assert_eq!(wire.json().await.unwrap().unwrap()["type"], "welcome");
    let mut session = None;
    while session.is_none() {
        let line = wire.json().await.unwrap().unwrap();
        session = line["result"]["sessionId"].as_str().map(str::to_owned);
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
    let files = std::fs::read_dir(format!("/proc/{pid}/fd")).unwrap().count() as u64;
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
    let next = Client::hello(server.tcp().await, json!({})).await;
    next.leave().await;
}
