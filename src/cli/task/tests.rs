use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::advance;
use tokio_util::sync::CancellationToken;

use super::plan::Plan;
use super::worker::Worker;
use super::{News, Outcome, Terms};
use crate::jsonrpc::{Frame, MAX_LINE};
use crate::transport::{Transport, memory};

fn plan(servers: &[&str], tasks: &[&str]) -> Result<Plan, &'static str> {
    let texts = |all: &[&str]| all.iter().map(ToString::to_string).collect::<Vec<_>>();
    Plan::new(&texts(servers), &texts(tasks))
}

fn pairs(plan: &Plan) -> Vec<(&str, &str)> {
    plan.jobs.iter().map(|job| (job.server.as_deref().unwrap_or("-"), job.text.as_str())).collect()
}

#[test]
fn one_task_is_everybodys() {
    let plan = plan(&["a", "b"], &["t"]).unwrap();
    assert_eq!(pairs(&plan), [("a", "t"), ("b", "t")]);
    assert_eq!(plan.take(), None);
}

#[test]
fn several_tasks_are_dealt_in_order_and_the_rest_is_for_who_is_ready() {
    let plan = plan(&["a", "b"], &["1", "2", "3", "4"]).unwrap();
    assert_eq!(pairs(&plan), [("a", "1"), ("b", "2"), ("-", "3"), ("-", "4")]);
    assert_eq!([plan.take(), plan.take(), plan.take()], [Some(2), Some(3), None]);
}

#[test]
fn what_cannot_be_meant_is_said() {
    plan(&["a"], &[]).unwrap_err();
    plan(&["a", "b", "c"], &["1", "2"]).unwrap_err();
}

/// A server in the place of a real one, and a task that was sent to it.
struct Sent {
    server: Transport,
    performing: JoinHandle<Outcome>,
    cancel: CancellationToken,
    _news: mpsc::Receiver<News>,
}

impl Sent {
    async fn new() -> Self {
        let (mut near, server) = memory(MAX_LINE);
        let (news, receiver) = mpsc::channel(16);
        let cancel = CancellationToken::new();
        let worker = Worker {
            label: "a".into(),
            plan: Arc::new(plan(&["a"], &["t"]).unwrap()),
            terms: Arc::new(Terms { cwd: None, mode: None, timeout: None }),
            news,
            cancel: cancel.clone(),
        };
        let performing = tokio::spawn(async move { worker.perform(&mut near, 0).await });
        let mut sent = Self { server, performing, cancel, _news: receiver };
        assert_eq!(sent.heard().await["method"], "execute_task");
        sent
    }

    async fn heard(&mut self) -> Value {
        match self.server.first().await.unwrap().unwrap() {
            Frame::Line(line) => serde_json::from_slice(&line).unwrap(),
            other => panic!("{other:?}"),
        }
    }

    /// The server says how the task ended.
    async fn ended(mut self, status: &str) -> String {
        let result = json!({ "taskId": "t1", "status": status, "output": "" });
        self.server.say(&json!({ "type": "response", "id": 1, "result": result })).await.unwrap();
        match self.performing.await.unwrap() {
            Outcome::Answered { status, .. } => status,
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_process_that_was_held_up_asks_before_it_gives_a_server_up() {
    let mut sent = Sent::new().await;
    advance(Duration::from_mins(1)).await;
    assert_eq!(sent.heard().await["method"], "ping");
    assert_eq!(sent.ended("completed").await, "completed");
}

#[tokio::test]
async fn a_task_that_is_cancelled_before_it_has_a_name_is_cancelled_when_it_has_one() {
    let mut sent = Sent::new().await;
    sent.cancel.cancel();
    let begun = json!({ "taskId": "t1", "requestId": 1, "progress": 0.0, "message": "Started" });
    sent.server.say(&json!({ "type": "event", "event": "status_update", "data": begun })).await.unwrap();
    let cancel = sent.heard().await;
    assert_eq!((&cancel["method"], &cancel["params"]["taskId"]), (&"cancel_task".into(), &"t1".into()));
    assert_eq!(sent.ended("cancelled").await, "cancelled");
}
