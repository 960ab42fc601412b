use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use jsonrpsee::types::ErrorObjectOwned;
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use super::outbox::Out;
use super::shared::Shared;
use crate::jsonrpc::{RawId, error_line, result_line};

/// What a handler finds in its extensions: who called, and the means to answer later.
#[derive(Debug, Clone)]
pub struct Caller {
    call: Arc<Call>,
}

#[derive(Debug)]
pub(super) struct Call {
    responder: Mutex<Option<Responder>>,
    cancel: CancellationToken,
    answered: CancellationToken,
}

impl Caller {
    pub(super) fn new(responder: Responder, cancel: CancellationToken) -> Self {
        let answered = responder.answered.clone();
        Self { call: Arc::new(Call { responder: Mutex::new(Some(responder)), cancel, answered }) }
    }

    /// Takes the duty to answer: what the handler returns is then ignored, and the reply goes where the
    /// [`Responder`] is used. `None` when it was taken before.
    pub fn defer(&self) -> Option<(Responder, Deferred)> {
        let responder = self.take()?;
        let deferred = Deferred { cancel: self.call.cancel.clone(), answered: self.call.answered.clone() };
        Some((responder, deferred))
    }

    pub(super) fn take(&self) -> Option<Responder> {
        self.call.responder.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    pub(super) fn is_deferred(&self) -> bool {
        self.call.responder.lock().unwrap_or_else(PoisonError::into_inner).is_none()
    }
}

/// What can still happen to a request whose answer was put off.
#[derive(Debug, Clone)]
pub struct Deferred {
    cancel: CancellationToken,
    answered: CancellationToken,
}

impl Deferred {
    /// Waits until the peer cancels the request (`true`) or it was answered (`false`).
    pub async fn cancelled(&self) -> bool {
        tokio::select! {
            biased;
            () = self.answered.cancelled() => false,
            () = self.cancel.cancelled() => true,
        }
    }
}

/// A reply that is owed. Used up by answering; dropped without an answer, the peer gets -32603.
pub struct Responder {
    id: RawId,
    shared: Arc<Shared>,
    answered: CancellationToken,
    owed: bool,
}

impl Responder {
    pub(super) fn new(id: RawId, shared: Arc<Shared>) -> Self {
        Self { id, shared, answered: CancellationToken::new(), owed: true }
    }

    /// Queues the reply behind everything that was queued before. A peer that is gone is no error.
    pub async fn reply<R: Serialize>(self, outcome: Result<R, ErrorObjectOwned>) {
        let line = match outcome {
            Ok(result) => result_line(&self.id, &result),
            Err(error) => error_line(&self.id, &error),
        };
        self.send(line).await;
    }

    async fn send(mut self, line: Bytes) {
        // Owed until there is room for it: whoever waits here may be dropped.
        let room = self.shared.outbox.room().await;
        self.owed = false;
        if let Ok(room) = room {
            room.put(Out::Reply(self.id.clone(), line));
        } else {
            tracing::debug!(id = ?self.id, "nobody is left to read this reply");
        }
        self.answered.cancel();
    }

    /// The loop answers by itself.
    pub(super) fn settle(mut self) -> RawId {
        self.owed = false;
        self.answered.cancel();
        self.id.clone()
    }
}

impl Drop for Responder {
    fn drop(&mut self) {
        if self.owed {
            self.shared.abandon(self.id.clone());
            self.answered.cancel();
        }
    }
}

impl fmt::Debug for Responder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Responder").field("id", &self.id).finish_non_exhaustive()
    }
}
