use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use futures_util::future::BoxFuture;

use super::journal::{Journal, Writer};
use super::state::{OnAsk, OnPrompt, State};
use super::title::title;
use crate::acp::{ContentBlock, MessageId, SessionId};
use crate::clock::Clock;
use crate::event::{AskId, Event, EventKind, Seq, TurnId, TurnStop};
use crate::store::{
    self, Append, Epoch, GrantRecord, ListQuery, Place, RecordChange, SessionPage, SessionRecord, Spending,
    SpendingTotals, Store, StoreError,
};

fn ask(name: &str) -> AskId {
    AskId(name.into())
}

#[test]
fn a_second_prompt_is_told_which_turn_is_running() {
    let mut state = State::Idle;
    assert_eq!(state.prompt(false), OnPrompt::Begin);
    state.begin(TurnId(7));
    assert_eq!(state.prompt(false), OnPrompt::Busy(TurnId(7)));
    assert_eq!(state.prompt(true), OnPrompt::Next);
    assert_eq!(state.cancel(), Some(Vec::new()));
    assert_eq!(state.prompt(false), OnPrompt::Next);
    assert_eq!(state.end(), Some((TurnId(7), true, Vec::new())));
    assert_eq!(state.prompt(false), OnPrompt::Begin);
    state.close();
    assert_eq!((state.prompt(false), state.end()), (OnPrompt::Closed, None));
}

#[test]
fn the_first_answer_wins() {
    let mut state = State::Idle;
    state.begin(TurnId(1));
    assert_eq!(state.ask(&ask("a"), 2), OnAsk::Open);
    assert!(state.settle(&ask("a")));
    assert!(!state.settle(&ask("a")));
}

#[test]
fn asks_are_limited_and_none_is_opened_while_a_turn_is_cancelled() {
    let mut state = State::Idle;
    assert_eq!(state.ask(&ask("early"), 2), OnAsk::Cancelled);
    state.begin(TurnId(1));
    assert_eq!((state.ask(&ask("a"), 2), state.ask(&ask("b"), 2)), (OnAsk::Open, OnAsk::Open));
    assert_eq!(state.ask(&ask("c"), 2), OnAsk::Cancelled);
    assert_eq!(state.cancel(), Some(vec![ask("a"), ask("b")]));
    assert_eq!(state.ask(&ask("d"), 2), OnAsk::Cancelled);
    assert_eq!((state.cancel(), state.settle(&ask("a"))), (None, false));
}

#[test]
fn a_title_is_the_first_line_that_says_something() {
    let of = |text: &str| title(&[ContentBlock::from(text)]);
    assert_eq!(of("\n  Fix\tthe \u{7}bug \nplease").as_deref(), Some("Fix the bug"));
    assert_eq!(of(" \n "), None);
    let long = of(&"word ".repeat(40)).unwrap();
    assert!(long.ends_with("word…") && long.chars().count() <= 73, "{long}");
}

/// A store whose appends fail as told: not written, or written and failed all the same.
#[derive(Debug)]
struct Faulty {
    inner: Arc<dyn Store>,
    fault: AtomicU8,
}

const NONE: u8 = 0;
const FULL: u8 = 1;
const WRITTEN_AND_FAILED: u8 = 2;

impl Store for Faulty {
    fn create(&self, record: SessionRecord) -> BoxFuture<'static, Result<Epoch, StoreError>> {
        self.inner.create(record)
    }
    fn claim(&self, id: &SessionId) -> BoxFuture<'static, Result<(SessionRecord, Epoch), StoreError>> {
        self.inner.claim(id)
    }
    fn append(&self, append: Append) -> BoxFuture<'static, Result<(), StoreError>> {
        match self.fault.load(Ordering::SeqCst) {
            FULL => Box::pin(async { Err(StoreError::Full("the disk is full".into())) }),
            WRITTEN_AND_FAILED => {
                let written = self.inner.append(append);
                Box::pin(async move {
                    written.await?;
                    Err(StoreError::Unavailable("the disk does not answer".into()))
                })
            }
            _ => self.inner.append(append),
        }
    }
    fn read(
        &self,
        id: &SessionId,
        after: Seq,
        limit: usize,
    ) -> BoxFuture<'static, Result<Vec<Event>, StoreError>> {
        self.inner.read(id, after, limit)
    }
    fn find(&self, id: &SessionId) -> BoxFuture<'static, Result<SessionRecord, StoreError>> {
        self.inner.find(id)
    }
    fn list(&self, query: ListQuery) -> BoxFuture<'static, Result<SessionPage, StoreError>> {
        self.inner.list(query)
    }
    fn fork(&self, from: &SessionId, record: SessionRecord) -> BoxFuture<'static, Result<Epoch, StoreError>> {
        self.inner.fork(from, record)
    }
    fn delete(&self, id: &SessionId) -> BoxFuture<'static, Result<(), StoreError>> {
        self.inner.delete(id)
    }
    fn grants(&self, workspace: Option<PathBuf>) -> BoxFuture<'static, Result<Vec<GrantRecord>, StoreError>> {
        self.inner.grants(workspace)
    }
    fn remember(
        &self,
        workspace: PathBuf,
        text: String,
        at: i64,
    ) -> BoxFuture<'static, Result<(), StoreError>> {
        self.inner.remember(workspace, text, at)
    }
    fn spend(&self, spending: Spending) -> BoxFuture<'static, Result<SpendingTotals, StoreError>> {
        self.inner.spend(spending)
    }
    fn forget(&self, grant: i64) -> BoxFuture<'static, Result<bool, StoreError>> {
        self.inner.forget(grant)
    }
}

struct Bench {
    store: Arc<Faulty>,
    journal: Arc<Journal>,
    writer: Writer,
}

impl Bench {
    async fn new() -> Self {
        let store = Arc::new(Faulty { inner: store::open(Place::Memory), fault: AtomicU8::new(NONE) });
        let id = SessionId::new("s");
        let record = SessionRecord {
            id: id.clone(),
            parent: None,
            depth: 0,
            cwd: "/".into(),
            additional: Vec::new(),
            title: None,
            mode: "default".into(),
            options: Vec::new(),
            created_at: 0,
            updated_at: 0,
            head: 0,
            running: false,
        };
        let epoch = store.create(record).await.unwrap();
        let journal = Journal::new(id, Arc::clone(&store) as _, 0);
        let writer = Writer::new(Arc::clone(&journal), epoch, Clock::fake());
        Self { store, journal, writer }
    }

    fn fault(&self, fault: u8) {
        self.store.fault.store(fault, Ordering::SeqCst);
    }

    async fn commit(&mut self, kind: EventKind) -> Result<(), StoreError> {
        self.writer.commit(vec![kind], RecordChange::default()).await
    }

    /// What readers see, and what the store has.
    async fn both(&self) -> (Vec<EventKind>, Vec<EventKind>) {
        let shown = self.journal.page(0, 10_000).await.unwrap();
        let stored = self.store.read(&SessionId::new("s"), 0, 10_000).await.unwrap();
        for (at, event) in shown.iter().enumerate() {
            assert_eq!(event.seq, at as Seq + 1, "a gap in what is shown");
        }
        (
            shown.iter().map(|event| event.kind.clone()).collect(),
            stored.into_iter().map(|event| event.kind).collect(),
        )
    }
}

fn text(text: &str) -> EventKind {
    EventKind::Text { message: MessageId::new("m"), text: text.into() }
}

fn mode(mode: &str) -> EventKind {
    EventKind::ModeChanged { mode: mode.into() }
}

fn prompt(turn: u64) -> EventKind {
    EventKind::PromptAccepted { turn: TurnId(turn), message: MessageId::new("p"), content: Vec::new() }
}

#[tokio::test]
async fn what_cannot_be_made_durable_has_not_happened() {
    let mut bench = Bench::new().await;
    bench.fault(FULL);
    assert!(bench.commit(mode("plan")).await.is_err());
    assert_eq!(bench.both().await, (vec![], vec![]));
    bench.fault(NONE);
    bench.commit(mode("full")).await.unwrap();
    assert_eq!(bench.both().await, (vec![mode("full")], vec![mode("full")]));
}

#[tokio::test]
async fn streamed_text_is_shown_at_once_and_kept_until_it_is_durable() {
    let mut bench = Bench::new().await;
    bench.fault(FULL);
    bench.writer.stream([text("a"), text("b")]).await.unwrap();
    assert!(bench.writer.settle().await.is_err());
    assert_eq!(bench.both().await, (vec![text("a"), text("b")], vec![]));
    bench.fault(NONE);
    bench.commit(mode("full")).await.unwrap();
    let (shown, stored) = bench.both().await;
    assert_eq!((shown.len(), shown), (3, stored));
}

#[tokio::test]
async fn text_behind_a_batch_on_its_way_still_waits_for_the_disk() {
    let mut bench = Bench::new().await;
    bench.writer.stream([text("a")]).await.unwrap();
    bench.writer.start_flush().await.unwrap();
    assert!(!bench.writer.has_waiting());
    bench.writer.stream([text("b")]).await.unwrap();
    assert!(bench.writer.has_waiting());
    bench.writer.settle().await.unwrap();
    assert!(!bench.writer.has_waiting());
    assert_eq!(bench.both().await.1, [text("a"), text("b")]);
}

#[tokio::test]
async fn the_end_of_a_turn_is_shown_also_on_a_full_disk_and_written_later() {
    let mut bench = Bench::new().await;
    bench.commit(prompt(1)).await.unwrap();
    bench.fault(FULL);
    let end = EventKind::TurnEnded { turn: TurnId(1), stop: TurnStop::Interrupted };
    assert!(bench.writer.conclude(vec![end.clone()], RecordChange::default()).await.is_err());
    assert_eq!(bench.both().await, (vec![prompt(1), end.clone()], vec![prompt(1)]));
    bench.fault(NONE);
    bench.commit(mode("full")).await.unwrap();
    assert_eq!(bench.both().await.1, [prompt(1), end, mode("full")]);
}

#[tokio::test]
async fn what_was_taken_back_and_is_on_the_disk_all_the_same_is_shown_and_closed() {
    let mut bench = Bench::new().await;
    bench.fault(WRITTEN_AND_FAILED);
    assert!(bench.commit(prompt(1)).await.is_err());
    assert_eq!(bench.both().await.0, []);
    bench.fault(NONE);
    bench.commit(mode("full")).await.unwrap();
    let end = EventKind::TurnEnded { turn: TurnId(1), stop: TurnStop::Interrupted };
    let all = vec![prompt(1), end, mode("full")];
    assert_eq!(bench.both().await, (all.clone(), all));
}

#[tokio::test]
async fn text_that_was_written_and_failed_is_not_written_twice() {
    let mut bench = Bench::new().await;
    bench.fault(WRITTEN_AND_FAILED);
    bench.writer.stream([text("a")]).await.unwrap();
    assert!(bench.writer.settle().await.is_err());
    bench.fault(NONE);
    bench.commit(mode("full")).await.unwrap();
    let all = vec![text("a"), mode("full")];
    assert_eq!(bench.both().await, (all.clone(), all));
}

#[tokio::test]
async fn readers_far_behind_read_the_store_and_lose_nothing() {
    let mut bench = Bench::new().await;
    for at in 0..40 {
        bench.writer.stream((0..100).map(|piece| text(&format!("{at}.{piece} ")))).await.unwrap();
    }
    bench.writer.settle().await.unwrap();
    bench.commit(mode("full")).await.unwrap();
    let mut reader = super::Subscription::new(Arc::clone(&bench.journal), 0);
    let mut seen = Vec::new();
    while reader.cursor() < reader.head() {
        seen.extend(reader.next(97).await.unwrap());
    }
    let numbers: Vec<_> = seen.iter().map(|event| event.seq).collect();
    assert_eq!(numbers, (1..=4001).collect::<Vec<_>>());
}
