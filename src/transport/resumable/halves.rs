//! The two halves that whoever speaks over a connection has.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::Stream;
use memchr::memrchr;
use tokio::io::AsyncWrite;

use super::WINDOW;
use super::control::END;
use super::state::{Shared, State};
use crate::jsonrpc::Frame;

pub(super) struct Reader(pub(super) Arc<Shared>);

pub(super) struct Writer(pub(super) Arc<Shared>);

impl Stream for Reader {
    type Item = io::Result<Frame>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut state = self.0.state();
        if let Some(frame) = state.take() {
            return Poll::Ready(Some(Ok(frame)));
        }
        if state.take_end() {
            return Poll::Ready(None);
        }
        if let Some(why) = state.gone.clone() {
            // Said once.
            state.hear_end();
            return Poll::Ready(Some(Err(gone(&why))));
        }
        state.reader = Some(cx.waker().clone());
        Poll::Pending
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.0.state().leave_reading();
    }
}

impl AsyncWrite for Writer {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let mut state = self.0.state();
        if let Some(why) = &state.gone {
            return Poll::Ready(Err(gone(why)));
        }
        if state.finished {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        let room = WINDOW.saturating_sub(state.said.bytes());
        if room == 0 {
            state.writer = Some(cx.waker().clone());
            return Poll::Pending;
        }
        let taken = &bytes[..bytes.len().min(room)];
        state.say(taken);
        Poll::Ready(Ok(taken.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    /// Ready when the other side has received everything.
    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut state = self.0.state();
        if !state.finished {
            if !state.begun.is_empty() {
                state.say(b"\n");
            }
            state.finished = true;
            state.said.say(Bytes::from_static(END));
            state.call_carrier();
        }
        if state.is_delivered() || state.gone.is_some() {
            return Poll::Ready(Ok(()));
        }
        state.writer = Some(cx.waker().clone());
        Poll::Pending
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.writer_left = true;
        state.call_carrier();
    }
}

impl State {
    /// Says what is whole of this, and keeps the rest until it is.
    fn say(&mut self, bytes: &[u8]) {
        let Some(end) = memrchr(b'\n', bytes) else { return self.begun.extend_from_slice(bytes) };
        let (whole, rest) = bytes.split_at(end + 1);
        let lines = if self.begun.is_empty() {
            Bytes::copy_from_slice(whole)
        } else {
            self.begun.extend_from_slice(whole);
            std::mem::take(&mut self.begun).into()
        };
        self.begun.extend_from_slice(rest);
        self.said.say(lines);
        self.call_carrier();
    }
}

fn gone(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::ConnectionAborted, why)
}
