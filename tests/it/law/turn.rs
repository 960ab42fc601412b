//! One session, one turn: who may change it and how it ends.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use adjutant::permission::Mode;
use adjutant::store::{self, Place};
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::support::bench::Bench;
use crate::support::client::{Client, said, update};
use crate::support::link::Link;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn l1_prompts_sent_at_once_become_one_turn_and_clear_refusals() {
    let bench = Bench::scripted("{\"when\":\"\",\"answer\":[\"wait\"]}\n");
    let (mut client, session) = Client::open(Link::memory(&bench.door()), &bench).await;
    let mut ids = Vec::new();
    for at in 0..100 {
        ids.push(client.prompt(&session, &format!("prompt {at}")).await);
    }
    let mut refused = 0;
    while refused < 99 {
        let line = client.until(|line| line.get("error").is_some()).await;
        assert_eq!(line["error"]["code"], -32600, "{line}");
        refused += 1;
    }
    client.cancel(&session).await;
    let line = client.until(|line| line["result"]["stopReason"] == "cancelled").await;
    assert_eq!(line["id"], ids[0], "the first one became the turn");
    client.link.finish().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_turn_is_given_up_at_once_while_the_editor_is_silent_about_a_mentioned_file() {
    let bench = Bench::scripted("{\"when\":\"\",\"answer\":[\"wait\"]}\n");
    bench.write("a.txt", "saved");
    let client = Client::hello(Link::memory(&bench.door()), json!({"fs": {"readTextFile": true}}));
    let mut client = client.await;
    let session = client.session(&bench).await;
    let id = client.prompt(&session, "Look at @a.txt").await;
    client.until(|line| line["method"] == "fs/read_text_file").await;
    let given_up = Instant::now();
    client.cancel(&session).await;
    assert_eq!(client.reply(id).await.unwrap()["stopReason"], "cancelled");
    assert!(given_up.elapsed() < Duration::from_secs(2), "{:?}", given_up.elapsed());
    client.link.finish().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn l2_every_request_is_answered_once() {
    let bench = Bench::scripted(
        "{\"when\":\"quick\",\"answer\":[{\"text\":\"ok\"}]}\n{\"when\":\"slow\",\"answer\":[\"wait\"]}\n",
    );
    let (mut client, session) = Client::open(Link::memory(&bench.door()), &bench).await;
    let first = client.ask("session/list", json!({})).await;
    let place = json!({ "sessionId": session, "cwd": bench.cwd(), "mcpServers": [] });
    for at in 0..40 {
        client.prompt(&session, if at % 3 == 0 { "slow" } else { "quick" }).await;
        client.ask("session/list", json!({})).await;
        client.ask("session/load", place.clone()).await;
        client.ask("session/prompt", json!({ "wrong": at })).await;
        client.ask("no/such", json!({})).await;
        if at % 5 == 0 {
            client.ask("session/fork", place.clone()).await;
        }
        client.cancel(&session).await;
        client.ask("session/resume", place.clone()).await;
    }
    let last = client.ask("session/list", json!({})).await;
    client.cancel(&session).await;
    client.link.wire.end().await;
    let mut open: BTreeSet<u64> = (first..=last).collect();
    while let Some(line) = client.link.wire.json().await.unwrap() {
        if line.get("method").is_none() {
            let id = line["id"].as_u64().unwrap();
            assert!(open.remove(&id), "a second reply, or one to nothing: {line}");
        }
    }
    assert!(open.is_empty(), "never answered: {open:?}");
    client.link.finish().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn l3_a_prompts_reply_follows_every_update_of_its_turn() {
    let bench = Bench::scripted(
        "{\"when\":\"say (\\\\d+)\",\"answer\":[{\"repeat\":{\"n\":\"$1\",\"size\":8}},{\"text\":\"end\"}]}\n",
    );
    let (mut client, session) = Client::open(Link::memory(&bench.door()), &bench).await;
    for count in [0, 1, 2, 63, 64, 65, 255, 256, 257, 1000, 5000] {
        let id = client.prompt(&session, &format!("say {count}")).await;
        let from = client.heard.len();
        client.reply(id).await.unwrap();
        let texts: Vec<_> = client.heard[from..].iter().filter_map(said).collect();
        assert_eq!(texts.len(), count + 1);
        assert_eq!(texts.last(), Some(&"end"));
        for (at, text) in texts[..count].iter().enumerate() {
            assert_eq!(text.trim().parse(), Ok(at), "in order");
        }
    }
    client.link.finish().await.expect("nothing after the last reply");
}

/// Prompts and cancels, so often that the cancel comes before, in and after the request `method`.
async fn cancel_around(call: &Value, method: &str) {
    let bench = Bench::scripted(&format!("{}\n", json!({ "when": "", "answer": [{ "call": call }] })));
    let door = bench.door_over(store::open(Place::Memory), Mode::Default);
    let forms = json!({ "elicitation": { "form": {} } });
    let mut client = Client::hello(Link::memory(&door), forms).await;
    let session = client.session(&bench).await;
    let mut asked = 0;
    for round in 0..500 {
        let id = client.prompt(&session, "go").await;
        for _ in 0..round % 50 {
            tokio::task::yield_now().await;
        }
        if round % 10 == 9 {
            client.until(|line| line["method"] == method).await;
        }
        client.cancel(&session).await;
        let from = client.heard.len();
        let reply = timeout(Duration::from_secs(10), client.reply(id)).await;
        let reply = reply.unwrap_or_else(|_| panic!("round {round}: the turn hangs"));
        assert_eq!(reply.unwrap(), json!({ "stopReason": "cancelled" }), "round {round}");
        asked += client.heard[from..].iter().filter(|line| line["method"] == method).count();
        client.heard.clear();
    }
    assert!(bench.read("made").is_err(), "nothing was run");
    assert!(asked < 500, "some turns were cancelled before they asked");
    client.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn l7_a_turn_that_is_cancelled_around_its_question_ends_as_cancelled() {
    let fields = json!([{ "name": "which", "kind": "text" }]);
    let touch = json!({ "name": "bash", "input": { "command": "touch made" } });
    let question = json!({ "name": "question", "input": { "message": "Which?", "fields": fields } });
    tokio::join!(
        cancel_around(&touch, "session/request_permission"),
        cancel_around(&question, "elicitation/create"),
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn l9_answers_that_nobody_waits_for_change_nothing() {
    let bench = Bench::scripted("{\"when\":\"\",\"answer\":[{\"text\":\"ok\"}]}\n");
    let (mut client, session) = Client::open(Link::memory(&bench.door()), &bench).await;
    for id in [json!(0), json!(-1), json!("0"), json!(99), json!(null), json!(1e300)] {
        client.send(&json!({ "jsonrpc": "2.0", "id": id, "result": {} })).await;
        client.send(&json!({ "jsonrpc": "2.0", "id": id, "error": { "code": 1, "message": "no" } })).await;
        client.cancel(&session).await;
    }
    let id = client.prompt(&session, "go").await;
    client.reply(id).await.unwrap();
    let told: Vec<_> = client.heard.iter().filter(|line| update(line).is_none()).collect();
    assert_eq!(told.len(), 3, "the replies to initialize, session/new and the prompt: {told:?}");
    client.link.finish().await.unwrap();
}
