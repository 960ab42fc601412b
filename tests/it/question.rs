//! Questions with several clients at one session.

use std::time::Duration;

use adjutant::config::{Budget, Budgets, Config};
use adjutant::permission::Mode;
use adjutant::store::{self, Place};
use serde_json::{Value, json};

use crate::support::bench::Bench;
use crate::support::client::{Client, update};
use crate::support::link::Link;

fn script(input: &Value) -> String {
    let call = json!({ "call": { "id": "c1", "name": "question", "input": input } });
    let asks = json!({ "when": "", "results": 0, "answer": [call] });
    let says = json!({ "when": "", "results": 1, "answer": [{ "text": "Well." }] });
    format!("{asks}\n{says}\n")
}

/// A client that forms can be put to, one that pages can be put to, and one that cannot be asked, all at the same
/// session; the first one began its turn.
async fn three(bench: &Bench, capabilities: Value) -> (Client, Client, Client, u64) {
    let door = bench.door_over(store::open(Place::Memory), Mode::Default);
    let mut first = Client::hello(Link::memory(&door), capabilities.clone()).await;
    let session = first.session(bench).await;
    let mut second = Client::hello(Link::memory(&door), capabilities).await;
    let mut silent = Client::hello(Link::memory(&door), json!({})).await;
    for client in [&mut second, &mut silent] {
        let place = json!({ "sessionId": session, "cwd": bench.cwd(), "mcpServers": [] });
        client.request("session/resume", place).await.unwrap();
    }
    let id = first.prompt(&session, "go").await;
    (first, second, silent, id)
}

fn is_question(line: &Value) -> bool {
    line["method"] == "elicitation/create"
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_answers_first_is_heard_and_the_others_are_told_so() {
    let bench = Bench::scripted(&script(&json!({
        "message": "Which?", "fields": [{ "name": "which", "kind": "text" }],
    })));
    let forms = json!({ "elicitation": { "form": {} } });
    let (mut first, mut second, mut silent, id) = three(&bench, forms).await;
    let asked = first.until(is_question).await;
    let same = second.until(is_question).await;
    assert_eq!(asked["params"], same["params"]);
    second.answer(&same, json!({ "action": "accept", "content": { "which": "this" } })).await;
    let withdrawn = first.until(|line| line["method"] == "$/cancel_request").await;
    assert_eq!(withdrawn["params"]["requestId"], asked["id"]);
    first.answer(&asked, json!({ "action": "accept", "content": { "which": "that" } })).await;
    // The request may be taken back behind the turn's last line.
    let replied = |line: &Value| line["id"] == id && line.get("result").is_some();
    if !first.heard.iter().any(replied) {
        first.until(replied).await;
    }
    let result = first.heard.iter().find(|line| line["params"]["update"]["status"] == "completed").unwrap();
    assert_eq!(result["params"]["update"]["rawOutput"], json!({ "which": "this" }));
    silent.until(|line| update(line) == Some("agent_message_chunk")).await;
    assert!(!silent.heard.iter().any(is_question), "it cannot be asked");
    for client in [second, silent, first] {
        client.leave().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_is_complete_for_everyone_who_was_sent_there() {
    let bench = Bench::scripted(&script(&json!({ "message": "Sign in.", "url": "https://example.org/" })));
    let pages = json!({ "elicitation": { "url": {} } });
    let (mut first, mut second, mut silent, id) = three(&bench, pages).await;
    let asked = first.until(is_question).await;
    second.until(is_question).await;
    first.answer(&asked, json!({ "action": "accept" })).await;
    for client in [&mut first, &mut second] {
        let done = client.until(|line| line["method"] == "elicitation/complete").await;
        assert_eq!(done["params"]["elicitationId"], asked["params"]["elicitationId"]);
    }
    first.reply(id).await.unwrap();
    silent.until(|line| update(line) == Some("agent_message_chunk")).await;
    let about = |line: &Value| line["method"].as_str().is_some_and(|it| it.starts_with("elicitation"));
    assert!(!silent.heard.iter().any(about), "it was not sent there");
    for client in [second, silent, first] {
        client.leave().await;
    }
}

#[tokio::test(start_paused = true)]
async fn the_time_that_people_take_is_no_time_of_the_turn() {
    let calls = [
        json!({ "name": "question", "input": { "message": "?", "fields": [{ "name": "a", "kind": "text" }] } }),
        json!({ "name": "write", "input": { "path": "a", "content": "b" } }),
    ];
    let [asks, writes] = calls.map(|call| json!([{ "call": call }]));
    let answers = [asks, writes, json!([{ "text": "Done." }])];
    let lines = answers.iter().enumerate().map(|(results, answer)| {
        json!({ "when": "", "results": results, "answer": answer }).to_string() + "\n"
    });
    let bench = Bench::scripted(&lines.collect::<String>());
    let turn = Budget { time: Some(Duration::from_mins(10)), ..Budget::default() };
    let config = Config { budgets: Budgets { turn, ..Budgets::default() }, ..Config::default() };
    let door = bench.door_under(store::open(Place::Memory), config);
    let forms = json!({ "elicitation": { "form": {} } });
    let mut client = Client::hello(Link::memory(&door), forms).await;
    let session = client.session(&bench).await;
    let id = client.prompt(&session, "go").await;
    let rejected = json!({ "outcome": { "outcome": "selected", "optionId": "reject_once" } });
    for (method, answer) in [
        ("elicitation/create", json!({ "action": "accept", "content": { "a": "b" } })),
        ("session/request_permission", rejected),
    ] {
        let asked = client.until(|line| line["method"] == method).await;
        tokio::time::advance(Duration::from_mins(15)).await;
        client.answer(&asked, answer).await;
    }
    assert_eq!(client.reply(id).await.unwrap()["stopReason"], "end_turn");
    client.leave().await;
}
