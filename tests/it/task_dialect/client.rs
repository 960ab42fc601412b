//! What takes more than one client, or a client that goes.

use serde_json::{Value, json};

use crate::support::bench::Bench;
use crate::support::client::{Client, said};
use crate::support::link::Link;
use crate::support::server::Server;

const WAIT: &str = "{\"when\":\"\",\"answer\":[\"wait\"]}\n";

async fn ask(link: &mut Link, id: u64, method: &str, params: Value) {
    let request = json!({ "type": "request", "id": id, "method": method, "params": params });
    link.wire.send_line(&request.to_string()).await;
}

async fn until(link: &mut Link, wanted: impl Fn(&Value) -> bool) -> Value {
    loop {
        let message = link.wire.json().await.unwrap().expect("the connection goes on");
        if wanted(&message) {
            return message;
        }
    }
}

async fn answer(link: &mut Link, id: u64) -> Value {
    until(link, |line| line["id"] == id).await
}

/// Begins a task and returns its id and its session.
async fn begin(link: &mut Link, bench: &Bench, id: u64, more: Value) -> (String, String) {
    let mut params = json!({ "task": "Go", "context": { "cwd": bench.cwd() } });
    params.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    ask(link, id, "execute_task", params).await;
    let started = until(link, |line| line["data"]["message"] == "Started").await;
    let text = |name: &str| started["data"][name].as_str().unwrap().to_owned();
    (text("taskId"), text("sessionId"))
}

async fn status(link: &mut Link) -> Value {
    ask(link, 900, "get_status", json!({})).await;
    answer(link, 900).await["result"].clone()
}

/// Asks until as many tasks run.
async fn until_running(link: &mut Link, running: u64) {
    while status(link).await["running"] != running {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_too_much_is_told_to_come_later() {
    let bench = Bench::scripted(WAIT);
    let mut link = Link::doors(&bench.doors());
    for id in 1..=81 {
        let params = json!({ "task": "Wait", "context": { "cwd": bench.cwd() } });
        ask(&mut link, id, "execute_task", params).await;
    }
    let busy = answer(&mut link, 81).await;
    assert_eq!(busy["error"]["code"], "BUSY", "{busy}");
    let full = status(&mut link).await;
    assert_eq!((&full["running"], &full["capacity"], &full["queue"]), (&json!(16), &json!(16), &json!(64)));
    // One that waits is over at once, and one that runs makes room for the next.
    ask(&mut link, 201, "cancel_task", json!({ "taskId": "task-80" })).await;
    let cancelled = answer(&mut link, 80).await;
    assert_eq!(cancelled["result"], json!({ "taskId": "task-80", "status": "cancelled", "output": "" }));
    ask(&mut link, 202, "cancel_task", json!({ "taskId": "task-1" })).await;
    until(&mut link, |line| line["data"]["message"] == "Started" && line["data"]["requestId"] == 17).await;
    for task in 2..80 {
        ask(&mut link, 300 + task, "cancel_task", json!({ "taskId": format!("task-{task}") })).await;
    }
    until_running(&mut link, 0).await;
    assert_eq!(status(&mut link).await["queue"], 0);
    link.finish().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_task_whose_time_is_over_in_the_queue_never_begins() {
    let bench = Bench::scripted(WAIT);
    let mut link = Link::doors(&bench.doors());
    let params = |timeout: Option<f64>| json!({ "task": "Wait", "context": { "cwd": bench.cwd() }, "timeout": timeout });
    for id in 1..=16 {
        ask(&mut link, id, "execute_task", params(None)).await;
    }
    until_running(&mut link, 16).await;
    ask(&mut link, 17, "execute_task", params(Some(0.01))).await;
    let late = answer(&mut link, 17).await;
    assert_eq!(late["error"]["code"], "TIMEOUT", "{late}");
    for task in 1..=16 {
        ask(&mut link, 300 + task, "cancel_task", json!({ "taskId": format!("task-{task}") })).await;
        until(&mut link, |line| line["result"]["status"] == "cancelled").await;
    }
    link.finish().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_is_gone_takes_its_tasks_along_but_for_those_it_detached() {
    let bench = Bench::scripted(WAIT);
    let server = Server::start(&bench, &[]).await;
    let mut watcher = server.tcp().await;
    for over_tcp in [true, false] {
        let mut first = if over_tcp { server.tcp().await } else { server.websocket().await };
        begin(&mut first, &bench, 1, json!({})).await;
        let (detached, _) = begin(&mut first, &bench, 2, json!({ "detach": true })).await;
        until_running(&mut watcher, 2).await;
        drop(first);
        until_running(&mut watcher, 1).await;
        ask(&mut watcher, 5, "cancel_task", json!({ "taskId": detached })).await;
        assert_eq!(answer(&mut watcher, 5).await["result"]["status"], "cancelling");
        until_running(&mut watcher, 0).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_says_no_more_and_listens_has_its_answer() {
    let bench = Bench::scripted(
        "{\"when\":\"\",\"answer\":[{\"repeat\":{\"n\":10,\"gap_us\":20000}},{\"text\":\"Done.\"}]}\n",
    );
    let server = Server::start(&bench, &[]).await;
    let hello = json!({ "type": "hello", "token": server.token });
    for detach in [false, true] {
        let task = json!({ "task": "Go", "context": { "cwd": bench.cwd() }, "detach": detach });
        let request = json!({ "type": "request", "id": 1, "method": "execute_task", "params": task });
        let said = server.talk(&format!("{hello}\n{request}\n")).await;
        let last: Value = serde_json::from_str(said.lines().last().expect("it is answered")).unwrap();
        assert_eq!((&last["id"], &last["result"]["status"]), (&json!(1), &json!("completed")), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_waits_for_a_task_of_any_kind_is_told_when_the_server_ends() {
    for detach in [false, true] {
        let bench = Bench::scripted(WAIT);
        let mut server = Server::start(&bench, &[]).await;
        let mut link = server.tcp().await;
        let (_, session) = begin(&mut link, &bench, 1, json!({ "detach": detach })).await;
        server.end();
        let told = answer(&mut link, 1).await;
        assert_eq!(told["error"]["code"], "SHUTTING_DOWN", "{told}");
        assert_eq!(told["error"]["data"]["sessionId"], session.as_str());
        assert!(server.child.wait().await.unwrap().success());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_id_is_one_task_at_a_time() {
    let bench = Bench::scripted(WAIT);
    let mut link = Link::doors(&bench.doors());
    let (task, _) = begin(&mut link, &bench, 1, json!({})).await;
    ask(&mut link, 1, "execute_task", json!({ "task": "Again", "context": { "cwd": bench.cwd() } })).await;
    assert_eq!(answer(&mut link, 1).await["error"]["code"], "INVALID_REQUEST");
    ask(&mut link, 2, "cancel_task", json!({ "taskId": task })).await;
    assert_eq!(answer(&mut link, 1).await["result"]["status"], "cancelled");
    let (task, _) = begin(&mut link, &bench, 1, json!({})).await;
    ask(&mut link, 3, "cancel_task", json!({ "taskId": task })).await;
    assert_eq!(answer(&mut link, 1).await["result"]["status"], "cancelled");
    link.finish().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_task_survives_a_killed_server_as_an_interrupted_session() {
    let bench = Bench::scripted("{\"text\":\"Begun. \"}\n\"wait\"\n");
    let mut server = Server::start(&bench, &[]).await;
    let mut link = server.tcp().await;
    let (_, session) = begin(&mut link, &bench, 1, json!({ "events": true })).await;
    until(&mut link, |line| line["event"] == "text").await;
    server.child.kill().await.unwrap();

    let server = Server::start(&bench, &[]).await;
    let mut client = Client::hello(server.tcp().await, json!({})).await;
    let list = client.request("session/list", json!({ "cwd": bench.cwd() })).await.unwrap();
    assert_eq!(list["sessions"][0]["sessionId"], session.as_str(), "{list}");
    let place = json!({ "sessionId": session, "cwd": bench.cwd(), "mcpServers": [] });
    client.request("session/load", place).await.unwrap();
    let shown = serde_json::to_string(&client.heard).unwrap();
    assert!(shown.contains("The turn was interrupted"), "{shown}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_task_is_a_session_that_any_client_lists_loads_and_goes_on_with() {
    let bench = Bench::scripted("{\"text\":\"Done.\"}\n{\"stop\":\"end_turn\"}\n{\"text\":\"Again.\"}\n");
    let server = Server::start(&bench, &[]).await;
    let mut link = server.websocket().await;
    let (_, session) = begin(&mut link, &bench, 1, json!({ "tools": ["read"] })).await;
    assert_eq!(answer(&mut link, 1).await["result"]["output"], "Done.");
    let mut client = Client::hello(server.tcp().await, json!({})).await;
    let list = client.request("session/list", json!({ "cwd": bench.cwd() })).await.unwrap();
    assert_eq!(list["sessions"][0]["sessionId"], session.as_str(), "{list}");
    assert_eq!(list["sessions"][0]["title"], "Go", "{list}");
    let place = json!({ "sessionId": session, "cwd": bench.cwd(), "mcpServers": [] });
    client.request("session/load", place).await.unwrap();
    let words: String = client.heard.iter().filter_map(said).collect();
    assert_eq!(words, "Done.");
    let turn = client.prompt(&session, "More").await;
    assert_eq!(client.reply(turn).await.unwrap()["stopReason"], "end_turn");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_running_task_is_watched_over_acp_and_its_session_stays_open_for_who_watches() {
    let bench = Bench::scripted("{\"when\":\"Go\",\"answer\":[{\"text\":\"Half\"},\"wait\"]}\n");
    let server = Server::start(&bench, &[]).await;
    let mut link = server.tcp().await;
    let (task, session) = begin(&mut link, &bench, 1, json!({})).await;
    let mut client = Client::hello(server.websocket().await, json!({})).await;
    let place = json!({ "sessionId": session, "cwd": bench.cwd(), "mcpServers": [] });
    client.request("session/load", place).await.unwrap();
    // Another turn is not begun beside it.
    ask(&mut link, 2, "execute_task", json!({ "task": "Go", "session": session })).await;
    assert_eq!(answer(&mut link, 2).await["error"]["code"], "BUSY");
    ask(&mut link, 3, "cancel_task", json!({ "taskId": task })).await;
    until(&mut link, |line| line["result"]["status"] == "cancelled").await;
    let mode = json!({ "sessionId": session, "modeId": "plan" });
    client.request("session/set_mode", mode).await.unwrap();
}
