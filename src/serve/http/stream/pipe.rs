//! The connection's end of an exchange: messages, one line each, as a WebSocket has them.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::{Sink, Stream};
use tokio::sync::mpsc;

use super::exchange::Exchange;
use crate::transport;

#[derive(Debug)]
pub(super) struct Pipe {
    pub(super) inbox: mpsc::Receiver<Bytes>,
    pub(super) exchange: Arc<Exchange>,
}

impl transport::Message for Bytes {
    fn of_text(line: Bytes) -> Option<Self> {
        Some(line)
    }

    fn into_text(self) -> Option<Bytes> {
        Some(self)
    }
}

impl Stream for Pipe {
    type Item = io::Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.inbox.poll_recv(cx).map(|message| message.map(Ok))
    }
}

impl Sink<Bytes> for Pipe {
    type Error = io::Error;

    fn poll_ready(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.exchange.poll_room(cx).map_err(|()| io::ErrorKind::BrokenPipe.into())
    }

    fn start_send(self: Pin<&mut Self>, line: Bytes) -> io::Result<()> {
        self.exchange.put(line);
        Ok(())
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.exchange.close("the server is shutting down");
        Poll::Ready(Ok(()))
    }
}
