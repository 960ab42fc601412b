//! Long outputs of a session's tools: kept from the first of them until the session is deleted.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

use crate::support::bench::Bench;
use crate::support::client::Client;
use crate::support::link::Link;
use crate::support::proc::until;

/// A session in which everything may be done, and the folder of all outputs.
async fn open() -> (Bench, Client, String, PathBuf) {
    let bench = Bench::scripted("");
    let run = |when: &str, command: &str| answer(when, "bash", &json!({"command": command}));
    fs::write(bench.script(), run("long", "seq 1 50000") + &run("short", "echo short")).unwrap();
    let (mut client, session) = Client::open(Link::memory(&bench.door()), &bench).await;
    allow(&mut client, &session).await;
    let outputs = bench.home().join(".local/share/adjutant/outputs");
    (bench, client, session, outputs)
}

/// A line of a script that answers a prompt with one call, and one that ends the turn.
fn answer(when: &str, tool: &str, input: &Value) -> String {
    let call = json!({"call": {"id": "c1", "name": tool, "input": input}});
    let call = json!({"when": when, "results": 0, "answer": [call]});
    let end = json!({"when": when, "results": 1, "answer": [{"text": "Done."}]});
    format!("{call}\n{end}\n")
}

async fn allow(client: &mut Client, session: &str) {
    client.request("session/set_mode", json!({"sessionId": session, "modeId": "full"})).await.unwrap();
}

async fn prompt(client: &mut Client, session: &str, text: &str) {
    let id = client.prompt(session, text).await;
    client.reply(id).await.unwrap();
}

/// As if it had been changed that long after the epoch.
fn age(folder: &Path, seconds: u64) {
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
    File::open(folder).unwrap().set_modified(time).unwrap();
}

#[tokio::test]
async fn long_outputs_are_kept_from_the_first_until_the_session_is_deleted() {
    let (bench, mut client, session, outputs) = open().await;
    prompt(&mut client, &session, "short").await;
    assert!(!outputs.exists(), "nothing is made before it is needed");
    prompt(&mut client, &session, "long").await;
    let file = outputs.join(&session).join("1.txt");
    assert!(fs::read_to_string(&file).unwrap().ends_with("\n50000\n"));
    client.leave().await;

    // Loaded again, the session can still read it.
    let script = answer("look", "read", &json!({"path": file, "line": 40_000, "limit": 2}));
    fs::write(bench.script(), script).unwrap();
    let mut client = Client::hello(Link::memory(&bench.door()), json!({})).await;
    let place = json!({"sessionId": session, "cwd": bench.cwd(), "mcpServers": []});
    client.request("session/load", place).await.unwrap();
    client.heard.clear();
    prompt(&mut client, &session, "look").await;
    assert!(client.heard.iter().any(|line| line.to_string().contains("40001")), "{:?}", client.heard);
    client.request("session/delete", json!({"sessionId": session})).await.unwrap();
    assert!(!file.parent().unwrap().exists());
    client.leave().await;
}

#[tokio::test]
async fn old_outputs_make_room_unless_their_session_is_open() {
    let (bench, mut client, session, outputs) = open().await;
    prompt(&mut client, &session, "long").await;
    prompt(&mut client, &session, "short").await;
    for number in 0..250 {
        let folder = outputs.join(format!("gone-{number}"));
        fs::create_dir(&folder).unwrap();
        age(&folder, 1 + number);
    }
    age(&outputs.join(&session), 0);
    let other = client.session(&bench).await;
    allow(&mut client, &other).await;
    prompt(&mut client, &other, "long").await;
    prompt(&mut client, &other, "short").await;
    until("old outputs are gone", || fs::read_dir(&outputs).unwrap().count() < 110).await;
    assert!(!outputs.join("gone-0").exists() && outputs.join("gone-249").exists());
    assert!(outputs.join(&session).join("1.txt").exists(), "its session is open");
    client.leave().await;
}
