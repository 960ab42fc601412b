//! An agent whose turns end when they may, and sessions with it in this process.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use adjutant::acp::{MessageId, StopReason};
use adjutant::agent::{AgentBackend, AgentSession, Hands, Prompt, Roots, Seed, Turn};
use adjutant::clock::Clock;
use adjutant::event::{EventKind, TurnStop};
use adjutant::permission::Mode;
use adjutant::session::{Accepted, NewSession, SessionError, SessionHandle, Sessions};
use adjutant::store::{self, Place};
use adjutant::workspace::{LocalCommands, LocalFiles};
use futures_util::future::BoxFuture;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::support::bench::{Bench, PROGRAM};

const PATIENCE: Duration = Duration::from_secs(10);

/// Ends a turn for every permit.
#[derive(Debug, Clone)]
pub(super) struct Clerk {
    pub(super) may_end: Arc<Semaphore>,
    /// Turns that have begun.
    pub(super) begun: Arc<AtomicUsize>,
    /// Agents that are open.
    pub(super) open: Arc<AtomicUsize>,
}

impl Clerk {
    pub(super) fn new(turns: usize) -> Self {
        Self { may_end: Arc::new(Semaphore::new(turns)), begun: Arc::default(), open: Arc::default() }
    }
}

impl AgentBackend for Clerk {
    fn open(&self, _: Seed) -> BoxFuture<'_, Box<dyn AgentSession>> {
        self.open.fetch_add(1, Ordering::SeqCst);
        Box::pin(async { Box::new(Desk(self.clone())) as _ })
    }
}

#[derive(Debug)]
struct Desk(Clerk);

impl Drop for Desk {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::SeqCst);
    }
}

impl AgentSession for Desk {
    fn run(&mut self, turn: Turn, _: Prompt) -> BoxFuture<'_, TurnStop> {
        self.0.begun.fetch_add(1, Ordering::SeqCst);
        Box::pin(async move {
            tokio::select! {
                permit = self.0.may_end.acquire() => permit.unwrap().forget(),
                () = turn.cancelled().cancelled() => {}
            }
            TurnStop::Finished { reason: StopReason::EndTurn }
        })
    }
}

pub(super) fn register(most: usize, clerk: &Clerk) -> Sessions {
    Sessions::holding(most, store::open(Place::Memory), Arc::new(clerk.clone()), Clock::real())
}

pub(super) async fn create(sessions: &Sessions, bench: &Bench) -> Result<SessionHandle, SessionError> {
    sessions.create(NewSession { roots: Roots::single(bench.cwd()), mode: Mode::Default }).await
}

/// Those of somebody who is asked nothing and shown no terminal.
pub(super) fn hands(session: &SessionHandle) -> Hands {
    Hands {
        files: Arc::new(LocalFiles::new(session.info().workspace.clone())),
        commands: Arc::new(LocalCommands::new(Path::new(PROGRAM).to_owned())),
        kinds: None,
        display_terminal: false,
        takes_forms: false,
        takes_pages: false,
    }
}

pub(super) async fn prompt(session: &SessionHandle) -> Result<Accepted, SessionError> {
    session.prompt_in_turn(MessageId::new("m"), vec!["go".into()], hands(session)).await
}

/// Follows a session until so many turns have ended; how.
pub(super) async fn ended(session: &SessionHandle, turns: usize) -> Vec<TurnStop> {
    let mut events = session.subscribe(0);
    let ends = async {
        let mut ends = Vec::new();
        while ends.len() < turns {
            for event in events.next(64).await.unwrap() {
                if let EventKind::TurnEnded { stop, .. } = &event.kind {
                    ends.push(stop.clone());
                }
            }
        }
        ends
    };
    timeout(PATIENCE, ends).await.expect("a turn hangs")
}
