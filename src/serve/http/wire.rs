//! What HTTP is spoken over: read in large pieces, closed in steps.

use std::future::{Future, poll_fn};
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};
use tokio_util::sync::CancellationToken;

use crate::transport::poll_chunk;

/// How long the other side may take to hear the end.
const PATIENCE: Duration = Duration::from_secs(2);

/// A stream whose reader may ask for small pieces, without a buffer while nothing comes.
///
/// Its end comes in steps (RFC 9112, section 9.6): it is said, and what still comes is thrown away until the other side has
/// ended too. Who is refused in the middle of what it sends hears why: a socket closed with something unread in it is
/// reset, and takes the answer with it.
#[derive(Debug)]
pub(super) struct Wire<S> {
    stream: S,
    /// Read, and not asked for yet.
    ahead: BytesMut,
    /// When nobody is waited for any more.
    stop: CancellationToken,
    /// Since the end was said.
    patience: Option<Pin<Box<Sleep>>>,
}

impl<S> Wire<S> {
    pub(super) fn new(stream: S, stop: CancellationToken) -> Self {
        Self { stream, ahead: BytesMut::new(), stop, patience: None }
    }
}

impl<S: AsyncRead + Unpin> Wire<S> {
    /// Whether that is what comes first; it is still to be read.
    pub(super) async fn begins_with(&mut self, wanted: &[u8]) -> io::Result<bool> {
        while self.ahead.len() < wanted.len() && wanted.starts_with(&self.ahead) {
            let more = poll_fn(|cx| poll_chunk(&mut self.stream, cx)).await?;
            if more.is_empty() {
                return Ok(false);
            }
            self.ahead.unsplit(more);
        }
        Ok(self.ahead.starts_with(wanted))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Wire<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.ahead.is_empty() {
            self.ahead = ready!(poll_chunk(&mut self.stream, cx))?;
        }
        let count = self.ahead.len().min(into.remaining());
        into.put_slice(&self.ahead[..count]);
        self.ahead.advance(count);
        if self.ahead.is_empty() {
            self.ahead = BytesMut::new();
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Wire<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, pieces)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.patience.is_none() {
            ready!(Pin::new(&mut self.stream).poll_shutdown(cx))?;
            self.patience = Some(Box::pin(sleep(PATIENCE)));
        }
        // Before what comes, which may never pause.
        let over = self.patience.as_mut().is_some_and(|patience| patience.as_mut().poll(cx).is_ready());
        if over || self.stop.is_cancelled() {
            return Poll::Ready(Ok(()));
        }
        while ready!(poll_chunk(&mut self.stream, cx)).is_ok_and(|unheard| !unheard.is_empty()) {}
        Poll::Ready(Ok(()))
    }
}
