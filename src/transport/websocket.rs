//! WebSocket (RFC 6455): one text frame holds one line, without its end. Binary frames are ignored.

use std::fmt::Display;
use std::future;
use std::io;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::{Sink, SinkExt, Stream, StreamExt};
use memchr::memchr;
use tokio::io::AsyncWrite;

use super::Transport;
use crate::jsonrpc::{Frame, unmarked};

/// A message of a WebSocket library.
pub trait Message: Sized {
    /// A text frame; `None` where the line is no UTF-8.
    fn of_text(line: Bytes) -> Option<Self>;
    /// The text of a text frame.
    fn into_text(self) -> Option<Bytes>;
}

/// Lines as the messages of a socket.
pub fn websocket<S, M, E>(socket: S) -> Transport
where
    S: Stream<Item = Result<M, E>> + Sink<M, Error = E> + Send + 'static,
    M: Message + Send + 'static,
    E: Display + Send + 'static,
{
    let (sink, stream) = socket.split();
    let mut started = false;
    let incoming = stream.filter_map(move |message| {
        let frame = match message.map(Message::into_text) {
            Ok(text) => {
                let begun = |text| if mem::replace(&mut started, true) { text } else { unmarked(text) };
                let text = text.map(begun).filter(|text| !text.trim_ascii().is_empty());
                text.map(|text| Ok(Frame::Line(text)))
            }
            Err(e) => Some(Err(broken(e))),
        };
        future::ready(frame)
    });
    let sink = Box::pin(sink.sink_map_err(broken));
    Transport { incoming: Box::pin(incoming), outgoing: Box::pin(Lines { sink, begun: Vec::new() }) }
}

/// Sends every whole line as a message.
struct Lines<M> {
    sink: Pin<Box<dyn Sink<M, Error = io::Error> + Send>>,
    /// A line whose end has not come yet.
    begun: Vec<u8>,
}

impl<M: Message> Lines<M> {
    fn send(&mut self, line: &[u8]) -> io::Result<()> {
        let line = if self.begun.is_empty() {
            Bytes::copy_from_slice(line)
        } else {
            self.begun.extend_from_slice(line);
            mem::take(&mut self.begun).into()
        };
        let message = M::of_text(line).ok_or(io::ErrorKind::InvalidData)?;
        self.sink.as_mut().start_send(message)
    }
}

impl<M: Message> AsyncWrite for Lines<M> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let mut taken = 0;
        while let Some(end) = memchr(b'\n', &bytes[taken..]) {
            match self.sink.as_mut().poll_ready(cx) {
                Poll::Ready(Ok(())) => self.send(&bytes[taken..taken + end])?,
                Poll::Ready(Err(e)) => return Poll::Ready(Err(e)),
                Poll::Pending if taken > 0 => return Poll::Ready(Ok(taken)),
                Poll::Pending => return Poll::Pending,
            }
            taken += end + 1;
        }
        self.begun.extend_from_slice(&bytes[taken..]);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.sink.as_mut().poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.sink.as_mut().poll_close(cx)
    }
}

fn broken(error: impl Display) -> io::Error {
    io::Error::new(io::ErrorKind::BrokenPipe, error.to_string())
}
