//! Work that goes on side by side: in one task, each piece polled when it is woken, or aside in a task of its own.

mod aside;
#[cfg(test)]
mod tests;

use std::future::{Future, Pending, pending};
use std::task::{Context, Poll};

use futures_util::StreamExt;
use futures_util::future::Either;
use futures_util::stream::FuturesUnordered;

pub use aside::Aside;

/// Futures of one kind that are under way.
///
/// [`FuturesUnordered`] wakes its own task whenever it has polled all it holds, which sends another thread looking for
/// work, and where there are few cores takes one from who could use it. One future more, which nothing ever wakes,
/// keeps it from that.
#[derive(Debug)]
pub struct Ongoing<F: Future>(FuturesUnordered<Either<F, Pending<F::Output>>>);

impl<F: Future> Default for Ongoing<F> {
    fn default() -> Self {
        Self(FuturesUnordered::new())
    }
}

impl<F: Future> Ongoing<F> {
    pub fn len(&self) -> usize {
        self.0.len().saturating_sub(1)
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Takes one more; it is polled with the next [`Ongoing::poll_finished`].
    pub fn push(&self, future: F) {
        if self.0.is_empty() {
            self.0.push(Either::Right(pending()));
        }
        self.0.push(Either::Left(future));
    }

    /// One that has finished. Pending when there is none, also when nothing is under way.
    pub fn poll_finished(&mut self, cx: &mut Context<'_>) -> Poll<F::Output> {
        match self.0.poll_next_unpin(cx) {
            Poll::Ready(Some(output)) => Poll::Ready(output),
            Poll::Ready(None) | Poll::Pending => Poll::Pending,
        }
    }

    /// Waits for the next that finishes; for ever when nothing is under way.
    pub async fn finished(&mut self) -> F::Output {
        std::future::poll_fn(|cx| self.poll_finished(cx)).await
    }
}
