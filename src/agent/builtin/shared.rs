//! What a session shares with those beneath it, for as long as one of them is open.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use crate::acp::SessionId;
use crate::agent::Seed;

/// The things of open sessions.
#[derive(Debug)]
pub(super) struct Shared<T>(Arc<Mutex<HashMap<SessionId, Weak<T>>>>);

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Default for Shared<T> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<T> Shared<T> {
    /// That of a session: its parent's while that is open, else its own.
    pub(super) fn of(&self, seed: &Seed, own: impl FnOnce() -> Arc<T>) -> Arc<T> {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|_, it| it.strong_count() > 0);
        let shared = seed.parent.as_ref().and_then(|parent| open.get(parent)).and_then(Weak::upgrade);
        let it = shared.unwrap_or_else(own);
        open.insert(seed.session.clone(), Arc::downgrade(&it));
        it
    }
}
