//! What providers have told of their models, kept until they are asked again.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::provider::Listed;

/// By the providers' ids.
#[derive(Debug, Clone, Default)]
pub(super) struct Told(Arc<Mutex<HashMap<String, Arc<[Listed]>>>>);

impl Told {
    pub(super) fn keep(&self, provider: &str, listed: Vec<Listed>) {
        self.all().insert(provider.to_owned(), listed.into());
    }

    /// That provider's models, in its order.
    pub(super) fn of(&self, provider: &str) -> Arc<[Listed]> {
        self.all().get(provider).cloned().unwrap_or_default()
    }

    /// Whether it has told any, or that there are none.
    pub(super) fn has(&self, provider: &str) -> bool {
        self.all().contains_key(provider)
    }

    fn all(&self) -> MutexGuard<'_, HashMap<String, Arc<[Listed]>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
