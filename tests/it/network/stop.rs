//! A server is told to end while everybody is at work: each is told, nothing that was seen is lost, and nothing goes on.
//!
//! `ADJUTANT_STOP_ROUNDS` says how often.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use futures_util::{SinkExt, StreamExt};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

use super::resumption::{hello, numbers};
use crate::support::bench::Bench;
use crate::support::client::{Client, said, update};
use crate::support::proc;
use crate::support::remote::{Events, Remote};
use crate::support::server::Server;
use crate::support::wire::Wire;

const ROUNDS: u64 = 5;
/// Sessions that stream over each of the three doors.
const SESSIONS: usize = 10;
/// How long an end in order may take, and one at once.
const GRACE: Duration = Duration::from_secs(15);
const AT_ONCE: Duration = Duration::from_secs(2);

/// What a client's connection is, and how it ends.
enum Voice {
    /// Its last line says so.
    Lines(Wire),
    /// It is closed with a code.
    Socket(Box<WebSocketStream<TcpStream>>),
    /// A comment says so.
    Events(Box<(Remote, Events)>),
}

/// One client with one session.
struct Follower {
    voice: Voice,
    session: String,
    /// The number of its prompt.
    turn: u64,
    heard: Vec<Value>,
}

fn request(id: u64, method: &str, params: &Value) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params })
}

impl Voice {
    async fn say(&mut self, message: &Value) {
        match self {
            Self::Lines(wire) => wire.send_line(&message.to_string()).await,
            Self::Socket(socket) => socket.send(Message::text(message.to_string())).await.unwrap(),
            Self::Events(_) => panic!("it posts"),
        }
    }

    /// What is said next. `Err`: why nothing more will be.
    async fn next(&mut self) -> Result<Value, String> {
        let next = async {
            match self {
                Self::Lines(wire) => {
                    let line = wire.json().await.unwrap().ok_or("without a word")?;
                    if line["type"] == "end" { Err("end".to_owned()) } else { Ok(line) }
                }
                Self::Socket(socket) => loop {
                    match socket.next().await {
                        Some(Ok(Message::Text(text))) => break Ok(serde_json::from_str(&text).unwrap()),
                        Some(Ok(Message::Close(Some(close)))) => {
                            break Err(format!("{} {}", close.code, close.reason));
                        }
                        Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                        other => break Err(format!("{other:?}")),
                    }
                },
                Self::Events(open) => match open.1.next().await {
                    Some(event) => Ok(event.line),
                    None => Err(open.1.comments.join("; ")),
                },
            }
        };
        timeout(GRACE, next).await.expect("it is told in time")
    }

    fn farewell(&self) -> &'static str {
        match self {
            Self::Lines(_) => "end",
            Self::Socket(_) => "1001 the server is shutting down",
            Self::Events(_) => "the server is shutting down",
        }
    }
}

impl Follower {
    async fn over_lines(server: &Server, bench: &Bench) -> Self {
        let (wire, _) = hello(server, json!({ "resumable": true })).await;
        Self::begin(Voice::Lines(wire), bench).await
    }

    async fn over_a_websocket(server: &Server, bench: &Bench) -> Self {
        let token = format!("Bearer {}", server.token);
        let (socket, _) = server.socket("/acp", &[("authorization", &token)]).await.unwrap();
        Self::begin(Voice::Socket(Box::new(socket)), bench).await
    }

    async fn begin(voice: Voice, bench: &Bench) -> Self {
        let mut begun = Self { voice, session: String::new(), turn: 3, heard: Vec::new() };
        begun.voice.say(&request(1, "initialize", &json!({ "protocolVersion": 1 }))).await;
        let place = json!({ "cwd": bench.cwd(), "mcpServers": [] });
        begun.voice.say(&request(2, "session/new", &place)).await;
        let reply = begun.until(|line| line["id"] == 2).await;
        reply["result"]["sessionId"].as_str().unwrap().clone_into(&mut begun.session);
        begun
    }

    async fn over_http(server: &Server, bench: &Bench) -> Self {
        let (remote, _connection, events, session) = Remote::open(server, bench).await;
        Self { voice: Voice::Events(Box::new((remote, events))), session, turn: 0, heard: Vec::new() }
    }

    async fn prompt(&mut self, text: &str) {
        if let Voice::Events(open) = &mut self.voice {
            self.turn = open.0.prompt(&self.session, text).await;
            return;
        }
        let prompt = json!([{ "type": "text", "text": text }]);
        let params = json!({ "sessionId": self.session, "prompt": prompt });
        self.voice.say(&request(self.turn, "session/prompt", &params)).await;
    }

    async fn until(&mut self, wanted: impl Fn(&Value) -> bool) -> Value {
        loop {
            let line = self.voice.next().await.unwrap();
            self.heard.push(line.clone());
            if wanted(&line) {
                return line;
            }
        }
    }

    /// Listens to the end, which has to be in order; what was said of the session.
    async fn end(mut self) -> (String, Vec<usize>) {
        let farewell = loop {
            match self.voice.next().await {
                Ok(line) => self.heard.push(line),
                Err(farewell) => break farewell,
            }
        };
        assert_eq!(farewell, self.voice.farewell());
        let is_reply = |line: &&Value| line["id"] == self.turn && line.get("method").is_none();
        let reply = self.heard.iter().find(is_reply);
        let reply = reply.unwrap_or_else(|| panic!("the turn is answered: {:#?}", self.heard.last()));
        assert_eq!(reply["result"]["stopReason"], "cancelled", "{reply}");
        (self.session, numbers(&self.heard))
    }
}

/// A bench whose model streams on and on, or runs a command that does.
fn bench() -> Bench {
    let stays = json!({ "call": { "name": "bash", "input": { "command": "trap '' TERM; sleep 600" } } });
    let streams = json!({ "repeat": { "n": 1_000_000, "size": 8, "gap_us": 10_000 } });
    let bench = Bench::scripted(
        &[json!({ "when": "Stay", "answer": [stays] }), json!({ "when": "", "answer": [streams] })]
            .map(|rule| format!("{rule}\n"))
            .concat(),
    );
    bench.write("../home/.config/adjutant/config.toml", "mode = \"full\"\n");
    bench
}

fn pid(server: &Server) -> Pid {
    Pid::from_raw(server.child.id().unwrap() as i32).unwrap()
}

/// What the server has started and what comes of that: each stands with its own executable's name or the folder.
async fn nothing_goes_on(bench: &Bench) {
    let home = format!("HOME={}", bench.home().display());
    let survivors = || {
        let entries = std::fs::read_dir("/proc").unwrap().flatten();
        entries
            .filter_map(|entry| std::fs::read(entry.path().join("environ")).ok())
            .filter(|variables| variables.split(|byte| *byte == 0).any(|it| it == home.as_bytes()))
            .count()
    };
    proc::until("nothing goes on", || survivors() == 0).await;
}

/// What a session holds, as somebody is shown who loads it.
async fn loaded(server: &Server, bench: &Bench, session: &str) -> Vec<Value> {
    let mut client = Client::hello(server.tcp().await, json!({})).await;
    let place = json!({ "sessionId": session, "cwd": bench.cwd(), "mcpServers": [] });
    client.request("session/load", place).await.unwrap();
    client.heard
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_is_told_and_what_was_seen_is_there_when_it_is_back() {
    let rounds = std::env::var_os("ADJUTANT_STOP_ROUNDS")
        .map_or(ROUNDS, |text| text.to_str().and_then(|text| text.parse().ok()).unwrap());
    let bench = bench();
    let (mut tokens, mut seen) = (HashSet::new(), Vec::<(String, Vec<usize>)>::new());
    for round in 0..=rounds {
        let mut server = Server::start(&bench, &[]).await;
        assert!(tokens.insert(server.token.clone()), "a token of its own");
        for (session, seen) in std::mem::take(&mut seen) {
            let all = numbers(&loaded(&server, &bench, &session).await);
            assert_eq!(all, (0..all.len()).collect::<Vec<_>>(), "round {round}: no gap, and nothing twice");
            assert!(all.starts_with(&seen), "round {round}: {} of {} seen", all.len(), seen.len());
        }
        if round == rounds {
            break;
        }
        let (mut lines, mut sockets, mut events) = tokio::join!(
            join_all((0..SESSIONS).map(|_| Follower::over_lines(&server, &bench))),
            join_all((0..SESSIONS).map(|_| Follower::over_a_websocket(&server, &bench))),
            join_all((0..SESSIONS).map(|_| Follower::over_http(&server, &bench))),
        );
        let mut all: Vec<_> = lines.drain(..).chain(sockets.drain(..)).chain(events.drain(..)).collect();
        let stays = all.len() - 1;
        join_all(all.iter_mut().enumerate().map(|(at, follower)| async move {
            let is_running = |line: &Value| line["params"]["update"]["status"] == "in_progress";
            follower.prompt(if at == stays { "Stay" } else { "Go on" }).await;
            follower.until(|line| if at == stays { is_running(line) } else { said(line).is_some() }).await;
        }))
        .await;
        let told = Instant::now();
        kill_process(pid(&server), Signal::TERM).unwrap();
        seen = join_all(all.into_iter().map(Follower::end)).await;
        assert!(server.child.wait().await.unwrap().success(), "round {round}");
        assert!(told.elapsed() < GRACE, "round {round}: {:?}", told.elapsed());
        assert!(!server.note.as_ref().unwrap().exists(), "its token is gone with it");
        nothing_goes_on(&bench).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_signal_is_immediate_and_what_was_open_is_interrupted() {
    let bench = bench();
    let mut server = Server::start(&bench, &[]).await;
    let mut follower = Follower::over_lines(&server, &bench).await;
    follower.prompt("Stay").await;
    follower.until(|line| line["params"]["update"]["status"] == "in_progress").await;
    let told = Instant::now();
    // The command does not end when it is asked to, and is waited for.
    kill_process(pid(&server), Signal::TERM).unwrap();
    proc::until("nobody is let in", || std::net::TcpStream::connect(server.address).is_err()).await;
    assert!(server.child.try_wait().unwrap().is_none(), "it waits for the command");
    kill_process(pid(&server), Signal::TERM).unwrap();
    server.child.wait().await.unwrap();
    assert!(told.elapsed() < AT_ONCE, "{:?}", told.elapsed());
    nothing_goes_on(&bench).await;
    let server = Server::start(&bench, &[]).await;
    let heard = loaded(&server, &bench, &follower.session).await;
    let last = heard.iter().rfind(|line| update(line) == Some("tool_call_update")).unwrap();
    assert_eq!(last["params"]["update"]["status"], "failed", "{last}");
}
