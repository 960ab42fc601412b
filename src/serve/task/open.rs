//! Which requests of a client are not answered yet: an id stands for one of them at a time.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use crate::jsonrpc::RawId;

/// The ids in use.
#[derive(Debug, Default)]
pub(super) struct OpenRequests(Arc<Mutex<HashSet<RawId>>>);

/// An id in use, until it is dropped.
#[derive(Debug)]
pub(super) struct OpenRequest {
    id: RawId,
    open: Arc<Mutex<HashSet<RawId>>>,
}

impl OpenRequests {
    /// Takes the id into use; `None` when it is.
    pub(super) fn take(&self, id: &RawId) -> Option<OpenRequest> {
        let new = self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(id.clone());
        new.then(|| OpenRequest { id: id.clone(), open: Arc::clone(&self.0) })
    }
}

impl Drop for OpenRequest {
    fn drop(&mut self) {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.id);
    }
}
