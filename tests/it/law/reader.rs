//! Readers go at their own pace, and every queue has an end.

use adjutant::jsonrpc::MAX_LINE;
use adjutant::rpc::Limits;
use adjutant::transport;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::support::bench::Bench;
use crate::support::client::{Client, said, update};
use crate::support::link::Link;

const PIECES: usize = 10_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn l4_a_stalled_reader_stalls_nobody_and_loses_nothing() {
    let script = format!("{{\"when\":\"\",\"answer\":[{{\"repeat\":{{\"n\":{PIECES},\"size\":20}}}}]}}\n");
    let bench = Bench::scripted(&script);
    let door = bench.door();
    let (mut talker, session) = Client::open(Link::memory(&door), &bench).await;
    let mut stalled = Client::hello(Link::memory(&door), json!({})).await;
    let place = json!({ "sessionId": session, "cwd": bench.cwd(), "mcpServers": [] });
    stalled.request("session/load", place).await.unwrap();
    stalled.until(|line| update(line) == Some("available_commands_update")).await;

    let id = talker.prompt(&session, "talk").await;
    let reply = talker.reply(id).await;
    assert_eq!(reply.unwrap()["stopReason"], "end_turn", "with nobody reading at the other end");

    let mut next = 0;
    while next < PIECES {
        let line = stalled.next().await;
        if let Some(text) = said(&line) {
            assert_eq!(text.trim().parse(), Ok(next), "in order, without a gap");
            next += 1;
        }
    }
    talker.link.finish().await.unwrap();
    drop(stalled);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn l4_two_clients_see_the_same_stream() {
    let bench = Bench::scripted(
        "{\"when\":\"\",\"results\":0,\"answer\":[{\"text\":\"a\"},{\"call\":{\"name\":\"list\",\"input\":{}}}]}\n\
         {\"when\":\"\",\"results\":1,\"answer\":[{\"repeat\":{\"n\":200,\"gap_us\":2000}}]}\n",
    );
    let door = bench.door();
    let (mut talker, session) = Client::open(Link::memory(&door), &bench).await;
    let mut guest = Client::hello(Link::memory(&door), json!({})).await;
    let place = json!({ "sessionId": session, "cwd": bench.cwd(), "mcpServers": [] });
    guest.request("session/load", place).await.unwrap();
    guest.until(|line| update(line) == Some("available_commands_update")).await;
    talker.heard.clear();
    guest.heard.clear();

    let id = talker.prompt(&session, "talk").await;
    talker.until(|line| said(line).is_some()).await;
    let refused = guest.request(
        "session/prompt",
        json!({ "sessionId": session, "prompt": [{ "type": "text", "text": "me too" }] }),
    );
    assert_eq!(refused.await.unwrap_err()["code"], -32600, "one turn at a time, whoever asks");
    talker.reply(id).await.unwrap();
    guest.until(|line| said(line).is_some_and(|text| text.trim() == "000000199")).await;
    let stream = |client: &Client| {
        let updates = client.heard.iter().filter(|line| update(line).is_some());
        updates.filter(|line| update(line) != Some("user_message_chunk")).cloned().collect::<Vec<_>>()
    };
    assert_eq!(stream(&talker), stream(&guest));
    let prompts = guest.heard.iter().filter(|line| update(line) == Some("user_message_chunk")).count();
    assert_eq!(prompts, 1, "the guest is shown what the other one said");
    talker.link.finish().await.unwrap();
    guest.link.finish().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn l5_more_requests_than_may_be_open_are_refused_and_cancelling_still_works() {
    let bench = Bench::scripted("{\"when\":\"\",\"answer\":[\"wait\"]}\n");
    let door = bench.door();
    let (near, far) = transport::memory(MAX_LINE);
    let serving = tokio::spawn(async move {
        door.serve(far, Limits { calls: 3, ..Limits::default() }, CancellationToken::new()).await
    });
    let mut client = Client::hello(Link::alone(near, serving), json!({})).await;
    let mut sessions = Vec::new();
    for _ in 0..4 {
        sessions.push(client.session(&bench).await);
    }
    let mut ids = Vec::new();
    for session in &sessions {
        ids.push(client.prompt(session, "go").await);
    }
    let refusal = client.reply(ids[3]).await.unwrap_err();
    assert!(refusal["message"].as_str().unwrap().starts_with("Overloaded"), "{refusal}");
    for (session, id) in sessions.iter().zip(&ids).take(3) {
        client.cancel(session).await;
        assert_eq!(client.reply(*id).await.unwrap()["stopReason"], "cancelled");
    }
    client.link.finish().await.unwrap();
}
