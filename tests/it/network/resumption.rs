//! A connection goes on by another socket, and nobody above it notices.

use adjutant::jsonrpc::MAX_LINE;
use adjutant::remote::{self, Address};
use adjutant::tls::Trust;
use adjutant::transport::Transport;
use serde_json::{Value, json};

use crate::support::bench::Bench;
use crate::support::client::{Client, said};
use crate::support::link::Link;
use crate::support::proc;
use crate::support::proxy::{Proxy, Weather};
use crate::support::server::Server;
use crate::support::wire::Wire;

/// A turn that says the numbers up to here, one at a time.
pub(super) fn counting(numbers: usize) -> String {
    let words = (0..numbers).map(|number| json!({ "text": format!("{number} ") }));
    let lines: Vec<_> = words.chain([json!({ "stop": "end_turn" })]).map(|line| line.to_string()).collect();
    lines.join("\n")
}

/// The numbers that were said.
pub(super) fn numbers(heard: &[Value]) -> Vec<usize> {
    let text: String = heard.iter().filter_map(said).collect();
    text.split_whitespace().map(|word| word.parse().unwrap()).collect()
}

/// Has the numbers said while the proxy cuts so many sockets.
pub(super) async fn counts_through(client: &mut Client, session: &str, proxy: &Proxy, cuts: u64) {
    let turn = client.prompt(session, "Count").await;
    for cut in 0..cuts {
        client.until(|line| said(line).is_some()).await;
        proxy.cut();
        proc::until("another socket", || proxy.accepted() == cut + 2).await;
    }
    assert_eq!(client.reply(turn).await.unwrap()["stopReason"], "end_turn");
}

async fn lasting(server: &Server, proxy: &Proxy, scheme: &str) -> Link {
    let address: Address = format!("{scheme}://localhost:{}", proxy.address.port()).parse().unwrap();
    let token = Some(adjutant::config::Secret::new(&server.token));
    let server = remote::Server { address, token, trust: Trust::System, max_line: MAX_LINE };
    Link::of(Wire::new(remote::connect_lasting(&server).await.unwrap()))
}

/// A line connection, said hello by hand.
pub(super) async fn hello(server: &Server, hello: Value) -> (Wire, Value) {
    let (reader, writer) = tokio::net::TcpStream::connect(server.address).await.unwrap().into_split();
    let mut wire = Wire::new(Transport::lines(reader, writer, MAX_LINE));
    let mut line = json!({ "type": "hello", "token": server.token });
    line.as_object_mut().unwrap().extend(hello.as_object().unwrap().clone());
    wire.send_line(&line.to_string()).await;
    let answer = wire.json().await.unwrap().unwrap();
    (wire, answer)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_turn_is_whole_although_the_socket_is_cut_in_the_middle_of_it() {
    const NUMBERS: usize = 3000;
    for scheme in ["tcp", "ws"] {
        let bench = Bench::scripted(&counting(NUMBERS));
        let server = Server::start(&bench, &["--hostname", "127.0.0.2"]).await;
        let proxy = Proxy::start(server.address, Weather::CALM, 1).await;
        let (mut client, session) = Client::open(lasting(&server, &proxy, scheme).await, &bench).await;
        counts_through(&mut client, &session, &proxy, 5).await;
        assert_eq!(numbers(&client.heard), (0..NUMBERS).collect::<Vec<_>>());
        client.leave().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_not_received_is_sent_again_and_nothing_twice() {
    let bench = Bench::scripted("");
    let server = Server::start(&bench, &[]).await;
    let ping = |id: usize| json!({ "type": "request", "id": id.to_string(), "method": "ping" }).to_string();
    let id = |line: Value| line["id"].as_str().unwrap().to_owned();
    let (mut first, welcome) = hello(&server, json!({ "resumable": true })).await;
    assert_eq!((welcome["received"].as_u64(), welcome["graceSeconds"].as_u64()), (Some(0), Some(60)));
    let connection = welcome["connection"].as_str().unwrap();
    assert_eq!(connection.len(), 32);
    for number in 0..3 {
        first.send_line(&ping(number)).await;
        assert_eq!(id(first.json().await.unwrap().unwrap()), number.to_string());
    }
    // As if only the first answer had come; half of a request was said when the socket was lost.
    first.send(ping(3).split_at(9).0.as_bytes()).await;
    drop(first);
    let again = |received: u64| json!({ "connection": connection, "received": received });
    let (mut second, welcome) = hello(&server, again(1)).await;
    assert_eq!((&welcome["type"], welcome["received"].as_u64()), (&json!("welcome"), Some(3)));
    second.send_line(&ping(3)).await;
    for number in 1..4 {
        assert_eq!(id(second.json().await.unwrap().unwrap()), number.to_string());
    }
    second.send_line(r#"{"type":"count"}"#).await;
    assert_eq!(second.json().await.unwrap().unwrap(), json!({ "type": "received", "count": 4 }));
    // A second socket takes the place of one that may be half-dead.
    let (mut third, welcome) = hello(&server, again(4)).await;
    assert_eq!(welcome["received"], 4);
    assert_eq!(second.line().await.unwrap(), None);
    third.send_line(r#"{"type":"end"}"#).await;
    assert_eq!(third.json().await.unwrap().unwrap(), json!({ "type": "received", "count": 5 }));
    assert_eq!(third.json().await.unwrap().unwrap(), json!({ "type": "end" }));
    third.send_line(r#"{"type":"received","count":5}"#).await;
    assert_eq!(third.line().await.unwrap(), None);
    let (_, gone) = hello(&server, again(5)).await;
    assert_eq!(gone["error"]["code"], "CONNECTION_GONE");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_is_not_known_is_told_so() {
    let bench = Bench::scripted("");
    let server = Server::start(&bench, &[]).await;
    let (mut wire, gone) = hello(&server, json!({ "connection": "0".repeat(32), "received": 0 })).await;
    assert_eq!(gone["error"]["code"], "CONNECTION_GONE");
    assert_eq!(wire.line().await.unwrap(), None);
    // Who has received what was never sent is told as well, when it comes again.
    let (_first, welcome) = hello(&server, json!({ "resumable": true })).await;
    let again = json!({ "connection": welcome["connection"], "received": 7 });
    let (mut liar, _) = hello(&server, again.clone()).await;
    while liar.line().await.unwrap().is_some() {}
    assert_eq!(hello(&server, again).await.1["error"]["code"], "CONNECTION_GONE");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_websocket_asks_for_it_with_its_first_frame() {
    let bench = Bench::scripted(&counting(10));
    let server = Server::start(&bench, &[]).await;
    let mut wire = server.websocket().await.wire;
    wire.send_line(&json!({ "type": "hello", "resumable": true }).to_string()).await;
    let welcome = wire.json().await.unwrap().unwrap();
    drop(wire);
    let mut link = server.websocket().await;
    let again = json!({ "type": "hello", "connection": welcome["connection"], "received": 0 });
    link.wire.send_line(&again.to_string()).await;
    assert_eq!(link.wire.json().await.unwrap().unwrap()["connection"], welcome["connection"]);
    let (mut client, session) = Client::open(link, &bench).await;
    assert_eq!(
        client.heard[0]["result"]["agentCapabilities"]["_meta"]["adjutant"]["resumable"]["graceSeconds"],
        60
    );
    let turn = client.prompt(&session, "Count").await;
    client.reply(turn).await.unwrap();
    assert_eq!(numbers(&client.heard), (0..10).collect::<Vec<_>>());
}
