//! Hostile bytes on the line: conversations of `fixtures/hostile`, and what is too large for a file.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::asker::{Asker, Door};
use crate::support::bench::Bench;
use crate::support::client::Client;
use crate::support::conversation;
use crate::support::link::Link;
use crate::support::proc::memory;
use crate::support::server::Server;

const MIB: u64 = 1024 * 1024;
const LIST: &str = r#"{"jsonrpc":"2.0","id":"next","method":"session/list","params":{"cwd":"/nowhere"}}"#;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/hostile")
}

async fn program(bench: &Bench) -> Client {
    Client::hello(Link::process(bench), json!({})).await
}

/// Sends a line and expects one error for it, and that the next request is answered.
async fn refused(client: &mut Client, line: &[u8]) -> Value {
    client.link.wire.send(line).await;
    client.link.wire.send(b"\n").await;
    client.link.wire.send_line(LIST).await;
    let refusal = client.next().await;
    assert_eq!(refusal["id"], Value::Null, "{refusal}");
    assert_eq!(client.next().await["id"], "next");
    refusal["error"]["code"].clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hostile_lines_are_answered_as_the_tables_say() {
    conversation::check_all(&folder()).await;
    for entry in std::fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        let known = path.ends_with("ids.txt") || path.extension().is_some_and(|it| it == "jsonl");
        assert!(known, "nobody reads {}", path.display());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_identifier_comes_back_as_it_was_written_by_every_door() {
    let bench = Bench::scripted("");
    let server = Server::start(&bench, &[]).await;
    let table = std::fs::read_to_string(folder().join("ids.txt")).unwrap();
    for door in Door::ALL {
        let mut asker = Asker::by(door, &bench, &server).await;
        let mut rows = 0;
        for row in table.lines().filter(|row| !row.starts_with('#')) {
            rows += 1;
            let (id, fine) = row.strip_prefix("! ").map_or((row, true), |id| (id, false));
            let request = format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"session/list"}}"#);
            let reply = asker.ask(request.as_bytes()).await;
            if fine {
                let answer = format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{{"sessions":[]}}}}"#);
                assert_eq!(reply, answer, "{door:?}");
            } else {
                let start = r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"#;
                assert!(reply.starts_with(start), "{door:?}, {id}: {reply}");
            }
        }
        assert!(rows >= 60, "{rows}");
        asker.leave().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_line_without_an_end_costs_no_more_than_the_limit() {
    let bench = Bench::scripted("");
    let mut client = program(&bench).await;
    let pid = client.link.pid().unwrap();
    let before = memory(pid, "VmHWM");
    let piece = vec![b'x'; MIB as usize];
    for _ in 0..100 {
        client.link.wire.send(&piece).await;
    }
    assert_eq!(refused(&mut client, b"").await, -32600);
    let grown = memory(pid, "VmHWM").saturating_sub(before);
    assert!(grown <= 72 * MIB, "{} MiB for a line of 100 MiB, with a limit of 32 MiB", grown / MIB);
    client.link.finish().await.unwrap();
}

/// Lines of so many levels or members, and the code of the error that each is owed, if any.
fn extremes(many: usize) -> Vec<(String, Option<i64>)> {
    let request =
        |rest: &str| format!(r#"{{"jsonrpc":"2.0","id":7,"method":"session/list","params":{{}}{rest}}}"#);
    let mut rows = Vec::new();
    for depth in [129, many / 10, many] {
        let (open, close) = ("[".repeat(depth), "]".repeat(depth));
        rows.push((open.clone(), Some(-32700)));
        rows.push((format!("{}{}", "{\"a\":".repeat(depth), "}".repeat(depth)), Some(-32700)));
        rows.push((request(&format!(r#","_meta":{open}1{close}"#)), Some(-32700)));
    }
    rows.push((request(&format!(r#","_meta":{}1{}"#, "[".repeat(127), "]".repeat(127))), None));
    rows.push((format!("[{}1]", "1,".repeat(many)), Some(-32600)));
    rows.push(("\"".repeat(many | 1), Some(-32700)));
    rows.push((format!(r#"{{"jsonrpc":"2.0","id":"{}","method":"a"}}"#, "x".repeat(many)), Some(-32600)));
    let keys: Vec<_> = (0..many).map(|key| format!("\"{key}\":{key}")).collect();
    let keys = keys.join(",");
    // Unknown keys are read over.
    rows.push((request(&format!(",{keys}")), None));
    let list = r#"{"jsonrpc":"2.0","id":7,"method":"session/list","params":"#;
    rows.push((format!("{list}{{{keys}}}}}"), None));
    rows.push((format!("{list}{{\"_meta\":{{{keys}}}}}}}"), None));
    rows
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn depth_and_width_are_refused_or_read_over_quickly_by_every_door() {
    let bench = Bench::scripted("");
    let server = Server::start(&bench, &[]).await;
    for (doors, many) in [(&Door::ALL[..1], 1_000_000), (&Door::NETWORK[..], 50_000)] {
        let rows = extremes(many);
        for door in doors {
            let mut asker = Asker::by(*door, &bench, &server).await;
            let started = Instant::now();
            for (line, code) in &rows {
                let reply = asker.ask(line.as_bytes()).await;
                let reply: Value = serde_json::from_str(&reply).unwrap();
                let beginning = &line[..line.len().min(60)];
                match code {
                    Some(code) => {
                        let said = (&reply["id"], &reply["error"]["code"]);
                        assert_eq!(said, (&Value::Null, &json!(code)), "{door:?}: {beginning}");
                        let next: Value = serde_json::from_str(&asker.ask(LIST.as_bytes()).await).unwrap();
                        assert_eq!(next["id"], "next");
                    }
                    None => assert_eq!(reply["result"], json!({ "sessions": [] }), "{door:?}: {beginning}"),
                }
            }
            // An unoptimised build under load; a quadratic reader would take hours.
            assert!(started.elapsed() < Duration::from_secs(30), "{door:?}: {:?}", started.elapsed());
            asker.leave().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bytes_may_come_one_by_one() {
    let bench = Bench::scripted("{\"when\":\"\",\"answer\":[{\"text\":\"ok\"}]}\n");
    let (mut client, session) = Client::open(Link::process(&bench), &bench).await;
    let prompt = json!([{ "type": "text", "text": "Grüße 🦀" }]);
    let params = json!({ "sessionId": session, "prompt": prompt });
    let line =
        json!({ "jsonrpc": "2.0", "id": 900, "method": "session/prompt", "params": params }).to_string();
    for byte in format!("{line}\r\n").bytes() {
        client.link.wire.send(&[byte]).await;
    }
    assert_eq!(client.reply(900).await.unwrap()["stopReason"], "end_turn");
    client.link.finish().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_asked_before_the_end_is_answered_even_by_half_a_line() {
    let bench = Bench::scripted("{\"when\":\"\",\"answer\":[{\"text\":\"ok\"},\"wait\"]}\n");
    let (mut client, session) = Client::open(Link::process(&bench), &bench).await;
    let mut open: std::collections::BTreeSet<u64> = std::collections::BTreeSet::new();
    open.insert(client.prompt(&session, "go").await);
    for _ in 0..200 {
        open.insert(client.ask("session/list", json!({})).await);
    }
    let half = br#"{"jsonrpc":"2.0","id":9000,"method":"session/list","#;
    client.link.wire.send(half).await;
    client.link.wire.end().await;
    let mut half_answered = false;
    while let Some(line) = client.link.wire.json().await.unwrap() {
        match line["id"].as_u64() {
            Some(id) => assert!(open.remove(&id), "{line}"),
            None => half_answered |= line["error"]["code"] == -32700,
        }
    }
    assert!(open.is_empty(), "not answered: {open:?}");
    assert!(half_answered, "half a line is told that it is none");
    client.link.finish().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_closes_its_ears_ends_the_program() {
    let bench = Bench::scripted("{\"when\":\"\",\"answer\":[{\"repeat\":{\"n\":200000,\"size\":100}}]}\n");
    let (mut client, session) = Client::open(Link::process(&bench), &bench).await;
    client.prompt(&session, "talk").await;
    let pid = client.link.pid().unwrap();
    let mut child = client.link.hang_up();
    let status = tokio::time::timeout(Duration::from_secs(20), child.wait()).await;
    assert!(status.is_ok(), "process {pid} goes on talking to nobody");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_does_not_read_is_not_kept_in_memory() {
    let bench = Bench::scripted("{\"when\":\"\",\"answer\":[{\"repeat\":{\"n\":30000,\"size\":1000}}]}\n");
    let (mut client, session) = Client::open(Link::process(&bench), &bench).await;
    let pid = client.link.pid().unwrap();
    let before = memory(pid, "VmHWM");
    let id = client.prompt(&session, "talk").await;
    // The turn ends without a reader: its end is in the store.
    let mut guest = program(&bench).await;
    let mut list = json!(null);
    while list["sessions"][0]["title"] != "talk" {
        list = guest.request("session/list", json!({})).await.unwrap();
    }
    let reply = client.reply(id).await.unwrap();
    assert_eq!(reply["stopReason"], "end_turn");
    let grown = memory(pid, "VmHWM").saturating_sub(before);
    assert!(grown <= 96 * MIB, "{} MiB for 30 MB of text", grown / MIB);
    client.link.finish().await.unwrap();
    guest.link.finish().await.unwrap();
}
