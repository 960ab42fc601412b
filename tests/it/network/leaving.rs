//! A session is open as long as somebody has it or a turn runs: then all that it keeps running ends, and it can be
//! loaded again.

use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use adjutant::jsonrpc::MAX_LINE;
use adjutant::serve::{Guard, Listener, Origins};
use adjutant::transport::Transport;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::support::bench::Bench;
use crate::support::client::{Client, said};
use crate::support::link::Link;
use crate::support::proc::{marked, until};
use crate::support::remote::Remote;
use crate::support::server::Server;
use crate::support::wire::Wire;

const PATIENCE: Duration = Duration::from_secs(20);

/// A place for a session with a server of its own, and what marks that one's processes.
fn place(bench: &Bench) -> (Value, String) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/mcp/zoo.sh");
    let mark = bench.root().join("told").to_str().unwrap().to_owned();
    let zoo = json!({ "name": "zoo", "command": script, "args": ["good", mark], "env": [] });
    (json!({ "cwd": bench.cwd(), "mcpServers": [zoo] }), mark)
}

fn of_session(mut place: Value, session: &str) -> Value {
    place["sessionId"] = session.into();
    place
}

/// A client with a session whose server runs.
async fn open(link: Link, place: Value, mark: &str) -> (Client, String) {
    let mut client = Client::hello(link, json!({})).await;
    let session = client.request("session/new", place).await.unwrap();
    until("the server runs", || !marked(mark).is_empty()).await;
    (client, session["sessionId"].as_str().unwrap().to_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_session_keeps_running_ends_with_the_last_client_that_has_it() {
    let bench = Bench::scripted("{\"text\":\"Here.\"}\n{\"stop\":\"end_turn\"}\n");
    let (place, mark) = place(&bench);
    let server = Server::start(&bench, &[]).await;
    let (first, session) = open(server.tcp().await, place.clone(), &mark).await;
    let running = marked(&mark);
    let mut second = Client::hello(server.websocket().await, json!({})).await;
    second.request("session/load", of_session(place.clone(), &session)).await.unwrap();
    first.leave().await;
    let turn = second.prompt(&session, "Are you there?").await;
    second.reply(turn).await.unwrap();
    let still = marked(&mark);
    assert!(running.iter().all(|pid| still.contains(pid)), "somebody has the session");
    second.leave().await;
    until("the server is gone", || marked(&mark).is_empty()).await;
    let mut third = Client::hello(server.tcp().await, json!({})).await;
    third.request("session/load", of_session(place, &session)).await.unwrap();
    assert!(third.heard.iter().any(|line| said(line) == Some("Here.")), "{:#?}", third.heard);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_session_keeps_running_ends_with_the_connection_over_http() {
    let bench = Bench::scripted("");
    let (place, mark) = place(&bench);
    let server = Server::start(&bench, &[]).await;
    let mut remote = Remote::hello(&server).await;
    let mut events = remote.events(None, None).await.unwrap();
    let new = remote.ask("session/new", place, None).await;
    events.reply(new).await;
    until("the server runs", || !marked(&mark).is_empty()).await;
    remote.delete().await;
    until("the server is gone", || marked(&mark).is_empty()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_turn_whose_client_has_gone_is_finished_and_its_session_closed_behind_it() {
    let wait =
        json!({ "call": { "name": "bash", "input": { "command": "until [ -e go ]; do sleep 0.01; done" } } });
    let bench = Bench::scripted(&format!("{wait}\n{{\"stop\":\"end_turn\"}}\n{{\"text\":\"Done.\"}}\n"));
    let (place, mark) = place(&bench);
    let server = Server::start(&bench, &["--mode", "full"]).await;
    let (mut client, session) = open(server.tcp().await, place.clone(), &mark).await;
    client.prompt(&session, "Wait").await;
    client.until(|line| line["params"]["update"]["status"] == "in_progress").await;
    drop(client);
    bench.write("go", "");
    until("the server is gone", || marked(&mark).is_empty()).await;
    let mut next = Client::hello(server.tcp().await, json!({})).await;
    next.request("session/load", of_session(place, &session)).await.unwrap();
    assert!(next.heard.iter().any(|line| said(line) == Some("Done.")), "{:#?}", next.heard);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_sessions_than_may_be_open_work_one_after_the_other() {
    let bench = Bench::scripted("");
    let listener = Listener::bind((Ipv4Addr::LOCALHOST, 0).into()).await.unwrap();
    let (address, stop) = (listener.address(), CancellationToken::new());
    let guard = Arc::new(Guard::new(None, Origins::None, None));
    let serving = tokio::spawn(listener.serve(bench.doors_holding(2), guard, MAX_LINE, stop.clone()));
    let connect = async || {
        let (reader, writer) = TcpStream::connect(address).await.unwrap().into_split();
        Client::hello(Link::of(Wire::new(Transport::lines(reader, writer, MAX_LINE))), json!({})).await
    };
    let place = json!({ "cwd": bench.cwd(), "mcpServers": [] });
    for round in 0..5 {
        let mut client = connect().await;
        for _ in 0..2 {
            // The end of the connection before may not have been noticed yet.
            let opened = async {
                while let Err(refused) = client.request("session/new", place.clone()).await {
                    assert_eq!(refused["code"], -32009, "round {round}: {refused}");
                }
            };
            timeout(PATIENCE, opened).await.expect("there is room again");
        }
        let refused = client.request("session/new", place.clone()).await.unwrap_err();
        assert_eq!(refused["code"], -32009, "{refused}");
        client.leave().await;
    }
    stop.cancel();
    serving.await.unwrap();
}
