//! What is seen, and what is done, is durable before; and who lost a session writes no more.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use adjutant::acp::ToolCallStatus;
use adjutant::config::Config;
use adjutant::event::EventKind;
use adjutant::permission::Mode;
use adjutant::provider::{Answerer, Delta, ModelRequest, Only, Provider, ProviderError, scripted};
use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};
use serde_json::{Value, json};

use crate::support::bench::Bench;
use crate::support::client::{Client, update};
use crate::support::link::Link;
use crate::support::recorder::Recorder;

/// As slow as a disk can be without making the test slow.
const DISK: Duration = Duration::from_millis(5);

/// Whether an update says what the event does, for events that have to be durable first.
fn shows(line: &Value, kind: &EventKind) -> bool {
    let shown = &line["params"]["update"];
    match (update(line), kind) {
        (Some("tool_call"), EventKind::ToolProposed { call }) => {
            shown["toolCallId"] == json!(call.tool_call_id)
        }
        (
            Some("tool_call_update"),
            EventKind::ToolStarted { update } | EventKind::ToolEnded { update, .. },
        ) => {
            shown["toolCallId"] == json!(update.tool_call_id)
                && shown["status"] == json!(update.fields.status)
        }
        (Some("plan"), EventKind::PlanChanged { entries }) => shown["entries"] == json!(entries),
        (Some("session_info_update"), EventKind::TitleChanged { title }) => shown["title"] == json!(title),
        (Some("current_mode_update"), EventKind::ModeChanged { mode }) => {
            shown["currentModeId"] == json!(mode)
        }
        _ => false,
    }
}

/// Whether an update may be shown before it is durable.
fn is_streamed(line: &Value) -> bool {
    let kind = update(line).unwrap_or_default();
    let status = line["params"]["update"].get("status");
    kind.ends_with("_chunk")
        || matches!(kind, "usage_update" | "available_commands_update" | "config_option_update")
        || (kind == "tool_call_update" && status.is_none())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn l6_control_events_are_durable_before_they_are_seen() {
    let bench = Bench::scripted(
        "{\"when\":\"\",\"results\":0,\"answer\":[{\"text\":\"a\"},{\"call\":{\"id\":\"c1\",\"name\":\"todo\",\"input\":{\"entries\":[{\"content\":\"x\"}]}}}]}\n\
         {\"when\":\"\",\"results\":1,\"answer\":[{\"call\":{\"id\":\"c2\",\"name\":\"bash\",\"input\":{\"command\":\"touch made\"}}}]}\n\
         {\"when\":\"\",\"results\":2,\"answer\":[{\"text\":\"b\"}]}\n",
    );
    let store = Arc::new(Recorder::new(DISK, |_| {}));
    let door = bench.door_over(Arc::clone(&store) as _, Mode::Default);
    let (mut client, session) = Client::open(Link::memory(&door), &bench).await;
    let mut control = 0;
    let mut check = |line: &Value| {
        if update(line).is_some() && !is_streamed(line) {
            control += 1;
            assert!(store.holds(|kind| shows(line, kind)), "seen, but not durable: {line}");
        }
    };
    let id = client.prompt(&session, "go").await;
    loop {
        let line = client.next().await;
        check(&line);
        if line["method"] == "session/request_permission" {
            assert!(store.holds(|kind| matches!(kind, EventKind::AskOpened { .. })), "{line}");
            client
                .answer(&line, json!({ "outcome": { "outcome": "selected", "optionId": "allow_once" } }))
                .await;
        }
        if line["id"] == id && line.get("result").is_some() {
            assert!(store.holds(|kind| matches!(kind, EventKind::TurnEnded { .. })), "{line}");
            break;
        }
    }
    let plan = json!({ "sessionId": session, "configId": "mode", "value": "plan" });
    client.notify("session/set_config_option", plan).await;
    check(&client.until(|line| update(line) == Some("current_mode_update")).await);
    assert_eq!(control, 9, "title, plan, mode, and proposal, start and end of two calls");
    client.link.finish().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn l6_a_tool_runs_after_its_start_is_durable_and_its_answer_before() {
    let bench = Bench::scripted(
        "{\"when\":\"\",\"results\":0,\"answer\":[{\"call\":{\"name\":\"bash\",\"input\":{\"command\":\"touch made\"}}}]}\n\
         {\"when\":\"\",\"results\":1,\"answer\":[{\"text\":\"b\"}]}\n",
    );
    let made = bench.cwd().join("made");
    let store = Arc::new(Recorder::new(DISK, move |event| match &event.kind {
        EventKind::PromptAccepted { .. } | EventKind::AskSettled { .. } | EventKind::ToolStarted { .. } => {
            assert!(!made.exists(), "it ran before this was durable: {event:?}");
        }
        EventKind::ToolEnded { update, .. } => {
            assert_eq!(update.fields.status, Some(ToolCallStatus::Completed));
            assert!(made.exists());
        }
        _ => {}
    }));
    let door = bench.door_over(Arc::clone(&store) as _, Mode::Full);
    let (mut client, session) = Client::open(Link::memory(&door), &bench).await;
    let id = client.prompt(&session, "go").await;
    assert_eq!(client.reply(id).await.unwrap()["stopReason"], "end_turn");
    assert!(store.holds(|kind| matches!(kind, EventKind::ToolStarted { .. })));
    client.link.finish().await.unwrap();
}

/// A model that notes whether it was asked.
#[derive(Debug)]
struct Noting {
    inner: Arc<dyn Provider>,
    asked: Arc<AtomicBool>,
}

impl Provider for Noting {
    fn id(&self) -> &str {
        self.inner.id()
    }

    fn stream(&self, request: ModelRequest) -> BoxStream<'static, Result<Delta, ProviderError>> {
        let (asked, answer) = (Arc::clone(&self.asked), self.inner.stream(request));
        let polled = async move {
            asked.store(true, Ordering::SeqCst);
            answer
        };
        stream::once(polled).flatten().boxed()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn l6_nothing_is_asked_or_done_before_the_prompt_is_durable() {
    let bench = Bench::scripted("{\"when\":\"\",\"answer\":[{\"text\":\"b\"}]}\n");
    let answerer = scripted::answerer(&bench.script()).unwrap();
    let asked = Arc::new(AtomicBool::new(false));
    let provider = Arc::new(Noting { inner: answerer.provider, asked: Arc::clone(&asked) });
    let early = Arc::clone(&asked);
    let store = Arc::new(Recorder::new(DISK, move |event| {
        if let EventKind::PromptAccepted { .. } = &event.kind {
            assert!(!early.load(Ordering::SeqCst), "the model was asked before this was durable");
        }
    }));
    let door = bench.door_asking(store, Config::default(), Only(Answerer { provider, ..answerer }));
    let (mut client, session) = Client::open(Link::memory(&door), &bench).await;
    let id = client.prompt(&session, "go").await;
    assert_eq!(client.reply(id).await.unwrap()["stopReason"], "end_turn");
    assert!(asked.load(Ordering::SeqCst));
    client.link.finish().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn l12_who_lost_a_session_to_another_writer_is_refused() {
    let bench = Bench::scripted("{\"when\":\"\",\"answer\":[{\"text\":\"ok\"}]}\n");
    let (mut first, session) = Client::open(Link::memory(&bench.door()), &bench).await;
    let mut second = Client::hello(Link::memory(&bench.door()), json!({})).await;
    let place = json!({ "sessionId": session, "cwd": bench.cwd(), "mcpServers": [] });
    second.request("session/load", place.clone()).await.unwrap();

    let id = first.prompt(&session, "from the first").await;
    let refusal = first.reply(id).await.unwrap_err();
    assert_eq!(refusal["code"], -32600, "{refusal}");
    let id = second.prompt(&session, "from the second").await;
    second.reply(id).await.unwrap();

    second.heard.clear();
    second.request("session/load", place).await.unwrap();
    let prompts = second.heard.iter().filter(|line| update(line) == Some("user_message_chunk"));
    let prompts: Vec<_> = prompts.map(|line| &line["params"]["update"]["content"]["text"]).collect();
    assert_eq!(prompts, ["from the second"], "nothing of the refused prompt was kept");
    first.link.finish().await.unwrap();
    second.until(|line| update(line) == Some("available_commands_update")).await;
    second.link.finish().await.unwrap();
}
