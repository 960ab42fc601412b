//! Connections that are reset (no farewell, and what was on its way is lost), whatever they were about: the session goes
//! on by itself, whoever comes next sees all of it, and nothing of the connection is left.

use std::time::{Duration, Instant};

use reqwest::header::CONTENT_TYPE;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::resumption::{counting, numbers};
use crate::support::bench::Bench;
use crate::support::client::{Client, said};
use crate::support::link::Link;
use crate::support::proc;
use crate::support::remote::{CONNECTION, Remote, SESSION};
use crate::support::server::Server;

const SCHEMES: [&str; 2] = ["tcp", "ws"];
/// Clients that there may be at once: more than any test has.
const ROOM: usize = 16;
const PATIENCE: Duration = Duration::from_secs(20);
const HELLO: &str = r#"{"jsonrpc":"2.0","id":"hello","method":"initialize","params":{"protocolVersion":1}}"#;

/// A stream that is reset when it is dropped.
async fn brittle(server: &Server) -> TcpStream {
    let stream = server.connect().await;
    stream.set_zero_linger().unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}

async fn brittle_link(server: &Server, scheme: &str) -> Link {
    server.by(scheme, brittle(server).await).await
}

/// A server, and how many sockets it has when nobody is connected.
struct Stage {
    bench: Bench,
    server: Server,
    idle: usize,
}

impl Stage {
    async fn start(script: &str) -> Self {
        let bench = Bench::scripted(script);
        let server = Server::start(&bench, &["--max-connections", &ROOM.to_string()]).await;
        // What it keeps open once it is at work is open.
        let (client, _) = Client::open(server.tcp().await, &bench).await;
        let pid = server.child.id().unwrap();
        let idle = proc::sockets(pid).len() - 1;
        client.leave().await;
        Self { bench, server, idle }
    }

    /// Nothing is left of whoever was reset, and there is room and an answer for as many as there may be.
    async fn is_whole(&self) {
        let pid = self.server.child.id().unwrap();
        let closed = || proc::sockets(pid).len() <= self.idle;
        proc::until("sockets are closed", closed).await;
        let (mut guests, deadline) = (Vec::new(), Instant::now() + PATIENCE);
        while guests.len() < ROOM {
            assert!(Instant::now() < deadline, "there is room for {} of {ROOM}", guests.len());
            let mut guest = self.server.tcp().await.wire;
            guest.send_line(HELLO).await;
            // Who comes before a place is free is told so.
            if guest.json().await.is_ok_and(|line| line.is_some_and(|line| line["id"] == "hello")) {
                guests.push(guest);
            }
        }
        drop(guests);
        proc::until("sockets are closed", closed).await;
    }

    async fn open(&self, scheme: &str) -> (Client, String) {
        Client::open(brittle_link(&self.server, scheme).await, &self.bench).await
    }

    fn place(&self, session: &str) -> Value {
        json!({ "sessionId": session, "cwd": self.bench.cwd(), "mcpServers": [] })
    }

    /// Another client that has loaded the session.
    async fn load(&self, scheme: &str, session: &str) -> Client {
        let mut client = Client::hello(brittle_link(&self.server, scheme).await, json!({})).await;
        client.request("session/load", self.place(session)).await.unwrap();
        client
    }
}

/// A turn that says the numbers up to here, with time to be interrupted.
fn slowly(numbers: usize) -> String {
    let repeat = json!({ "repeat": { "n": numbers, "size": 8, "gap_us": 1000 } });
    format!("{repeat}\n{{\"stop\":\"end_turn\"}}")
}

fn is_last(numbers: usize) -> impl Fn(&Value) -> bool {
    let last = format!("{} ", numbers - 1);
    move |line| said(line).is_some_and(|text| text.ends_with(&last))
}

async fn hear_out(client: &mut Client, numbers: usize) {
    if !client.heard.iter().any(is_last(numbers)) {
        client.until(is_last(numbers)).await;
    }
}

fn asked(line: &Value) -> bool {
    line["method"] == "session/request_permission"
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_the_greeting() {
    let stage = Stage::start("").await;
    let hello = json!({ "type": "hello", "token": stage.server.token }).to_string();
    let upgrade = format!(
        "GET /acp HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {}\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
         sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        stage.server.address, stage.server.token
    );
    for greeting in [hello, upgrade] {
        for part in [0, 1, greeting.len() / 2, greeting.len() - 1, greeting.len()] {
            let mut stream = brittle(&stage.server).await;
            stream.write_all(&greeting.as_bytes()[..part]).await.unwrap();
        }
    }
    stage.is_whole().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_it_is_initialized_and_while_a_session_is_made() {
    let stage = Stage::start("").await;
    let place = json!({ "cwd": stage.bench.cwd(), "mcpServers": [] });
    for scheme in SCHEMES {
        for _ in 0..5 {
            // The reply is not read, read, and there is another one on its way.
            let mut link = brittle_link(&stage.server, scheme).await;
            link.wire.send_line(HELLO).await;
            drop(link);
            drop(Client::hello(brittle_link(&stage.server, scheme).await, json!({})).await);
            let mut client = Client::hello(brittle_link(&stage.server, scheme).await, json!({})).await;
            client.ask("session/new", place.clone()).await;
        }
        stage.is_whole().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_the_middle_of_a_turn() {
    const NUMBERS: usize = 300;
    let count = slowly(NUMBERS);
    let stage = Stage::start(&format!("{count}\n{count}")).await;
    for (scheme, other) in [("tcp", "ws"), ("ws", "tcp")] {
        let (mut first, session) = stage.open(scheme).await;
        first.prompt(&session, "Count").await;
        first.until(|line| said(line).is_some()).await;
        drop(first);
        // For a moment nobody is there.
        stage.is_whole().await;
        let mut resumed = Client::hello(brittle_link(&stage.server, scheme).await, json!({})).await;
        resumed.request("session/resume", stage.place(&session)).await.unwrap();
        let mut loaded = stage.load(other, &session).await;
        hear_out(&mut loaded, NUMBERS).await;
        assert_eq!(numbers(&loaded.heard), (0..NUMBERS).collect::<Vec<_>>(), "{scheme}");
        // Whoever resumes sees what comes from then on.
        hear_out(&mut resumed, NUMBERS).await;
        let rest = numbers(&resumed.heard);
        assert_eq!(rest, (rest[0]..NUMBERS).collect::<Vec<_>>(), "{scheme}");
        drop((loaded, resumed));
        stage.is_whole().await;
        let again = stage.load(scheme, &session).await;
        assert_eq!(numbers(&again.heard), (0..NUMBERS).collect::<Vec<_>>(), "{scheme}");
    }
    stage.is_whole().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_a_question_is_open() {
    let call = |path: &str| json!({ "call": { "name": "write", "input": { "path": path, "content": "a" } } });
    let turn = |path: &str| format!("{}\n{{\"stop\":\"end_turn\"}}\n{}\n", call(path), counting(3));
    let stage = Stage::start(&[turn("tcp.txt"), turn("ws.txt")].concat()).await;
    for (scheme, other) in [("tcp", "ws"), ("ws", "tcp")] {
        let (mut first, session) = stage.open(scheme).await;
        first.prompt(&session, "Write it").await;
        first.until(asked).await;
        drop(first);
        // Whoever comes next is asked, and may be lost as well.
        for lost in [scheme, other] {
            let mut next = stage.load(lost, &session).await;
            if !next.heard.iter().any(asked) {
                next.until(asked).await;
            }
        }
        let mut last = stage.load(scheme, &session).await;
        let known = last.heard.iter().find(|line| asked(line)).cloned();
        let question = match known {
            Some(question) => question,
            None => last.until(asked).await,
        };
        let file = format!("{scheme}.txt");
        assert!(stage.bench.read(&file).is_err());
        let outcome = json!({ "outcome": { "outcome": "selected", "optionId": "allow_once" } });
        last.answer(&question, outcome).await;
        hear_out(&mut last, 3).await;
        assert_eq!(stage.bench.read(&file).unwrap(), "a");
    }
    stage.is_whole().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_the_middle_of_a_replay() {
    const NUMBERS: usize = 50;
    let long = json!({ "repeat": { "n": NUMBERS, "size": 50_000 } });
    let stage = Stage::start(&format!("{long}\n{{\"stop\":\"end_turn\"}}\n")).await;
    let (mut first, session) = stage.open("tcp").await;
    let turn = first.prompt(&session, "Count").await;
    first.reply(turn).await.unwrap();
    assert_eq!(numbers(&first.heard), (0..NUMBERS).collect::<Vec<_>>());
    drop(first);
    for scheme in SCHEMES {
        for lines in 0..5 {
            let mut client = Client::hello(brittle_link(&stage.server, scheme).await, json!({})).await;
            client.ask("session/load", stage.place(&session)).await;
            for _ in 0..lines * 3 {
                client.next().await;
            }
        }
        stage.is_whole().await;
        let whole = stage.load(scheme, &session).await;
        assert_eq!(numbers(&whole.heard), (0..NUMBERS).collect::<Vec<_>>(), "{scheme}");
    }
    stage.is_whole().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_the_middle_of_a_line() {
    let count = counting(3);
    let stage = Stage::start(&format!("{count}\n{count}")).await;
    for scheme in SCHEMES {
        let (mut first, session) = stage.open(scheme).await;
        let prompt = json!([{ "type": "text", "text": "Half" }]);
        let params = json!({ "sessionId": session, "prompt": prompt });
        let line = json!({ "jsonrpc": "2.0", "id": 9, "method": "session/prompt", "params": params });
        if scheme == "tcp" {
            // All of it but the end of the line.
            first.link.wire.send(line.to_string().as_bytes()).await;
        }
        drop(first);
        let mut next = stage.load(scheme, &session).await;
        assert_eq!(numbers(&next.heard), Vec::<usize>::new(), "{scheme}");
        let turn = next.prompt(&session, "Whole").await;
        next.reply(turn).await.unwrap();
        assert_eq!(numbers(&next.heard), [0, 1, 2], "{scheme}");
        drop(next);
        let said = stage.load(scheme, &session).await.heard;
        assert!(!said.iter().any(|line| line.to_string().contains("Half")), "{scheme}: {said:?}");
    }
    stage.is_whole().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_of_http_and_streams_of_events() {
    const NUMBERS: usize = 500;
    let stage = Stage::start(&slowly(NUMBERS)).await;
    let (mut remote, connection, mut events, session) = Remote::open(&stage.server, &stage.bench).await;
    assert_eq!(events.next().await.unwrap().id, 1);
    drop(events);
    let head = |method: &str, more: &str| {
        let (address, token, id) = (stage.server.address, &stage.server.token, &remote.id);
        format!(
            "{method} /acp HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {token}\r\n{CONNECTION}: {id}\r\n\
             {SESSION}: {session}\r\n{more}\r\n"
        )
    };
    let (get, post) = (
        head("GET", "accept: text/event-stream\r\nlast-event-id: 1\r\n"),
        head("POST", &format!("{CONTENT_TYPE}: application/json\r\ncontent-length: 1000\r\n")),
    );
    let turn = remote.prompt(&session, "Count").await;
    for part in [0, 10, post.len(), post.len() + 20] {
        let body = r#"{"jsonrpc":"2.0","id":5,"method":"session/close","params":{}}"#;
        let mut stream = brittle(&stage.server).await;
        stream.write_all(&format!("{post}{body}").as_bytes()[..part]).await.unwrap();
    }
    for part in [get.len() / 2, get.len(), get.len()] {
        let mut stream = brittle(&stage.server).await;
        stream.write_all(&get.as_bytes()[..part]).await.unwrap();
        if part == get.len() {
            let mut beginning = [0; 15];
            stream.read_exact(&mut beginning).await.unwrap();
            assert_eq!(beginning, *b"HTTP/1.1 200 OK");
        }
    }
    let mut events = remote.events(Some(&session), Some(1)).await.unwrap();
    let seen = events.until(|line| line["id"] == turn && line.get("method").is_none()).await;
    assert!(seen.windows(2).all(|pair| pair[0].id + 1 == pair[1].id) && seen[0].id == 2);
    let lines: Vec<_> = seen.into_iter().map(|event| event.line).collect();
    assert_eq!(numbers(&lines), (0..NUMBERS).collect::<Vec<_>>());
    drop((events, connection));
    assert_eq!(remote.delete().await, 202);
    drop(remote);
    stage.is_whole().await;
}
