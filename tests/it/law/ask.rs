//! Questions and the end of their turn, with an agent that insists on an answer.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use adjutant::acp::{
    MessageId, PermissionOption, PermissionOptionKind, StopReason, ToolCallUpdate, ToolCallUpdateFields,
};
use adjutant::agent::{AgentBackend, AgentSession, Prompt, Roots, Seed, Turn};
use adjutant::clock::Clock;
use adjutant::event::{
    AskId, AskOutcome, Event, EventKind, Question, QuestionAnswer, QuestionForm, TurnId, TurnStop,
};
use adjutant::permission::Mode;
use adjutant::session::{NewSession, SessionHandle, Sessions};
use adjutant::store::{self, Append, Place, RecordChange};
use futures_util::future::BoxFuture;
use serde_json::json;

use super::clerk::hands;
use crate::support::bench::Bench;

const ROUNDS: usize = 500;

/// Asks once in each turn, a little earlier or later, and does not give up before it is answered.
#[derive(Debug, Clone, Default)]
struct Asker {
    /// Whether each was answered `cancelled`.
    cancelled: Arc<Mutex<Vec<bool>>>,
    /// Ask what only a person knows, not for a permission.
    question: Arc<AtomicBool>,
    pause: Arc<AtomicUsize>,
}

impl AgentBackend for Asker {
    fn open(&self, _: Seed) -> BoxFuture<'_, Box<dyn AgentSession>> {
        Box::pin(async { Box::new(self.clone()) as _ })
    }
}

impl AgentSession for Asker {
    fn run(&mut self, turn: Turn, _: Prompt) -> BoxFuture<'_, TurnStop> {
        Box::pin(async move {
            let pause = self.pause.load(Ordering::Relaxed);
            if pause == 0 {
                turn.cancelled().cancelled().await;
            }
            for _ in 0..pause {
                tokio::task::yield_now().await;
            }
            let cancelled = if self.question.load(Ordering::Relaxed) {
                turn.question(None, question()).await == QuestionAnswer::Cancelled
            } else {
                let option = PermissionOption::new("yes", "Yes", PermissionOptionKind::AllowOnce);
                let call = ToolCallUpdate::new("call", ToolCallUpdateFields::new());
                turn.ask(call, vec![option]).await == AskOutcome::Cancelled
            };
            self.cancelled.lock().unwrap_or_else(PoisonError::into_inner).push(cancelled);
            TurnStop::Finished { reason: StopReason::EndTurn }
        })
    }
}

fn question() -> Question {
    let schema = json!({ "type": "object", "properties": { "which": { "type": "string" } } });
    Question { message: "Which?".into(), form: QuestionForm::Fields { schema } }
}

async fn prompt(session: &SessionHandle, round: usize) {
    session.prompt(MessageId::new(format!("m{round}")), vec!["go".into()], hands(session)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn l7_an_ask_during_cancel_is_answered_at_once() {
    let bench = Bench::scripted("");
    let asker = Asker::default();
    let sessions = Sessions::new(store::open(Place::Memory), Arc::new(asker.clone()), Clock::real());
    let new = NewSession { roots: Roots::single(bench.cwd()), mode: Mode::Default };
    let session = sessions.create(new).await.unwrap();
    let mut events = session.subscribe(0);
    for round in 0..ROUNDS {
        asker.pause.store(round % 10, Ordering::Relaxed);
        asker.question.store(round % 20 >= 10, Ordering::Relaxed);
        prompt(&session, round).await;
        for _ in 0..round % 7 {
            tokio::task::yield_now().await;
        }
        session.cancel().await;
        let mut ended = false;
        while !ended {
            let page = events.next(64).await.unwrap();
            ended = page.iter().any(|event| matches!(event.kind, EventKind::TurnEnded { .. }));
        }
        let answered = asker.cancelled.lock().unwrap().len();
        assert_eq!(answered, round + 1, "the turn was dropped while it waited for an answer");
    }
    let cancelled = asker.cancelled.lock().unwrap().clone();
    assert!(cancelled.iter().all(|cancelled| *cancelled), "{cancelled:?}");
    sessions.shut_down().await;
}

/// What is asked and never settled, in the events of a session.
fn unsettled(events: &[Arc<Event>]) -> Vec<AskId> {
    let mut open = Vec::new();
    for event in events {
        match &event.kind {
            EventKind::AskOpened { ask, .. } | EventKind::QuestionOpened { ask, .. } => {
                open.push(ask.clone());
            }
            EventKind::AskSettled { ask, .. } | EventKind::QuestionSettled { ask, .. } => {
                open.retain(|known| known != ask);
            }
            _ => {}
        }
    }
    open
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn l7_what_a_lost_process_asked_is_settled_when_its_session_is_opened_again() {
    let bench = Bench::scripted("");
    let store = store::open(Place::Memory);
    let sessions = Sessions::new(Arc::clone(&store), Arc::new(Asker::default()), Clock::real());
    let new = NewSession { roots: Roots::single(bench.cwd()), mode: Mode::Default };
    let id = sessions.create(new).await.unwrap().id().clone();
    sessions.shut_down().await;
    let (turn, call) = (TurnId(1), ToolCallUpdate::new("call", ToolCallUpdateFields::new()));
    let kinds = [
        EventKind::PromptAccepted { turn, message: MessageId::new("m"), content: vec!["go".into()] },
        EventKind::AskOpened { ask: AskId("1.1".into()), turn, call: Box::new(call), options: Vec::new() },
        EventKind::QuestionOpened { ask: AskId("1.2".into()), turn, call: None, question: question() },
    ];
    let events = kinds.into_iter().zip(1..).map(|(kind, seq)| Arc::new(Event { seq, at: 1, kind })).collect();
    let (_, epoch) = store.claim(&id).await.unwrap();
    let change = RecordChange { running: Some(true), ..RecordChange::default() };
    store.append(Append { session: id.clone(), epoch, events, change }).await.unwrap();

    let sessions = Sessions::new(store, Arc::new(Asker::default()), Clock::real());
    let session = sessions.load(&id, None).await.unwrap();
    let events = session.subscribe(0).next(64).await.unwrap();
    assert_eq!(unsettled(&events[..3]).len(), 2);
    assert_eq!(unsettled(&events), []);
    assert!(matches!(events[5].kind, EventKind::TurnEnded { stop: TurnStop::Interrupted, .. }), "{events:?}");
    sessions.shut_down().await;
}
