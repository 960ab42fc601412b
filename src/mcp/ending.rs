use std::collections::VecDeque;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use tokio_util::sync::CancellationToken;

/// Bytes of standard error kept.
const TAIL: usize = 64 * 1024;
/// Lines of it shown to people.
const SHOWN: usize = 12;

/// How a connection ended, shared by all who notice.
#[derive(Debug, Clone, Default)]
pub(super) struct Ending(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    over: CancellationToken,
    reason: OnceLock<String>,
    errors: Mutex<VecDeque<u8>>,
}

impl Ending {
    /// Ends the connection; the first reason counts.
    pub(super) fn fail(&self, reason: impl Into<String>) {
        if self.0.reason.set(reason.into()).is_err() {
            tracing::trace!("one more reason why a connection is over");
        }
        self.0.over.cancel();
    }

    /// Cancelled when the connection is over.
    pub(super) fn over(&self) -> &CancellationToken {
        &self.0.over
    }

    pub(super) fn reason(&self) -> Option<&str> {
        self.0.reason.get().map(String::as_str)
    }

    /// Takes in what the server wrote to standard error.
    pub(super) fn errors(&self, chunk: &[u8]) {
        let chunk = chunk.get(chunk.len().saturating_sub(TAIL)..).unwrap_or_default();
        let mut errors = self.0.errors.lock().unwrap_or_else(PoisonError::into_inner);
        let excess = (errors.len() + chunk.len()).saturating_sub(TAIL);
        errors.drain(..excess);
        errors.extend(chunk);
    }

    /// The last lines of standard error.
    pub(super) fn last_words(&self) -> Option<String> {
        let errors: Vec<u8> =
            self.0.errors.lock().unwrap_or_else(PoisonError::into_inner).iter().copied().collect();
        let text = String::from_utf8_lossy(&errors);
        let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
        let last = lines.get(lines.len().saturating_sub(SHOWN)..).unwrap_or_default();
        (!last.is_empty()).then(|| last.join("\n"))
    }
}
