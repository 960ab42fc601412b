//! What a server writes down for clients of the same person: it is found while it is true, and by nobody afterwards.

use std::process::Output;
use std::time::Duration;

use adjutant::remote;
use rustix::process::{Pid, Signal, kill_process};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::remote::found;
use crate::support::bench::{Bench, Model};
use crate::support::client::Client;
use crate::support::link::Link;
use crate::support::server::Server;
use crate::support::wire::Wire;

const PATIENCE: Duration = Duration::from_secs(20);

fn tell(server: &Server, signal: Signal) {
    kill_process(Pid::from_raw(server.child.id().unwrap() as i32).unwrap(), signal).unwrap();
}

async fn ended(server: &mut Server) {
    timeout(PATIENCE, server.child.wait()).await.unwrap().unwrap();
}

/// A client that knows no more than the address comes in.
async fn lets_in(bench: &Bench, address: &str) {
    let transport = remote::connect(&found(bench, address)).await;
    let transport = transport.unwrap_or_else(|e| panic!("{address}: {e}"));
    Client::open(Link::of(Wire::new(transport)), bench).await.0.leave().await;
}

async fn run(bench: &Bench, arguments: &[&str]) -> Output {
    let child = bench.program(arguments).spawn().unwrap();
    timeout(PATIENCE, child.wait_with_output()).await.expect("it does not wait for ever").unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_ending_leaves_what_its_successor_wrote() {
    let bench = Bench::new(Model::Offline, "");
    let mut old = Server::start(&bench, &[]).await;
    let port = old.address.port().to_string();
    // Somebody in the middle of a request, who is waited for.
    let mut slow = old.connect().await;
    slow.write_all(b"GET /health HTTP/1.1\r\n").await.unwrap();
    assert_eq!(old.get("/health", &[("host", &old.address.to_string())]).await.0, 200);
    tell(&old, Signal::TERM);
    let closed = async { while TcpStream::connect(old.address).await.is_ok() {} };
    timeout(PATIENCE, closed).await.unwrap();
    let new = Server::start(&bench, &["--port", &port]).await;
    drop(slow);
    ended(&mut old).await;
    assert!(new.note.as_ref().unwrap().exists(), "the token of the new server is kept");
    lets_in(&bench, &port).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_of_one_port_on_two_addresses_are_both_found() {
    let bench = Bench::new(Model::Offline, "");
    let one = Server::start(&bench, &[]).await;
    let port = one.address.port().to_string();
    let mut other = Server::start(&bench, &["--hostname", "127.0.0.2", "--port", &port]).await;
    for address in [&port, &one.address.to_string(), &other.address.to_string()] {
        lets_in(&bench, address).await;
    }
    tell(&other, Signal::TERM);
    ended(&mut other).await;
    lets_in(&bench, &port).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_killed_server_wrote_misleads_nobody() {
    let bench = Bench::new(Model::Offline, "");
    let mut killed = Server::start(&bench, &["--tls-self-signed"]).await;
    let port = killed.address.port().to_string();
    tell(&killed, Signal::KILL);
    ended(&mut killed).await;
    let mut open = Server::start(&bench, &["--no-auth", "--port", &port]).await;
    lets_in(&bench, &port).await;
    tell(&open, Signal::TERM);
    ended(&mut open).await;
    assert_eq!(std::fs::read_dir(killed.note.unwrap().parent().unwrap()).unwrap().count(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pipe_in_its_place_keeps_nobody_waiting() {
    let bench = Bench::new(Model::Offline, "");
    let mut server = Server::start(&bench, &[]).await;
    let port = server.address.port().to_string();
    tell(&server, Signal::TERM);
    ended(&mut server).await;
    let note = server.note.unwrap();
    rustix::fs::mkfifoat(rustix::fs::CWD, &note, rustix::fs::Mode::from(0o600)).unwrap();
    for arguments in [&["acp", "--port", &port][..], &["code", &port]] {
        let output = run(&bench, arguments).await;
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && said.contains("no ordinary file"), "{arguments:?}: {said}");
        assert!(said.contains(note.to_str().unwrap()), "{said}");
    }
}
