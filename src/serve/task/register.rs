//! Which tasks there are: those that run, and those that wait for their turn.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::FutureExt;
use serde::Serialize;
use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::error::{Code, Failure};

/// Tasks that run at once.
pub(super) const CAPACITY: usize = 16;
/// Tasks that may wait until one of those is over.
pub(super) const QUEUE: usize = 64;

/// All tasks of a process.
#[derive(Debug)]
pub(super) struct Register {
    since: Instant,
    room: Arc<Semaphore>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    last: u64,
    /// How to cancel those that are not over, by their id.
    open: HashMap<String, CancellationToken>,
}

/// The answer to `get_status`.
#[derive(Debug, Serialize)]
pub(super) struct Status {
    /// Tasks that run.
    running: usize,
    /// Tasks that may run at once.
    capacity: usize,
    /// Tasks that wait.
    queue: usize,
    /// Seconds since the server began.
    uptime: u64,
    version: &'static str,
}

/// A task's place in the register, until it is dropped.
pub(super) struct Ticket {
    pub(super) id: String,
    /// Told by `cancel_task`.
    pub(super) cancel: CancellationToken,
    place: Place,
    register: Arc<Register>,
}

type Waiting = Pin<Box<dyn Future<Output = Result<OwnedSemaphorePermit, AcquireError>> + Send + Sync>>;

/// Among those that run, or on the way there.
enum Place {
    Waiting(Waiting),
    Running {
        _permit: OwnedSemaphorePermit,
    },
    /// It was given back.
    Given,
}

impl Default for Register {
    fn default() -> Self {
        Self { since: Instant::now(), room: Arc::new(Semaphore::new(CAPACITY)), state: Mutex::default() }
    }
}

impl Register {
    /// Takes one more in, unless too many are.
    pub(super) fn admit(self: &Arc<Self>) -> Result<Ticket, Failure> {
        let mut state = self.state();
        if state.open.len() >= CAPACITY + QUEUE {
            let text = format!("{CAPACITY} tasks run and {QUEUE} wait: send it again when one is over");
            return Err(Failure::new(Code::Busy, &text));
        }
        state.last += 1;
        let (id, cancel) = (format!("task-{}", state.last), CancellationToken::new());
        state.open.insert(id.clone(), cancel.clone());
        // Looked at now, so that they queue in the order in which they came.
        let mut waiting: Waiting = Box::pin(Arc::clone(&self.room).acquire_owned());
        let place = match (&mut waiting).now_or_never() {
            Some(Ok(permit)) => Place::Running { _permit: permit },
            Some(Err(_)) | None => Place::Waiting(waiting),
        };
        Ok(Ticket { id, cancel, place, register: Arc::clone(self) })
    }

    /// What cancels the task of that id, if there is one.
    pub(super) fn cancellation(&self, id: &str) -> Option<CancellationToken> {
        self.state().open.get(id).cloned()
    }

    pub(super) fn status(&self) -> Status {
        let state = self.state();
        let running = CAPACITY - self.room.available_permits();
        let queue = state.open.len().saturating_sub(running);
        let (uptime, version) = (self.since.elapsed().as_secs(), env!("CARGO_PKG_VERSION"));
        Status { running, capacity: CAPACITY, queue, uptime, version }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ticket {
    pub(super) fn waits(&self) -> bool {
        matches!(self.place, Place::Waiting(_))
    }

    /// Waits until it is its turn; who came first is first.
    pub(super) async fn begin(&mut self) {
        if let Place::Waiting(waiting) = &mut self.place
            // Never closed: it lives in the register.
            && let Ok(permit) = waiting.await
        {
            self.place = Place::Running { _permit: permit };
        }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let mut state = self.register.state();
        state.open.remove(&self.id);
        // Under the lock, so that nobody counts it as one that waits.
        self.place = Place::Given;
    }
}
