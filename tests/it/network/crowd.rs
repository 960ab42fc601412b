//! More connections than there is room for, and more than the system has files for.

use std::collections::HashSet;
use std::time::Duration;

use adjutant::workspace::raise_open_files;
use futures_util::future::join_all;
use futures_util::stream::FuturesUnordered;
use futures_util::{Stream, StreamExt};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::resumption::{counting, hello, numbers};
use crate::support::bench::{Bench, Model};
use crate::support::client::{Client, said};
use crate::support::proc;
use crate::support::remote::Remote;
use crate::support::server::Server;

const PATIENCE: Duration = Duration::from_secs(20);
/// How long a server is looked at that has nothing to do.
const LOOK: Duration = Duration::from_millis(500);

/// Sockets that have said so much.
async fn crowd(server: &Server, size: usize, words: &str) -> Vec<TcpStream> {
    let mut crowd = Vec::with_capacity(size);
    while crowd.len() < size {
        let some = (size - crowd.len()).min(100);
        for stream in join_all((0..some).map(|_| TcpStream::connect(server.address))).await {
            let mut stream = stream.unwrap();
            stream.write_all(words.as_bytes()).await.unwrap();
            crowd.push(stream);
        }
    }
    crowd
}

/// All that is said until the connection ends.
async fn last_words(stream: &mut TcpStream) -> String {
    let mut words = Vec::new();
    // Who is shown out may be reset.
    let _reset = timeout(PATIENCE, stream.read_to_end(&mut words)).await.expect("the connection is closed");
    String::from_utf8(words).unwrap()
}

/// What is said to those whose connections end, as they end.
fn ended(crowd: &mut [TcpStream]) -> impl Stream<Item = String> {
    crowd.iter_mut().map(last_words).collect::<FuturesUnordered<_>>()
}

/// How much of the time a process computes, in percent.
async fn load(pid: u32) -> u128 {
    let before = proc::computed(pid);
    tokio::time::sleep(LOOK).await;
    proc::computed(pid).saturating_sub(before).as_micros() * 100 / LOOK.as_micros()
}

fn slowly(n: usize) -> Bench {
    let repeat = json!({ "repeat": { "n": n, "size": 8, "gap_us": 4000 } });
    Bench::scripted(&format!("{repeat}\n{{\"stop\":\"end_turn\"}}\n"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crowd_that_says_nothing_keeps_nobody_out() {
    raise_open_files().unwrap();
    let bench = slowly(500);
    // An eighth of them for who says nothing.
    let server = Server::limited(&bench, "-n 512").await;
    let pid = server.child.id().unwrap();
    let (mut first, session) = Client::open(server.tcp().await, &bench).await;
    let turn = first.prompt(&session, "Count").await;
    let mut silent = crowd(&server, 600, "").await;
    let halves = crowd(&server, 400, "GET /acp HTTP/1.1\r\nHost: loc").await;
    let sockets = proc::sockets(pid).len();
    assert!(sockets < 100, "{sockets} sockets for half-open connections");
    // Those who came first had to go, without a word and before their time was over.
    assert_eq!(last_words(&mut silent[0]).await, "");
    // Everybody else comes in by any door, and need not wait until each of those has had its time.
    let mut remote = Remote::hello(&server).await;
    remote.ask("session/list", json!({}), None).await;
    Client::hello(server.websocket().await, json!({})).await.leave().await;
    Client::hello(server.tcp().await, json!({})).await.leave().await;
    assert_eq!(server.get("/health", &[("host", &server.address.to_string())]).await.0, 200);
    first.reply(turn).await.unwrap();
    assert_eq!(numbers(&first.heard), (0..500).collect::<Vec<_>>());
    let busy = load(pid).await;
    assert!(busy < 30, "{busy} % for a crowd that does nothing");
    drop((silent, halves));
    proc::until("they are forgotten", || proc::sockets(pid).len() < 40).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_client_too_many_is_told_and_those_who_are_there_notice_nothing() {
    let bench = slowly(250);
    let server = Server::start(&bench, &["--max-connections", "4"]).await;
    let pid = server.child.id().unwrap();
    let (mut first, session) = Client::open(server.tcp().await, &bench).await;
    let mut second = Client::hello(server.websocket().await, json!({})).await;
    let turn = first.prompt(&session, "Count").await;
    let words = format!("{}\n", json!({ "type": "hello", "token": server.token }));
    let mut crowd = crowd(&server, 200, &words).await;
    // Two are in, whichever came first.
    let told: HashSet<_> = ended(&mut crowd).take(198).collect().await;
    let [told] = &told.iter().collect::<Vec<_>>()[..] else { panic!("{told:?}") };
    let told: Value = serde_json::from_str(told).unwrap();
    assert_eq!((&told["type"], &told["error"]["code"]), (&json!("error"), &json!("BUSY")), "{told}");
    let host = server.address.to_string();
    let token = format!("Bearer {}", server.token);
    let headers = [("host", host.as_str()), ("authorization", token.as_str())];
    let (status, answer) = server.get("/acp", &headers).await;
    assert!(status == 503 && answer.contains("\r\nretry-after: 5\r\n"), "{answer}");
    assert_eq!(server.upgrade("/acp", &[("authorization", &token)]).await.err(), Some(503));
    // What costs no place is answered.
    assert_eq!(server.get("/health", &headers).await.0, 200);
    assert_eq!(server.get("/acp", &[("host", &host)]).await.0, 401);
    let busy = load(pid).await;
    assert!(busy < 30, "{busy} % for a crowd that was turned away");
    first.reply(turn).await.unwrap();
    assert_eq!(numbers(&first.heard), (0..250).collect::<Vec<_>>());
    second.request("session/list", json!({})).await.unwrap();
    // Who leaves makes room for another.
    second.leave().await;
    let again = async { while server.upgrade("/acp", &[("authorization", &token)]).await.is_err() {} };
    timeout(PATIENCE, again).await.expect("there is room again");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_says_no_hello_is_told_in_its_own_dialect() {
    let bench = Bench::new(Model::Offline, "");
    let server = Server::start(&bench, &["--no-auth", "--max-connections", "1"]).await;
    let _only = Client::hello(server.tcp().await, json!({})).await;
    let asked = json!({ "jsonrpc": "2.0", "id": "one", "method": "initialize", "params": {} });
    let told: Value = serde_json::from_str(&server.talk(&format!("{asked}\n")).await).unwrap();
    assert_eq!((&told["id"], &told["error"]["code"]), (&json!("one"), &json!(-32009)), "{told}");
    let asked = json!({ "type": "request", "id": 1, "method": "ping" });
    let told: Value = serde_json::from_str(&server.talk(&format!("{asked}\n")).await).unwrap();
    assert_eq!(told["error"]["code"], "BUSY", "{told}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_comes_back_by_another_socket_to_a_server_that_is_full() {
    let bench = Bench::scripted(&counting(3));
    let server = Server::start(&bench, &["--max-connections", "2"]).await;
    let (socket, welcome) = hello(&server, json!({ "resumable": true })).await;
    let _other = Client::hello(server.websocket().await, json!({})).await;
    let again = json!({ "connection": welcome["connection"], "received": 0 });
    let (second, answer) = hello(&server, again.clone()).await;
    assert_eq!((&answer["type"], &answer["connection"]), (&json!("welcome"), &welcome["connection"]));
    drop(socket);
    let token = format!("Bearer {}", server.token);
    for (line, kind) in [(again, "welcome"), (json!({}), "error")] {
        let (transport, _) = server.upgrade("/acp", &[("authorization", &token)]).await.unwrap();
        let mut wire = crate::support::wire::Wire::new(transport);
        let mut said = json!({ "type": "hello" });
        said.as_object_mut().unwrap().extend(line.as_object().unwrap().clone());
        wire.send_line(&said.to_string()).await;
        assert_eq!(wire.json().await.unwrap().unwrap()["type"], kind);
    }
    drop(second);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_without_files_tells_some_of_those_who_wait_and_rests_meanwhile() {
    let bench = slowly(500);
    let server = Server::limited(&bench, "-n 48").await;
    let pid = server.child.id().unwrap();
    let (mut first, session) = Client::open(server.tcp().await, &bench).await;
    let turn = first.prompt(&session, "Count").await;
    first.until(|line| said(line).is_some()).await;
    let words = format!("{}\n", json!({ "type": "hello", "token": server.token }));
    let mut crowd = crowd(&server, 120, &words).await;
    let busy = load(pid).await;
    assert!(busy < 25, "{busy} % while there are no files");
    // Some are in; of those who wait, one after the other is told.
    let told: Vec<_> = ended(&mut crowd).take(3).collect().await;
    assert!(told.iter().all(|told| told.contains("BUSY")), "{told:?}");
    drop(crowd);
    first.reply(turn).await.unwrap();
    assert_eq!(numbers(&first.heard), (0..500).collect::<Vec<_>>());
    let next = Client::hello(server.tcp().await, json!({})).await;
    next.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commands_may_have_as_many_files_open_as_without_a_server() {
    let call = json!({ "call": { "name": "bash", "input": { "command": "ulimit -n; ulimit -Hn" } } });
    let stop = "{\"stop\":\"end_turn\"}";
    let bench = Bench::scripted(&format!("{call}\n{stop}\n{stop}\n"));
    let server = Server::limited(&bench, "-Sn 300 && ulimit -Hn 600").await;
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", server.child.id().unwrap())).unwrap();
    let files = limits.lines().find(|line| line.starts_with("Max open files")).unwrap();
    assert_eq!(files.split_whitespace().nth(3), Some("600"), "the server takes all it can have");
    let (mut client, session) = Client::open(server.tcp().await, &bench).await;
    client.request("session/set_mode", json!({ "sessionId": session, "modeId": "full" })).await.unwrap();
    let turn = client.prompt(&session, "How many?").await;
    client.reply(turn).await.unwrap();
    let told = client.heard.iter().any(|line| line.to_string().contains("300\\n600"));
    assert!(told, "{:?}", client.heard);
}
