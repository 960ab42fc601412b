//! A last line that says why a connection ends, where its transport has no other way: a WebSocket is closed with a code,
//! and what outlives its sockets has an end of its own.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::AsyncWrite;
use tokio_util::sync::CancellationToken;

use crate::transport::{Outgoing, Transport};

/// How a client is told that the server ends.
#[derive(Debug, Clone, Copy)]
pub(super) enum Farewell {
    /// By its last line.
    Line,
    /// By what carries the lines.
    Carried,
}

impl Farewell {
    /// The transport, which says `words` when it is shut down after `stop`.
    pub(super) fn upon(
        self,
        stop: &CancellationToken,
        words: fn() -> Vec<u8>,
        transport: Transport,
    ) -> Transport {
        match self {
            Self::Line => {
                let Transport { incoming, outgoing } = transport;
                let told = Told { outgoing, words: Some(words), between: true, stop: stop.clone() };
                Transport { incoming, outgoing: Box::pin(told) }
            }
            Self::Carried => transport,
        }
    }
}

struct Told {
    outgoing: Outgoing,
    /// Until they are said.
    words: Option<fn() -> Vec<u8>>,
    /// Nothing is written, or a whole line was.
    between: bool,
    stop: CancellationToken,
}

impl fmt::Debug for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Told").field("between", &self.between).finish_non_exhaustive()
    }
}

impl AsyncWrite for Told {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, line: &[u8]) -> Poll<io::Result<usize>> {
        let written = ready!(self.outgoing.as_mut().poll_write(cx, line))?;
        if let Some(last) = line[..written].last() {
            self.between = *last == b'\n';
        }
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.outgoing.as_mut().poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.stop.is_cancelled()
            && self.between
            && let Some(words) = self.words.take()
            // Nobody waits for who takes nothing, or has gone.
            && let Poll::Ready(Err(e)) = self.outgoing.as_mut().poll_write(cx, &words())
        {
            tracing::debug!(error = %e, "who was to be told of the end has gone");
        }
        self.outgoing.as_mut().poll_shutdown(cx)
    }
}
