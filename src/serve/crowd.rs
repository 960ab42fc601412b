//! How many may be here at once. Who comes is a stranger until it has said who it is, and a guest from then on.
//!
//! There is little room for strangers: for one more, the one that has been there longest has to go when it has had its
//! chance, so nobody is kept out by others who say nothing. No guest has to go: who is to be one more than may is told to come back later.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::{AbortHandle, AbortRegistration};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};

/// What somebody is told for whom there is no room.
pub(super) const FULL: &str = "there are as many connections as there may be: come back later";
/// When that may be, in seconds.
pub(super) const RETRY_AFTER: u32 = 5;

/// Strangers at once, where there are files enough.
const STRANGERS: usize = 1024;
/// How long a stranger may stay although others wait: long enough for a few ways to and fro.
const CHANCE: Duration = Duration::from_millis(250);
/// The most guests that can be asked for.
const GUESTS: usize = 1 << 20;

/// Room for connections.
#[derive(Debug)]
pub(super) struct Crowd {
    guests: Arc<Semaphore>,
    strangers: Arc<Semaphore>,
    arrivals: Mutex<Arrivals>,
    /// Whether the last one who wanted to be a guest could not.
    full: AtomicBool,
}

#[derive(Debug, Default)]
struct Arrivals {
    last: u64,
    /// How to show strangers out, by the order in which they came.
    strangers: BTreeMap<u64, (Instant, AbortHandle)>,
}

impl Crowd {
    /// Room for `guests`, as far as three quarters of the files that may be open (`None`: as many as it takes) are enough
    /// for them. An eighth is for strangers, the rest for sessions and what they start.
    pub(super) fn new(guests: NonZeroUsize, files: Option<u64>) -> Self {
        let files = files.and_then(|files| usize::try_from(files).ok()).unwrap_or(usize::MAX);
        let room = |wanted: usize, files: usize| Arc::new(Semaphore::new(wanted.min(files).max(1)));
        Self {
            guests: room(guests.get().min(GUESTS), files / 4 * 3),
            strangers: room(STRANGERS, files / 8),
            arrivals: Mutex::default(),
            full: AtomicBool::new(false),
        }
    }

    /// Takes a stranger in, and shows another one out for it if need be. It is served under the registration, by which it
    /// can be shown out.
    pub(super) async fn enter(self: &Arc<Self>) -> Option<(Arc<Seat>, AbortRegistration)> {
        let room = self.room().await?;
        let (handle, registration) = AbortHandle::new_pair();
        let mut arrivals = self.arrivals();
        arrivals.last += 1;
        let number = arrivals.last;
        arrivals.strangers.insert(number, (Instant::now(), handle));
        let standing = Mutex::new(Standing { is_guest: false, _room: room });
        Some((Arc::new(Seat { crowd: Arc::clone(self), number, standing }), registration))
    }

    async fn room(&self) -> Option<OwnedSemaphorePermit> {
        let room = Arc::clone(&self.strangers).acquire_owned();
        tokio::pin!(room);
        let oldest = self.arrivals().strangers.first_entry().map(|oldest| oldest.get().0);
        let given = match oldest {
            Some(since) => timeout_at(since + CHANCE, &mut room).await.ok(),
            None => None,
        };
        if let Some(given) = given {
            return given.ok();
        }
        self.show_out();
        // Never closed: it lives here.
        room.await.ok()
    }

    /// Shows the one out that has been a stranger longest.
    fn show_out(&self) {
        if let Some((_, (_, oldest))) = self.arrivals().strangers.pop_first() {
            tracing::debug!("somebody who did not say who it is had to go for others");
            oldest.abort();
        }
    }

    fn arrivals(&self) -> MutexGuard<'_, Arrivals> {
        self.arrivals.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection's room, until it is dropped.
#[derive(Debug)]
pub(super) struct Seat {
    crowd: Arc<Crowd>,
    number: u64,
    standing: Mutex<Standing>,
}

#[derive(Debug)]
struct Standing {
    is_guest: bool,
    _room: OwnedSemaphorePermit,
}

impl Seat {
    /// Whether it has said who it is.
    pub(super) fn is_guest(&self) -> bool {
        self.standing().is_guest
    }

    fn standing(&self) -> MutexGuard<'_, Standing> {
        self.standing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes a guest of who has said who it is, if it is none yet; whether it is one.
    pub(super) fn take(&self) -> bool {
        let mut standing = self.standing();
        if standing.is_guest {
            return true;
        }
        let Ok(room) = Arc::clone(&self.crowd.guests).try_acquire_owned() else {
            if !self.crowd.full.swap(true, Ordering::Relaxed) {
                tracing::warn!(
                    "there are as many connections as there may be: others are told to come back later"
                );
            }
            return false;
        };
        self.crowd.full.store(false, Ordering::Relaxed);
        // Who is being shown out stays nobody.
        if self.crowd.arrivals().strangers.remove(&self.number).is_none() {
            return false;
        }
        *standing = Standing { is_guest: true, _room: room };
        true
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.crowd.arrivals().strangers.remove(&self.number);
    }
}
