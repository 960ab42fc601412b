//! Ways for frames to come and go: stdio, any pair of byte streams (TCP), WebSocket, memory, and connections that
//! outlive their sockets, each a [`Transport`] of two halves.
//!
//! No JSON-RPC meaning lives here: a frame is a line of bytes.
//!
//! What always holds: reading and writing never wait for each other; an overlong line is an item, not an
//! end; what was written before the outgoing half is shut down has reached the other side's buffer.
//!
//! To add one: a file with a constructor that returns a [`Transport`].

mod lines;
mod memory;
mod resumable;
mod stdio;
mod websocket;

#[cfg(test)]
mod tests;

use std::fmt;
use std::io;
use std::pin::Pin;

use futures_util::{Stream, StreamExt};
use serde::Serialize;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};

use crate::jsonrpc::{self, Frame};

use lines::LineReader;

pub use lines::poll_chunk;
pub use memory::memory;
pub use resumable::{Connection, Pace, Socket, Sockets, WINDOW, resumable};
pub use stdio::stdio;
pub use websocket::{Message, websocket};

/// Frames as they arrive; ends when the other side has no more to say.
pub type Incoming = Pin<Box<dyn Stream<Item = io::Result<Frame>> + Send>>;
/// Takes whole lines, each with its end.
pub type Outgoing = Pin<Box<dyn AsyncWrite + Send>>;

/// A way for frames to come and go.
pub struct Transport {
    pub incoming: Incoming,
    pub outgoing: Outgoing,
}

impl Transport {
    /// Newline-delimited frames over any pair of byte streams, lines of up to `limit` bytes.
    pub fn lines<R, W>(reader: R, writer: W, limit: usize) -> Self
    where
        R: AsyncRead + Unpin + Send + 'static,
        W: AsyncWrite + Send + 'static,
    {
        Self { incoming: Box::pin(LineReader::new(reader, limit)), outgoing: Box::pin(writer) }
    }
}

impl Transport {
    /// Sends one message as a line, by itself.
    pub async fn say(&mut self, message: &impl Serialize) -> io::Result<()> {
        let mut line = Vec::new();
        jsonrpc::line(message, &mut line);
        self.outgoing.write_all(&line).await?;
        self.outgoing.flush().await
    }

    /// The next frame, taken from the front; `None`: nothing more comes.
    pub async fn first(&mut self) -> Option<io::Result<Frame>> {
        self.incoming.next().await
    }

    /// The same with a frame put back in front.
    pub fn with_first(self, frame: Frame) -> Self {
        let incoming = futures_util::stream::iter([Ok(frame)]).chain(self.incoming);
        Self { incoming: Box::pin(incoming), outgoing: self.outgoing }
    }
}

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transport").finish_non_exhaustive()
    }
}
