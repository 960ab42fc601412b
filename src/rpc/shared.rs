use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use futures_util::task::AtomicWaker;
use jsonrpsee::types::ErrorObjectOwned;
use serde_json::value::RawValue;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use super::outbox::Outbox;
use crate::jsonrpc::RawId;

/// What the other side answered a request of ours.
type Answer = Result<Box<RawValue>, ErrorObjectOwned>;

/// Requests of ours that wait for an answer; `None` once the loop has ended.
type Waiting = Option<HashMap<u64, oneshot::Sender<Answer>>>;

/// What a connection's loop shares with its peers and responders.
#[derive(Debug)]
pub(super) struct Shared {
    waiting: Mutex<Waiting>,
    next: AtomicU64,
    abandoned: Mutex<Vec<RawId>>,
    /// The loop's.
    pub(super) waker: AtomicWaker,
    pub(super) outbox: Outbox,
    pub(super) input_closed: CancellationToken,
}

impl Shared {
    /// `outbox`: items that may be queued for writing.
    pub(super) fn new(outbox: usize) -> Self {
        Self {
            waiting: Mutex::new(Some(HashMap::new())),
            next: AtomicU64::new(0),
            abandoned: Mutex::new(Vec::new()),
            waker: AtomicWaker::new(),
            outbox: Outbox::new(outbox),
            input_closed: CancellationToken::new(),
        }
    }

    pub(super) fn await_answer(&self, sender: oneshot::Sender<Answer>) -> Option<u64> {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        held(&self.waiting).as_mut()?.insert(id, sender);
        Some(id)
    }

    pub(super) fn forget_answer(&self, id: u64) -> Option<oneshot::Sender<Answer>> {
        held(&self.waiting).as_mut()?.remove(&id)
    }

    pub(super) fn abandon(&self, id: RawId) {
        held(&self.abandoned).push(id);
        self.waker.wake();
    }

    pub(super) fn take_abandoned(&self) -> Vec<RawId> {
        std::mem::take(&mut held(&self.abandoned))
    }

    /// The other side has said its last: nobody answers what waits.
    pub(super) fn end_of_input(&self) {
        self.input_closed.cancel();
        if let Some(waiting) = held(&self.waiting).as_mut() {
            waiting.clear();
        }
    }

    /// The loop has ended: nothing is asked any more.
    pub(super) fn end(&self) {
        self.input_closed.cancel();
        held(&self.waiting).take();
    }
}

/// The data is whole whatever happened to another thread that held it.
fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
