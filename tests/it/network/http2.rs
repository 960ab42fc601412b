//! HTTP/2: the same as HTTP/1.1, on one socket.

use std::time::Duration;

use hyper::client::conn::http2::{SendRequest, handshake};
use hyper::{Request, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo};
use reqwest::Version;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::resumption::{counting, numbers};
use crate::support::bench::{Bench, Model};
use crate::support::remote::Remote;
use crate::support::server::Server;

/// Longer than anybody may be silent who is not known.
const PATIENCE: Duration = Duration::from_secs(40);

type Sender = SendRequest<String>;

/// One connection, and its end.
async fn connection(server: &Server) -> (Sender, JoinHandle<hyper::Result<()>>) {
    let io = TokioIo::new(server.connect().await);
    let (sender, connection) = handshake(TokioExecutor::new(), io).await.unwrap();
    (sender, tokio::spawn(connection))
}

/// The status of a request to that name, with these headers.
async fn status(sender: &mut Sender, name: &str, path: &str, headers: &[(&str, &str)]) -> StatusCode {
    let mut request = Request::get(format!("http://{name}{path}"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    sender.send_request(request.body(String::new()).unwrap()).await.unwrap().status()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_and_what_is_posted_share_one_socket() {
    const SESSIONS: usize = 12;
    let bench = Bench::scripted(&(counting(50) + "\n").repeat(SESSIONS));
    // Browsers open six sockets to one server.
    let server = Server::start(&bench, &["--max-connections", "1"]).await;
    let mut remote = Remote::speaking(Version::HTTP_2, &server).introduced().await;
    let mut told = remote.events(None, None).await.unwrap();
    let mut streams = Vec::new();
    for _ in 0..SESSIONS {
        let id = remote.ask("session/new", json!({ "cwd": bench.cwd(), "mcpServers": [] }), None).await;
        let reply = told.reply(id).await;
        let session = reply["result"]["sessionId"].as_str().unwrap_or_else(|| panic!("{reply}")).to_owned();
        streams.push((remote.events(Some(&session), None).await.unwrap(), session));
    }
    let mut turns = Vec::new();
    for (_, session) in &streams {
        turns.push(remote.prompt(session, "Count").await);
    }
    for ((events, _), turn) in streams.iter_mut().zip(turns) {
        let seen = events.until(|line| line["id"] == turn).await;
        let lines: Vec<_> = seen.into_iter().map(|event| event.line).collect();
        assert_eq!(numbers(&lines), (0..50).collect::<Vec<_>>());
    }
    assert_eq!(remote.delete().await, 202);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_name_is_that_of_the_target_and_of_no_header_besides() {
    let bench = Bench::new(Model::Offline, "");
    let server = Server::start(&bench, &[]).await;
    let (mut sender, _connection) = connection(&server).await;
    let own = server.address.to_string();
    let bearer = format!("Bearer {}", server.token);
    let known = ("authorization", &*bearer);
    for (name, path, headers, wanted) in [
        (&*own, "/health", vec![], 200),
        (&own, "/health", vec![("host", &*own)], 200),
        ("evil.test", "/health", vec![], 403),
        ("evil.test", "/health", vec![("host", &*own)], 403),
        (&own, "/health", vec![("host", "evil.test")], 403),
        (&own, "/health", vec![("origin", "http://evil.test")], 403),
        (&own, "/acp", vec![], 401),
        (&own, "/acp", vec![("authorization", "Bearer wrong")], 401),
        (&own, "/acp", vec![known], 406),
    ] {
        let got = status(&mut sender, name, path, &headers).await;
        assert_eq!(got, wanted, "{name} {path} {headers:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_offers_it_in_the_old_way_is_answered_as_it_asked() {
    let bench = Bench::new(Model::Offline, "");
    let server = Server::start(&bench, &[]).await;
    let remote = Remote::hello(&server).await;
    let offers =
        [("accept", "text/event-stream"), ("connection", "upgrade, http2-settings"), ("upgrade", "h2c")];
    let request =
        offers.iter().fold(remote.request("GET"), |request, (name, value)| request.header(*name, *value));
    let response = request.header("http2-settings", "AAMAAABkAAQAoAAAAAIAAAAA").send().await.unwrap();
    assert_eq!((response.status().as_u16(), response.version()), (200, Version::HTTP_11));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_does_not_say_who_it_is_has_its_time_and_no_more() {
    let bench = Bench::new(Model::Offline, "");
    let server = Server::start(&bench, &[]).await;
    let silent = async |begins: &[u8]| {
        let mut stream: TcpStream = server.connect().await;
        stream.write_all(begins).await.unwrap();
        let mut told = Vec::new();
        timeout(PATIENCE, stream.read_to_end(&mut told)).await.expect("it is let go").map(drop)
    };
    // One that keeps itself alive, and has been answered what anybody is.
    let polite = async {
        let (mut sender, ended) = connection(&server).await;
        let own = server.address.to_string();
        assert_eq!(status(&mut sender, &own, "/health", &[]).await, 200);
        timeout(PATIENCE, ended).await.expect("it is let go").unwrap().unwrap();
    };
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    let ((), ..) = tokio::join!(polite, silent(b"P"), silent(b"PRI"), silent(preface));
}
