//! One session, whatever door its clients come in by.

use serde_json::{Value, json};

use crate::support::bench::Bench;
use crate::support::client::{Client, said};
use crate::support::server::Server;

const WORDS: &str =
    "{\"text\":\"one \"}\n{\"text\":\"two \"}\n{\"text\":\"three\"}\n{\"stop\":\"end_turn\"}\n";

fn words(lines: &[Value]) -> String {
    lines.iter().filter_map(said).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_turn_is_the_same_over_tcp_and_over_a_websocket() {
    for over_tcp in [true, false] {
        let bench = Bench::scripted(WORDS);
        let server = Server::start(&bench, &[]).await;
        let link = if over_tcp { server.tcp().await } else { server.websocket().await };
        let (mut client, session) = Client::open(link, &bench).await;
        let turn = client.prompt(&session, "Count").await;
        let reply = client.reply(turn).await.unwrap();
        assert_eq!(reply["stopReason"], "end_turn");
        assert_eq!(words(&client.heard), "one two three");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_of_different_doors_see_the_same_session_and_any_of_them_answers() {
    let call = json!({ "call": { "name": "write", "input": { "path": "a.txt", "content": "a" } } });
    let bench = Bench::scripted(&format!("{call}\n{{\"stop\":\"end_turn\"}}\n{WORDS}"));
    let server = Server::start(&bench, &[]).await;
    let (mut first, session) = Client::open(server.tcp().await, &bench).await;
    let mut second = Client::hello(server.websocket().await, json!({})).await;
    second
        .request("session/load", json!({ "sessionId": session, "cwd": bench.cwd(), "mcpServers": [] }))
        .await
        .unwrap();
    let turn = first.prompt(&session, "Write it").await;
    let asked = |line: &Value| line["method"] == "session/request_permission";
    first.until(asked).await;
    let question = second.until(asked).await;
    second.answer(&question, json!({ "outcome": { "outcome": "selected", "optionId": "allow_once" } })).await;
    first.reply(turn).await.unwrap();
    second.until(|line| said(line) == Some("three")).await;
    assert_eq!(words(&first.heard), "one two three");
    assert_eq!(words(&second.heard), "one two three");
    assert_eq!(bench.read("a.txt").unwrap(), "a");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_turn_goes_on_when_its_client_is_gone_and_is_there_for_the_next() {
    let call = json!({ "call": { "name": "write", "input": { "path": "a.txt", "content": "a" } } });
    let bench = Bench::scripted(&format!("{call}\n{{\"stop\":\"end_turn\"}}\n{WORDS}"));
    let server = Server::start(&bench, &[]).await;
    let (mut first, session) = Client::open(server.websocket().await, &bench).await;
    first.prompt(&session, "Write it").await;
    let asked = |line: &Value| line["method"] == "session/request_permission";
    first.until(asked).await;
    drop(first);
    // The question is put anew to whoever comes.
    let mut second = Client::hello(server.tcp().await, json!({})).await;
    second
        .request("session/load", json!({ "sessionId": session, "cwd": bench.cwd(), "mcpServers": [] }))
        .await
        .unwrap();
    let known = second.heard.iter().find(|line| asked(line)).cloned();
    let question = match known {
        Some(question) => question,
        None => second.until(asked).await,
    };
    second.answer(&question, json!({ "outcome": { "outcome": "selected", "optionId": "allow_once" } })).await;
    second.until(|line| said(line) == Some("three")).await;
    assert_eq!(bench.read("a.txt").unwrap(), "a");
}
