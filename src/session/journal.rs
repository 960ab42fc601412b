//! A session's append-only record: the shared side that readers look at, and the one writer.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::future::BoxFuture;
use tokio::sync::watch;

use super::recovery::{interrupted, unanswered, unanswered_question};
use crate::acp::SessionId;
use crate::agent::History;
use crate::clock::Clock;
use crate::event::{Event, EventKind, Seq, TurnStop};
use crate::store::{Append, Epoch, RecordChange, Store, StoreError};

/// Durable events kept in memory for readers that are nearly up to date; older ones are read from the store.
const TAIL: usize = 1024;
/// And at most this many bytes of them.
const TAIL_BYTES: usize = 1024 * 1024;
/// Bytes of streamed text that may wait for the disk.
pub(super) const BATCH_BYTES: usize = 16 * 1024;
/// Events in one page of a read.
const PAGE: usize = 512;

/// What readers see.
#[derive(Debug)]
pub(super) struct Journal {
    pub(super) session: SessionId,
    store: Arc<dyn Store>,
    tail: Mutex<Tail>,
    head: watch::Sender<Seq>,
}

#[derive(Debug)]
struct Tail {
    /// Consecutive events up to the head.
    events: VecDeque<Arc<Event>>,
    bytes: usize,
    head: Seq,
}

impl Journal {
    pub(super) fn new(session: SessionId, store: Arc<dyn Store>, head: Seq) -> Arc<Self> {
        let tail = Mutex::new(Tail { events: VecDeque::new(), bytes: 0, head });
        Arc::new(Self { session, store, tail, head: watch::Sender::new(head) })
    }

    fn tail(&self) -> MutexGuard<'_, Tail> {
        self.tail.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Number of the last event that readers may see.
    pub(super) fn head(&self) -> Seq {
        *self.head.borrow()
    }

    pub(super) fn watch(&self) -> watch::Receiver<Seq> {
        self.head.subscribe()
    }

    /// Events after `after`, at most `limit`; empty at the head.
    pub(super) async fn page(&self, after: Seq, limit: usize) -> Result<Vec<Arc<Event>>, StoreError> {
        if let Some(page) = self.recent(after, limit) {
            return Ok(page);
        }
        let head = self.head();
        let page = self.store.read(&self.session, after, limit).await?;
        Ok(page.into_iter().take_while(|event| event.seq <= head).map(Arc::new).collect())
    }

    /// The same from memory, if all of it is there.
    fn recent(&self, after: Seq, limit: usize) -> Option<Vec<Arc<Event>>> {
        let tail = self.tail();
        if after >= tail.head {
            return Some(Vec::new());
        }
        let first = tail.events.front()?.seq;
        let skip = usize::try_from((after + 1).checked_sub(first)?).ok()?;
        Some(tail.events.range(skip..).take(limit).cloned().collect())
    }

    /// Shows events to readers. `durable` is the last one that the store has.
    fn publish(&self, events: impl IntoIterator<Item = Arc<Event>>, durable: Seq) {
        let mut tail = self.tail();
        for event in events {
            tail.bytes += event.kind.weight();
            tail.events.push_back(event);
        }
        tail.head = tail.events.back().map_or(tail.head, |event| event.seq);
        while tail.events.len() > TAIL || tail.bytes > TAIL_BYTES {
            let Some(first) = tail.events.front().filter(|event| event.seq <= durable) else { break };
            tail.bytes -= first.kind.weight();
            tail.events.pop_front();
        }
        let head = tail.head;
        drop(tail);
        self.head.send_replace(head);
    }
}

impl History for Journal {
    fn read(&self, after: Seq) -> BoxFuture<'_, Result<Vec<Arc<Event>>, String>> {
        Box::pin(async move { self.page(after, PAGE).await.map_err(|e| e.to_string()) })
    }
}

/// The one writer of a journal: gives numbers, makes durable, then shows (law L6).
#[derive(Debug)]
pub(super) struct Writer {
    pub(super) journal: Arc<Journal>,
    epoch: Epoch,
    clock: Clock,
    next: Seq,
    /// Shown or about to be, not durable yet; in order.
    waiting: Vec<Arc<Event>>,
    waiting_bytes: usize,
    change: RecordChange,
    durable: Seq,
    flush: Flush,
    /// A write failed in a way that leaves open what of it is on the disk.
    uncertain: bool,
}

/// A batch of streamed text on its way to the disk, with the last number in it.
struct Flush(Option<(Seq, BoxFuture<'static, Result<(), StoreError>>)>);

impl std::fmt::Debug for Flush {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Flush").field(&self.0.as_ref().map(|(last, _)| last)).finish()
    }
}

impl Writer {
    pub(super) fn new(journal: Arc<Journal>, epoch: Epoch, clock: Clock) -> Self {
        let head = journal.head();
        Self {
            journal,
            epoch,
            clock,
            next: head + 1,
            waiting: Vec::new(),
            waiting_bytes: 0,
            change: RecordChange::default(),
            durable: head,
            flush: Flush(None),
            uncertain: false,
        }
    }

    /// Shows streamed events at once; they become durable with the next batch. Waits only when a whole
    /// batch is full while the one before is still being written.
    /// `Err` when a batch could not be written: the text is kept and goes with the next one.
    pub(super) async fn stream(
        &mut self,
        kinds: impl IntoIterator<Item = EventKind>,
    ) -> Result<(), StoreError> {
        let from = self.waiting.len();
        self.number(kinds);
        self.journal.publish(self.waiting[from..].iter().cloned(), self.durable);
        if self.waiting_bytes >= BATCH_BYTES { self.start_flush().await } else { Ok(()) }
    }

    /// Makes events durable, with everything streamed before them, and then shows them. On failure they
    /// have not happened.
    pub(super) async fn commit(
        &mut self,
        kinds: Vec<EventKind>,
        change: RecordChange,
    ) -> Result<(), StoreError> {
        // What a failed batch held is still waiting, and is written with this.
        let _failed = self.settle_flush().await;
        self.reconcile().await?;
        let (from, before, bytes) = (self.waiting.len(), self.next, self.waiting_bytes);
        self.number(kinds);
        let kept = std::mem::replace(&mut self.change, change.clone());
        self.change = merge(kept.clone(), change);
        if let Err(e) = self.write().await {
            self.waiting.truncate(from);
            (self.next, self.waiting_bytes, self.change) = (before, bytes, kept);
            return Err(e);
        }
        let events: Vec<_> = self.waiting.drain(..).skip(from).collect();
        self.waiting_bytes = 0;
        self.durable = self.next - 1;
        self.journal.publish(events, self.durable);
        Ok(())
    }

    /// Like [`Writer::commit`], but what happened is shown even if it cannot be made durable: a turn has
    /// to end also on a full disk. The next write tries again.
    pub(super) async fn conclude(
        &mut self,
        kinds: Vec<EventKind>,
        change: RecordChange,
    ) -> Result<(), StoreError> {
        let outcome = self.commit(kinds.clone(), change.clone()).await;
        if outcome.is_err() {
            self.change = merge(std::mem::take(&mut self.change), change);
            let from = self.waiting.len();
            self.number(kinds);
            self.journal.publish(self.waiting[from..].iter().cloned(), self.durable);
        }
        outcome
    }

    /// The number that the next event will have.
    pub(super) fn next_seq(&self) -> Seq {
        self.next
    }

    /// Writes what waits and returns when it is durable.
    pub(super) async fn settle(&mut self) -> Result<(), StoreError> {
        self.start_flush().await?;
        self.settle_flush().await
    }

    /// Whether streamed text waits for the disk.
    pub(super) fn has_waiting(&self) -> bool {
        let on_its_way = self.flush.0.as_ref().map_or(0, |(last, _)| *last);
        self.waiting.last().is_some_and(|event| event.seq > on_its_way)
    }

    /// Sends what waits on its way to the disk.
    pub(super) async fn start_flush(&mut self) -> Result<(), StoreError> {
        self.settle_flush().await?;
        self.reconcile().await?;
        if let Some(last) = self.waiting.last().map(|event| event.seq) {
            self.waiting_bytes = 0;
            self.flush = Flush(Some((last, self.append())));
        }
        Ok(())
    }

    async fn write(&mut self) -> Result<(), StoreError> {
        let outcome = self.append().await;
        match &outcome {
            Ok(()) => self.change = RecordChange::default(),
            Err(e) => self.doubt(e),
        }
        outcome
    }

    fn doubt(&mut self, error: &StoreError) {
        self.uncertain |= matches!(error, StoreError::Unavailable(_));
    }

    /// After a write of which nobody knows whether it took effect: takes the store's word for it. What was
    /// taken back and is there all the same is shown, and closed.
    async fn reconcile(&mut self) -> Result<(), StoreError> {
        if !self.uncertain {
            return Ok(());
        }
        let head = self.journal.store.find(&self.journal.session).await?.head;
        self.waiting.retain(|event| event.seq > head);
        self.durable = self.durable.max(head);
        let mut closing = Vec::new();
        while self.next <= head {
            let page = self.journal.store.read(&self.journal.session, self.next - 1, PAGE).await?;
            let Some(last) = page.last() else { break };
            self.next = last.seq + 1;
            closing.extend(page.iter().filter_map(|event| taken_back(&event.kind)));
            self.journal.publish(page.into_iter().map(Arc::new), self.durable);
        }
        self.uncertain = false;
        let from = self.waiting.len();
        self.number(closing);
        self.journal.publish(self.waiting[from..].iter().cloned(), self.durable);
        Ok(())
    }

    fn append(&self) -> BoxFuture<'static, Result<(), StoreError>> {
        self.journal.store.append(Append {
            session: self.journal.session.clone(),
            epoch: self.epoch,
            events: self.waiting.clone(),
            change: self.change.clone(),
        })
    }

    /// Waits for the batch on its way. What a failed one held is still waiting and goes with the next.
    async fn settle_flush(&mut self) -> Result<(), StoreError> {
        let Some((last, flush)) = self.flush.0.take() else { return Ok(()) };
        if let Err(e) = flush.await {
            tracing::warn!(session = %self.journal.session, error = %e, "streamed text is not durable yet");
            self.doubt(&e);
            return Err(e);
        }
        let done = self.waiting.partition_point(|event| event.seq <= last);
        self.waiting.drain(..done);
        self.change = RecordChange::default();
        self.durable = last;
        Ok(())
    }

    fn number(&mut self, kinds: impl IntoIterator<Item = EventKind>) {
        let at = self.clock.now();
        for kind in kinds {
            self.waiting_bytes += kind.text_len();
            self.waiting.push(Arc::new(Event { seq: self.next, at, kind }));
            self.next += 1;
        }
    }
}

/// What ends something whose beginning was taken back and happened all the same.
fn taken_back(kind: &EventKind) -> Option<EventKind> {
    match kind {
        EventKind::PromptAccepted { turn, .. } => {
            Some(EventKind::TurnEnded { turn: *turn, stop: TurnStop::Interrupted })
        }
        EventKind::ToolStarted { update } => Some(interrupted(&update.tool_call_id.0, false)),
        EventKind::AskOpened { ask, .. } => Some(unanswered(ask)),
        EventKind::QuestionOpened { ask, .. } => Some(unanswered_question(ask)),
        _ => None,
    }
}

fn merge(before: RecordChange, after: RecordChange) -> RecordChange {
    RecordChange {
        title: after.title.or(before.title),
        mode: after.mode.or(before.mode),
        option: after.option.or(before.option),
        running: after.running.or(before.running),
    }
}
