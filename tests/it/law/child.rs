//! A turn and the turns beneath it: whoever ends the first ends them all.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use adjutant::acp::{MessageId, SessionId, StopReason};
use adjutant::agent::{AgentBackend, AgentSession, Child, Prompt, Roots, Seed, Turn};
use adjutant::clock::Clock;
use adjutant::event::{EventKind, TurnStop};
use adjutant::permission::Mode;
use adjutant::session::{NewSession, SessionHandle, Sessions};
use adjutant::store::{self, Place};
use futures_util::future::BoxFuture;
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::clerk::hands;
use crate::support::bench::Bench;
use crate::support::proc::until;

const PATIENCE: Duration = Duration::from_secs(10);
/// How deep the innermost turn is.
const DEEPEST: u32 = 3;

/// Works through a child, which does the same; the innermost waits for its end.
#[derive(Debug, Clone, Default)]
struct Nest(Arc<Inside>);

#[derive(Debug, Default)]
struct Inside {
    /// Children that reported, the innermost first.
    reports: Mutex<Vec<(SessionId, TurnStop)>>,
    sessions: Mutex<Vec<(u32, SessionId)>>,
    /// Innermost turns that wait now.
    waiting: AtomicUsize,
    /// The innermost never gives up by itself.
    stubborn: AtomicBool,
}

fn locked<T>(it: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    it.lock().unwrap_or_else(PoisonError::into_inner)
}

#[derive(Debug)]
struct Nested(Nest, Seed);

impl AgentBackend for Nest {
    fn open(&self, seed: Seed) -> BoxFuture<'_, Box<dyn AgentSession>> {
        locked(&self.0.sessions).push((seed.depth, seed.session.clone()));
        Box::pin(async { Box::new(Nested(self.clone(), seed)) as _ })
    }
}

/// Counts as long as it lives.
struct Counted<'a>(&'a AtomicUsize);

impl<'a> Counted<'a> {
    fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Self(count)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl AgentSession for Nested {
    fn run(&mut self, turn: Turn, prompt: Prompt) -> BoxFuture<'_, TurnStop> {
        Box::pin(async move {
            let Self(nest, seed) = self;
            if seed.depth == DEEPEST {
                let _waits = Counted::new(&nest.0.waiting);
                turn.cancelled().cancelled().await;
                if nest.0.stubborn.load(Ordering::SeqCst) {
                    std::future::pending::<()>().await;
                }
            } else {
                let child = Child {
                    parent: seed.session.clone(),
                    depth: seed.depth + 1,
                    title: "inside".into(),
                    agent: "inside".into(),
                    prompt: vec!["go".into()],
                    settings: turn.settings(),
                    own_mode: None,
                    hands: prompt.hands,
                    turn,
                    progress: mpsc::channel(1).0,
                };
                if let Ok(report) = seed.children.run(child).await {
                    locked(&nest.0.reports).push((report.session, report.stop));
                }
            }
            TurnStop::Finished { reason: StopReason::EndTurn }
        })
    }
}

async fn prompt(session: &SessionHandle) {
    session.prompt(MessageId::new("m"), vec!["go".into()], hands(session)).await.unwrap();
}

async fn open(backend: &Nest, bench: &Bench) -> (Sessions, SessionHandle) {
    let sessions = Sessions::new(store::open(Place::Memory), Arc::new(backend.clone()), Clock::real());
    let new = NewSession { roots: Roots::single(bench.cwd()), mode: Mode::Default };
    let session = sessions.create(new).await.unwrap();
    (sessions, session)
}

async fn ended(session: &SessionHandle, after: u64) -> TurnStop {
    let mut events = session.subscribe(after);
    let end = async {
        loop {
            for event in events.next(64).await.unwrap() {
                if let EventKind::TurnEnded { stop, .. } = &event.kind {
                    return stop.clone();
                }
            }
        }
    };
    timeout(PATIENCE, end).await.expect("the turn hangs")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn l8_cancelling_a_turn_cancels_every_turn_beneath_it_first() {
    let (bench, nest) = (Bench::scripted(""), Nest::default());
    let (sessions, root) = open(&nest, &bench).await;
    let mut whole = 0;
    for round in 0..300 {
        let head = root.head();
        prompt(&root).await;
        if round % 3 == 0 {
            while nest.0.waiting.load(Ordering::SeqCst) == 0 {
                tokio::task::yield_now().await;
            }
        }
        for _ in 0..round % 50 {
            tokio::task::yield_now().await;
        }
        root.cancel().await;
        let cancelled = TurnStop::Finished { reason: StopReason::Cancelled };
        assert_eq!(ended(&root, head).await, cancelled, "round {round}");
        assert_eq!(nest.0.waiting.load(Ordering::SeqCst), 0, "round {round}: one still waits");
        let reports = std::mem::take(&mut *locked(&nest.0.reports));
        assert!(reports.iter().all(|(_, stop)| *stop == cancelled), "{reports:?}");
        whole += usize::from(reports.len() == DEEPEST as usize);
        for (_, session) in locked(&nest.0.sessions).drain(..).filter(|(depth, _)| *depth > 0) {
            assert!(sessions.live_session(&session).is_none(), "round {round}: a session is left open");
        }
    }
    assert!(whole >= 100, "every third goes down to the innermost: {whole}");
    timeout(PATIENCE, sessions.shut_down()).await.expect("something is left running");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn l8_a_turn_that_is_dropped_leaves_no_turn_beneath_it() {
    let (bench, nest) = (Bench::scripted(""), Nest::default());
    nest.0.stubborn.store(true, Ordering::SeqCst);
    let (sessions, root) = open(&nest, &bench).await;
    prompt(&root).await;
    while nest.0.waiting.load(Ordering::SeqCst) == 0 {
        tokio::task::yield_now().await;
    }
    root.give_up().await;
    ended(&root, 0).await;
    let beneath: Vec<_> = locked(&nest.0.sessions).drain(..).filter(|(depth, _)| *depth > 0).collect();
    let gone = async {
        while nest.0.waiting.load(Ordering::SeqCst) > 0
            || beneath.iter().any(|(_, session)| sessions.live_session(session).is_some())
        {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, gone).await.expect("a turn is left running");
    timeout(PATIENCE, sessions.shut_down()).await.expect("something is left running");
}

/// Keeps its turn beyond its end.
#[derive(Debug, Clone, Default)]
struct Keeper(Arc<Mutex<Vec<Turn>>>);

impl AgentBackend for Keeper {
    fn open(&self, _: Seed) -> BoxFuture<'_, Box<dyn AgentSession>> {
        Box::pin(async { Box::new(self.clone()) as _ })
    }
}

impl AgentSession for Keeper {
    fn run(&mut self, turn: Turn, _: Prompt) -> BoxFuture<'_, TurnStop> {
        locked(&self.0).push(turn);
        Box::pin(async { TurnStop::Finished { reason: StopReason::EndTurn } })
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_side_of_an_agent_that_sets_nothing_going_is_opened_by_the_first_prompt() {
    let (bench, nest) = (Bench::scripted(""), Nest::default());
    let (sessions, session) = open(&nest, &bench).await;
    session.prepare().await;
    session.set_mode(Mode::Plan).await.unwrap();
    assert!(locked(&nest.0.sessions).is_empty(), "one is taken after the other");
    prompt(&session).await;
    until("it is opened", || !locked(&nest.0.sessions).is_empty()).await;
    timeout(PATIENCE, sessions.shut_down()).await.expect("something is left running");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn l8_a_turn_ends_though_somebody_still_holds_it() {
    let (bench, keeper) = (Bench::scripted(""), Keeper::default());
    let sessions = Sessions::new(store::open(Place::Memory), Arc::new(keeper.clone()), Clock::real());
    let new = NewSession { roots: Roots::single(bench.cwd()), mode: Mode::Default };
    let session = sessions.create(new).await.unwrap();
    for round in 0..3 {
        let head = session.head();
        prompt(&session).await;
        assert_eq!(ended(&session, head).await, TurnStop::Finished { reason: StopReason::EndTurn });
        let late = locked(&keeper.0)[round].clone();
        let told = late.emit(vec![EventKind::TitleChanged { title: "late".into() }]).await;
        assert!(told.is_err(), "what comes after the end is refused");
    }
    timeout(PATIENCE, sessions.shut_down()).await.expect("something is left running");
}
