use std::fmt;

use tokio::sync::oneshot;

use super::fault::Failure;
use super::link::Link;
use crate::store::StoreError;
use crate::store::memory::Memory;

/// One operation on its way through a thread: run, perhaps more than once, then answered.
pub(super) trait Job: Send + fmt::Debug {
    fn run(&mut self, link: &mut Link) -> Result<(), Failure>;
    fn run_in_memory(&mut self, memory: &Memory);
    /// Whether it may wait for a job that cannot, to go to the disk with that one.
    fn can_wait(&self) -> bool {
        false
    }
    /// Its outcome is this error.
    fn fail(&mut self, error: StoreError);
    /// Whoever asked may have gone.
    fn answer(self: Box<Self>);
}

/// What an operation does to a file, and what it does where there is none.
pub(super) struct Operation<A, T> {
    pub(super) file: fn(&mut Link, &A) -> Result<T, Failure>,
    pub(super) memory: fn(&Memory, &A) -> Result<T, StoreError>,
}

/// An operation with its argument and the one who waits for it.
pub(super) struct Task<A, T> {
    operation: Operation<A, T>,
    argument: A,
    outcome: Option<Result<T, StoreError>>,
    reply: Option<oneshot::Sender<Result<T, StoreError>>>,
}

impl<A, T> Task<A, T> {
    pub(super) fn new(
        operation: Operation<A, T>,
        argument: A,
    ) -> (Self, oneshot::Receiver<Result<T, StoreError>>) {
        let (reply, outcome) = oneshot::channel();
        (Self { operation, argument, outcome: None, reply: Some(reply) }, outcome)
    }

    /// An operation that nobody waits for.
    pub(super) fn note(operation: Operation<A, T>, argument: A) -> Self {
        Self { operation, argument, outcome: None, reply: None }
    }
}

impl<A: Send, T: Send> Job for Task<A, T> {
    fn run(&mut self, link: &mut Link) -> Result<(), Failure> {
        self.outcome = Some(Ok((self.operation.file)(link, &self.argument)?));
        Ok(())
    }

    fn run_in_memory(&mut self, memory: &Memory) {
        self.outcome = Some((self.operation.memory)(memory, &self.argument));
    }

    fn can_wait(&self) -> bool {
        self.reply.is_none()
    }

    fn fail(&mut self, error: StoreError) {
        self.outcome = Some(Err(error));
    }

    fn answer(self: Box<Self>) {
        let Some(outcome) = self.outcome else { return };
        let unheard = match self.reply {
            Some(reply) => return drop(reply.send(outcome)),
            None => outcome,
        };
        if let Err(error) = unheard {
            tracing::warn!(%error, "something was not written down");
        }
    }
}

impl<A, T> fmt::Debug for Task<A, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Task").finish_non_exhaustive()
    }
}
