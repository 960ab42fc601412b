use std::sync::Arc;

use bytes::Bytes;
use jsonrpsee::types::ErrorObjectOwned;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use tokio::sync::oneshot;

use super::outbox::Out;
use super::shared::Shared;
use crate::error::ErrorKind;
use crate::jsonrpc::{notification_line, request_line};

/// Our voice to the other side. Clones speak over the same connection.
#[derive(Debug, Clone)]
pub struct Peer {
    pub(super) shared: Arc<Shared>,
}

/// Why a request of ours has no result.
#[derive(Debug, Clone, thiserror::Error)]
pub enum PeerError {
    /// It answered with an error.
    #[error("the client refused: {} ({})", .0.message(), .0.code())]
    Refused(ErrorObjectOwned),
    /// Its answer does not fit the method.
    #[error("the client's answer cannot be read: {0}")]
    Unreadable(String),
    /// The connection ended.
    #[error("the client is gone")]
    Gone,
}

impl PeerError {
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Refused(_) => ErrorKind::Denied,
            Self::Unreadable(_) => ErrorKind::Invalid,
            Self::Gone => ErrorKind::Unavailable,
        }
    }
}

impl Peer {
    /// Queues whole lines; waits while the queue is full. `Err` when the connection is gone.
    pub async fn send(&self, lines: Bytes) -> Result<(), PeerError> {
        let room = self.shared.outbox.room().await.map_err(|_| PeerError::Gone)?;
        room.put(Out::Lines(lines));
        Ok(())
    }

    /// Queues a notification.
    pub async fn notify<P: Serialize>(&self, method: &str, params: &P) -> Result<(), PeerError> {
        let mut line = Vec::with_capacity(256);
        notification_line(method, params, &mut line);
        self.send(line.into()).await
    }

    /// Asks and waits for the answer, as long as it takes; a `null` result reads as an empty object.
    /// Dropping the future takes the request back with `$/cancel_request`, behind what was queued until then.
    pub async fn request<P: Serialize, R: DeserializeOwned>(
        &self,
        method: &str,
        params: &P,
    ) -> Result<R, PeerError> {
        let (sender, receiver) = oneshot::channel();
        let id = self.shared.await_answer(sender).ok_or(PeerError::Gone)?;
        let mut guard = Withdraw { peer: self, id, sent: false, settled: false };
        self.send(request_line(id, method, params)).await?;
        guard.sent = true;
        let answer = receiver.await;
        guard.settled = true;
        let result = answer.map_err(|_| PeerError::Gone)?.map_err(PeerError::Refused)?;
        read_result(&result)
    }

    /// Resolves when the other side will say nothing more.
    pub async fn closed(&self) {
        self.shared.input_closed.cancelled().await;
    }
}

fn read_result<R: DeserializeOwned>(result: &RawValue) -> Result<R, PeerError> {
    let text = if result.get() == "null" { "{}" } else { result.get() };
    serde_json::from_str(text).map_err(|e| PeerError::Unreadable(e.to_string()))
}

/// Takes an unanswered request back when its future is dropped.
struct Withdraw<'a> {
    peer: &'a Peer,
    id: u64,
    sent: bool,
    settled: bool,
}

impl Drop for Withdraw<'_> {
    fn drop(&mut self) {
        if self.settled {
            return;
        }
        // One whose answer is on its way to us needs no taking back.
        let open = self.peer.shared.forget_answer(self.id).is_some();
        if open && self.sent {
            self.peer.shared.outbox.withdraw(self.id);
        }
    }
}
