use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::task::AtomicWaker;
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::jsonrpc::RawId;

/// An item of the outgoing queue.
#[derive(Debug)]
pub(super) enum Out {
    /// Whole lines.
    Lines(Bytes),
    /// The reply to a request.
    Reply(RawId, Bytes),
    /// A request of ours is taken back. It needs no room, because that request had some.
    Withdrawal(u64),
}

/// Nothing is taken from the queue any more.
#[derive(Debug)]
pub(super) struct Closed;

/// What waits to be written: a bounded queue, which takes no memory while it is empty, as most are.
#[derive(Debug)]
pub(super) struct Outbox {
    items: Mutex<VecDeque<Out>>,
    room: Semaphore,
    /// Whoever takes.
    waker: AtomicWaker,
}

/// Room for one item.
#[derive(Debug)]
pub(super) struct Room<'a> {
    outbox: &'a Outbox,
    permit: SemaphorePermit<'a>,
}

impl Outbox {
    /// Holds up to `limit` items.
    pub(super) fn new(limit: usize) -> Self {
        Self { items: Mutex::default(), room: Semaphore::new(limit), waker: AtomicWaker::new() }
    }

    /// Waits for room, behind everybody who waits already.
    pub(super) async fn room(&self) -> Result<Room<'_>, Closed> {
        let permit = self.room.acquire().await.map_err(|_| Closed)?;
        Ok(Room { outbox: self, permit })
    }

    /// The oldest item; who gets none is woken when there is one.
    pub(super) fn poll_take(&self, cx: &mut Context<'_>) -> Poll<Out> {
        if let Some(out) = self.take() {
            return Poll::Ready(out);
        }
        self.waker.register(cx.waker());
        // One may have come meanwhile.
        self.take().map_or(Poll::Pending, Poll::Ready)
    }

    fn take(&self) -> Option<Out> {
        let mut items = self.items();
        let out = items.pop_front()?;
        if items.is_empty() {
            *items = VecDeque::new();
        }
        drop(items);
        if !matches!(out, Out::Withdrawal(_)) {
            self.room.add_permits(1);
        }
        Some(out)
    }

    /// How many items wait.
    pub(super) fn len(&self) -> usize {
        self.items().len()
    }

    /// Behind everything that is queued, the request among it.
    pub(super) fn withdraw(&self, id: u64) {
        self.put(Out::Withdrawal(id));
    }

    fn put(&self, out: Out) {
        self.items().push_back(out);
        self.waker.wake();
    }

    /// Throws away what waits; nobody gets room any more.
    pub(super) fn close(&self) {
        self.room.close();
        self.items().clear();
    }

    fn items(&self) -> MutexGuard<'_, VecDeque<Out>> {
        self.items.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Room<'_> {
    pub(super) fn put(self, out: Out) {
        // Given back when the item is taken.
        self.permit.forget();
        self.outbox.put(out);
    }
}
