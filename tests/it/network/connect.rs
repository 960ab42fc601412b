//! A server somewhere else, as an agent on stdin and stdout.

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tokio::process::Command;

use super::resumption::{counting, counts_through, numbers};
use crate::support::bench::{Bench, Model, PROGRAM};
use crate::support::client::{Client, said, update};
use crate::support::link::Link;
use crate::support::proxy::{Proxy, Weather};
use crate::support::server::Server;

fn connect(bench: &Bench, address: &str) -> Link {
    Link::command(Command::new(PROGRAM).args(["connect", address]), bench)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_editor_works_with_a_server_somewhere_else_as_with_its_own() {
    for scheme in ["tcp", "ws"] {
        let read = json!({ "call": { "name": "read", "input": { "path": "a.txt" } } });
        let write = json!({ "call": { "name": "write", "input": { "path": "b.txt", "content": "b" } } });
        let bench = Bench::scripted(&format!(
            "{read}\n{{\"stop\":\"end_turn\"}}\n{write}\n{{\"stop\":\"end_turn\"}}\n{{\"text\":\"Done.\"}}\n{{\"stop\":\"end_turn\"}}\n"
        ));
        bench.write("a.txt", "on disk");
        let server = Server::start(&bench, &[]).await;
        let link = Link::command(
            Command::new(PROGRAM).args(["acp", "--attach", &format!("{scheme}://{}", server.address)]),
            &bench,
        );
        let mut client = Client::hello(link, json!({ "fs": { "readTextFile": true } })).await;
        let session = client.session(&bench).await;
        let turn = client.prompt(&session, "Do it").await;
        let mut asked = Vec::new();
        let reply = loop {
            let message = client.next().await;
            match message["method"].as_str() {
                None if message["id"] == turn => break message,
                Some(method @ ("fs/read_text_file" | "session/request_permission")) => {
                    asked.push(method.to_owned());
                    let allow = json!({ "outcome": { "outcome": "selected", "optionId": "allow_once" } });
                    let content = json!({ "content": "in the editor" });
                    client.answer(&message, if method.starts_with("fs/") { content } else { allow }).await;
                }
                _ => {}
            }
        };
        assert_eq!(reply["result"]["stopReason"], "end_turn");
        assert_eq!(asked[0], "fs/read_text_file");
        assert!(asked.iter().any(|method| method == "session/request_permission"), "{asked:?}");
        assert_eq!(bench.read("b.txt").unwrap(), "b");
        client.leave().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_editor_notices_nothing_of_a_bad_network() {
    const NUMBERS: usize = 2000;
    let bench = Bench::scripted(&counting(NUMBERS));
    let server = Server::start(&bench, &["--hostname", "127.0.0.2"]).await;
    let proxy = Proxy::start(server.address, Weather::CALM, 1).await;
    let (mut client, session) = Client::open(connect(&bench, &proxy.address.to_string()), &bench).await;
    counts_through(&mut client, &session, &proxy, 4).await;
    assert_eq!(numbers(&client.heard), (0..NUMBERS).collect::<Vec<_>>());
    client.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_editor_goes_on_with_its_sessions_when_the_server_was_started_again() {
    for kind in [Signal::KILL, Signal::TERM] {
        let write = json!({ "call": { "name": "write", "input": { "path": "a.txt", "content": "a" } } });
        let bench = Bench::scripted(&format!("{write}\n{{\"stop\":\"end_turn\"}}\n"));
        let mut server = Server::start(&bench, &[]).await;
        let port = server.address.port().to_string();
        let (mut client, session) = Client::open(connect(&bench, &port), &bench).await;
        let turn = client.prompt(&session, "Write it").await;
        let asked = |line: &serde_json::Value| line["method"] == "session/request_permission";
        let question = client.until(asked).await;
        kill_process(Pid::from_raw(server.child.id().unwrap() as i32).unwrap(), kind).unwrap();
        server.child.wait().await.unwrap();
        std::fs::write(bench.script(), format!("{write}\n{{\"stop\":\"end_turn\"}}\n{}", counting(3)))
            .unwrap();
        let _again = Server::start(&bench, &["--port", &port]).await;
        // Killed, it told nothing of the turn; else it has ended it in order.
        let ended = client.reply(turn).await;
        if kind == Signal::KILL {
            assert!(ended.unwrap_err()["message"].as_str().unwrap().contains("gone"));
        }
        let turn = client.prompt(&session, "Once more").await;
        let second = client.until(asked).await;
        assert_ne!(second["id"], question["id"]);
        let allow = json!({ "outcome": { "outcome": "selected", "optionId": "allow_once" } });
        // An answer to the server that is gone answers nothing.
        client.answer(&question, allow.clone()).await;
        assert!(bench.read("a.txt").is_err());
        client.answer(&second, allow).await;
        assert_eq!(client.reply(turn).await.unwrap()["stopReason"], "end_turn");
        assert_eq!(told_numbers(&client.heard), [0, 1, 2]);
        assert_eq!(bench.read("a.txt").unwrap(), "a");
        client.leave().await;
    }
}

/// A server that can be cut off, killed and started again, always with the same address.
struct Elsewhere {
    bench: Bench,
    server: Server,
}

impl Elsewhere {
    async fn start(script: &str) -> Self {
        let bench = Bench::scripted(script);
        let server = Server::start(&bench, &["--hostname", "127.0.0.2", "--mode", "full"]).await;
        Self { bench, server }
    }

    async fn proxy(&self) -> Proxy {
        Proxy::start(self.server.address, Weather::CALM, 1).await
    }

    /// Waits until the session has come so far, as somebody sees who is connected without a proxy.
    async fn until(&self, session: &str, wanted: impl Fn(&Value) -> bool) {
        let mut client = Client::hello(self.server.tcp().await, json!({})).await;
        let place = json!({ "sessionId": session, "cwd": self.bench.cwd(), "mcpServers": [] });
        client.ask("session/load", place).await;
        client.until(wanted).await;
    }

    /// Killed, with no chance to say or write anything more, and started again with another script.
    async fn kill(&mut self, script: &str) {
        self.server.child.kill().await.unwrap();
        std::fs::write(self.bench.script(), script).unwrap();
        let port = self.server.address.port().to_string();
        let options = ["--hostname", "127.0.0.2", "--mode", "full", "--port", &port];
        self.server = Server::start(&self.bench, &options).await;
    }
}

/// The numbers that were said, whatever was said of the turn itself.
fn told_numbers(heard: &[Value]) -> Vec<usize> {
    numbers(&heard.iter().filter(|line| !is_interruption(line)).cloned().collect::<Vec<_>>())
}

/// Numbers, and then a command that ends when there is a file.
fn counting_until(from: usize, to: usize, file: &str) -> String {
    let numbers = (from..to).map(|number| json!({ "text": format!("{number} ") }));
    let command = format!("until [ -e {file} ]; do sleep 0.01; done");
    let call = json!({ "call": { "id": file, "name": "bash", "input": { "command": command } } });
    let lines = numbers.chain([call, json!({ "stop": "end_turn" })]);
    lines.map(|line| line.to_string() + "\n").collect()
}

fn is_about(call: &str) -> impl Fn(&Value) -> bool {
    move |line| update(line) == Some("tool_call_update") && line["params"]["update"]["toolCallId"] == call
}

/// What is said of a turn whose process has ended.
fn is_interruption(line: &Value) -> bool {
    said(line).is_some_and(|text| text.contains("interrupted"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_written_down_and_not_delivered_is_shown_when_the_server_was_started_again() {
    let script = counting_until(0, 500, "go") + &counting_until(500, 1000, "never");
    let mut elsewhere = Elsewhere::start(&script).await;
    let proxy = elsewhere.proxy().await;
    let link = connect(&elsewhere.bench, &proxy.address.to_string());
    let (mut client, session) = Client::open(link, &elsewhere.bench).await;
    let turn = client.prompt(&session, "Count").await;
    client.until(is_about("go")).await;
    // Nobody comes through, and the turn goes on.
    drop(proxy);
    elsewhere.bench.write("go", "");
    elsewhere.until(&session, is_about("never")).await;
    elsewhere.kill("{\"when\":\"Once more\",\"answer\":[\"wait\"]}\n").await;
    let proxy = elsewhere.proxy().await;
    let lost = client.reply(turn).await.unwrap_err();
    assert!(lost["message"].as_str().unwrap().contains("gone"), "{lost}");
    client.until(is_interruption).await;
    assert_eq!(told_numbers(&client.heard), (0..1000).collect::<Vec<_>>());
    let of = |line: &Value, kind| (update(line) == Some(kind)).then(|| line["params"]["update"].clone());
    let calls: Vec<_> = client.heard.iter().filter_map(|line| of(line, "tool_call")).collect();
    assert_eq!(calls.iter().map(|call| &call["toolCallId"]).collect::<Vec<_>>(), ["go", "never"]);
    let ends = client.heard.iter().filter_map(|line| of(line, "tool_call_update"));
    let failed: Vec<_> = ends.filter(|call| call["status"] == "failed").collect();
    assert!(failed.len() == 1 && failed[0]["toolCallId"] == "never", "{failed:?}");
    // Who waits for an answer is not shown its own words.
    let turn = client.prompt(&session, "Once more").await;
    let accepted = |line: &Value| {
        of(line, "user_message_chunk").is_some_and(|chunk| chunk["content"]["text"] == "Once more")
    };
    elsewhere.until(&session, accepted).await;
    drop(proxy);
    elsewhere.kill("").await;
    let _proxy = elsewhere.proxy().await;
    client.reply(turn).await.unwrap_err();
    client.until(is_interruption).await;
    assert!(!client.heard.iter().any(|line| of(line, "user_message_chunk").is_some()));
    assert!(!client.heard.iter().any(|line| line.to_string().contains("cursor")));
    client.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_there_is_no_server_it_ends_at_once_and_says_why() {
    let bench = Bench::new(Model::Offline, "");
    let server = Server::start(&bench, &[]).await;
    let address = server.address.to_string();
    std::fs::remove_file(server.note.as_ref().unwrap()).unwrap();
    let free = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().to_string();
    let rows = [("ftp://x:1", 64, "tcp://"), (&free, 69, "running"), (&address, 77, "ADJUTANT_TOKEN")];
    for (address, code, says) in rows {
        let output = bench.program(&["connect", address]).output().await.unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{address}: {stderr}");
        assert!(stderr.contains(says) && stderr.lines().count() == 1, "{address}: {stderr}");
        assert!(output.stdout.is_empty());
    }
}
