//! Work in a task of its own that is over as soon as nobody wants it.

use std::fmt;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use futures_util::future::BoxFuture;
use tokio_util::task::AbortOnDropHandle;

/// A task whose future is dropped by the time this is. One that is only aborted is dropped some time later, when what
/// comes after it may have been seen already.
pub struct Aside {
    future: Arc<Waiting>,
    _task: AbortOnDropHandle<()>,
}

type Waiting = Mutex<Option<BoxFuture<'static, ()>>>;

impl Aside {
    /// Begins at once, so that what is begun later is behind it, and goes on in its task.
    pub fn new(future: impl Future<Output = ()> + Send + 'static) -> Self {
        let mut future: BoxFuture<'static, ()> = Box::pin(future);
        let begun = future.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        let future: Arc<Waiting> = Arc::new(Mutex::new(begun.is_pending().then_some(future)));
        let waiting = Arc::clone(&future);
        let task = tokio::spawn(poll_fn(move |cx| {
            held(&waiting).as_mut().map_or(Poll::Ready(()), |future| future.as_mut().poll(cx))
        }));
        Self { future, _task: AbortOnDropHandle::new(task) }
    }
}

impl Drop for Aside {
    fn drop(&mut self) {
        drop(held(&self.future).take());
    }
}

impl fmt::Debug for Aside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Aside").finish_non_exhaustive()
    }
}

fn held(waiting: &Waiting) -> MutexGuard<'_, Option<BoxFuture<'static, ()>>> {
    waiting.lock().unwrap_or_else(PoisonError::into_inner)
}
