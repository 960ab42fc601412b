//! The body of a stream that is being read.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_util::Stream;
use tokio::time::{Instant, Sleep, sleep};

use super::exchange::Exchange;
use super::route::Place;

/// How long nothing is said before a comment is, so that whatever lies between keeps the connection.
const QUIET: Duration = Duration::from_secs(15);

/// Events until the connection is over or another request reads the stream.
#[derive(Debug)]
pub(super) struct Body {
    exchange: Arc<Exchange>,
    place: Place,
    lease: u64,
    quiet: Pin<Box<Sleep>>,
    over: bool,
}

impl Body {
    pub(super) fn new(exchange: Arc<Exchange>, place: Place, lease: u64) -> Self {
        Self { exchange, place, lease, quiet: Box::pin(sleep(QUIET)), over: false }
    }
}

impl Stream for Body {
    type Item = Result<Bytes, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.over {
            return Poll::Ready(None);
        }
        let said = match self.exchange.poll_events(&self.place, self.lease, cx) {
            Poll::Ready(Ok(events)) => events,
            Poll::Ready(Err(farewell)) => {
                self.over = true;
                format!(": {farewell}\n\n").into()
            }
            Poll::Pending => {
                if self.quiet.as_mut().poll(cx).is_pending() {
                    return Poll::Pending;
                }
                Bytes::from_static(b":\n\n")
            }
        };
        self.quiet.as_mut().reset(Instant::now() + QUIET);
        Poll::Ready(Some(Ok(said)))
    }
}

impl Drop for Body {
    fn drop(&mut self) {
        self.exchange.leave(&self.place, self.lease);
    }
}
