//! Which connections there are, by their ids.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::http::StatusCode;
use tokio::sync::mpsc;

use super::Refused;
use super::exchange::{Exchange, INBOX};
use super::pipe::Pipe;

/// Connections at once.
const MOST: usize = 1024;

const FULL: Refused =
    Refused::new(StatusCode::SERVICE_UNAVAILABLE, "there are too many connections: end some with DELETE");

/// All connections of a listener.
#[derive(Debug, Default)]
pub(in crate::serve) struct Register(Mutex<HashMap<String, Arc<Exchange>>>);

impl Register {
    fn all(&self) -> MutexGuard<'_, HashMap<String, Arc<Exchange>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A new connection: its id, and its end to be served.
    pub(super) fn open(&self) -> Result<(String, Pipe), Refused> {
        let (sender, inbox) = mpsc::channel(INBOX);
        let exchange = Arc::new(Exchange::new(sender));
        let mut all = self.all();
        if all.len() >= MOST {
            return Err(FULL);
        }
        let id = uuid::Uuid::now_v7().to_string();
        all.insert(id.clone(), Arc::clone(&exchange));
        Ok((id, Pipe { inbox, exchange }))
    }

    pub(super) fn get(&self, id: &str) -> Result<Arc<Exchange>, Refused> {
        self.all().get(id).cloned().ok_or(Refused::UNKNOWN)
    }

    pub(super) fn remove(&self, id: &str) -> Option<Arc<Exchange>> {
        self.all().remove(id)
    }
}
