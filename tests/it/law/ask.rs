//! Questions and the end of their turn, with an agent that insists on an answer.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use adjutant::acp::{
    AvailableCommand, MessageId, PermissionOption, PermissionOptionKind, StopReason, ToolCallUpdate,
    ToolCallUpdateFields,
};
use adjutant::agent::{
    AgentBackend, AgentSession, Hands, NotReady, Prompt, Roots, Seed, SessionOption, Settings, Turn,
};
use adjutant::clock::Clock;
use adjutant::event::{AskOutcome, EventKind, TurnStop};
use adjutant::permission::Mode;
use adjutant::session::{NewSession, SessionHandle, Sessions};
use adjutant::store::{self, Place};
use adjutant::workspace::{LocalCommands, LocalFiles};
use futures_util::future::BoxFuture;

use crate::support::bench::{Bench, PROGRAM};

const ROUNDS: usize = 500;

/// Asks once in each turn, a little earlier or later, and does not give up before it is answered.
#[derive(Debug, Clone, Default)]
struct Asker {
    outcomes: Arc<Mutex<Vec<AskOutcome>>>,
    pause: Arc<AtomicUsize>,
}

impl AgentBackend for Asker {
    fn open(&self, _: Seed) -> Box<dyn AgentSession> {
        Box::new(self.clone())
    }

    fn ready(&self, _: &Settings) -> Result<(), NotReady> {
        Ok(())
    }

    fn commands(&self, _: &Path, _: &Settings) -> Vec<AvailableCommand> {
        Vec::new()
    }

    fn options(&self, _: &Path, _: &Settings) -> Vec<SessionOption> {
        Vec::new()
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
            let option = PermissionOption::new("yes", "Yes", PermissionOptionKind::AllowOnce);
            let call = ToolCallUpdate::new("call", ToolCallUpdateFields::new());
            let outcome = turn.ask(call, vec![option]).await;
            self.outcomes.lock().unwrap_or_else(PoisonError::into_inner).push(outcome);
            TurnStop::Finished { reason: StopReason::EndTurn }
        })
    }
}

async fn prompt(session: &SessionHandle, round: usize) {
    let hands = Hands {
        files: Arc::new(LocalFiles::new(session.info().workspace.clone())),
        commands: Arc::new(LocalCommands::new(Path::new(PROGRAM).to_owned())),
        display_terminal: false,
        takes_forms: false,
        takes_pages: false,
    };
    session.prompt(MessageId::new(format!("m{round}")), vec!["go".into()], hands).await.unwrap();
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
        let answered = asker.outcomes.lock().unwrap().len();
        assert_eq!(answered, round + 1, "the turn was dropped while it waited for an answer");
    }
    let outcomes = asker.outcomes.lock().unwrap().clone();
    assert!(outcomes.iter().all(|outcome| *outcome == AskOutcome::Cancelled), "{outcomes:?}");
    sessions.shut_down().await;
}
