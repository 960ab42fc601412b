//! Sessions in a `SQLite` file: one thread writes with group commit, another reads and never waits for the
//! disk to sync.
//!
//! No session logic lives here, and no SQL statement of this folder is known outside `src/store`; the
//! tables are in `schema/sql/sqlite`.
//!
//! What always holds: an answer to a write is given after its commit is on the disk (WAL,
//! `synchronous=FULL`); a write transaction takes its lock when it begins; the file is private (0600 in a
//! folder of our own); a damaged file is kept aside, never overwritten; a newer schema is not touched.
//!
//! To add an operation: a function in `write` or `query`, its twin in [`Memory`]
//! and a check in the contract suite. To change the schema: the next file in `schema/sql/sqlite` and its
//! line in `migration`.

mod fault;
mod files;
mod job;
mod link;
mod log;
mod migration;
mod opening;
mod owner;
mod patience;
mod query;
mod salvage;
mod shared;
#[cfg(test)]
mod tests;
mod worker;
mod write;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::{BoxFuture, FutureExt, ready};
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;

pub(super) use self::link::Tuning;

use self::job::{Operation, Task};
use self::shared::Shared;
use self::worker::{BoxedJob, Worker};
use super::memory::Memory;
use super::{
    Append, Epoch, GrantRecord, ListQuery, SessionPage, SessionRecord, Spending, SpendingTotals, Store,
    StoreError,
};
use crate::acp::SessionId;
use crate::event::{Event, Seq};

type Answer<T> = BoxFuture<'static, Result<T, StoreError>>;

/// A store in a `SQLite` file. If nothing can be written there it keeps sessions in memory and says so once
/// by [`Store::warning`].
#[derive(Debug)]
pub(super) struct Sqlite {
    shared: Arc<Shared>,
    threads: Mutex<Threads>,
}

/// Started by the first call. The reader comes first, for it may still hand jobs to the writer while it ends.
#[derive(Debug, Default)]
struct Threads {
    reader: Option<Worker>,
    writer: Option<Worker>,
}

impl Sqlite {
    pub(super) fn new(path: PathBuf, tuning: Tuning) -> Self {
        Self { shared: Arc::new(Shared::new(path, tuning)), threads: Mutex::default() }
    }

    fn write<A, T>(&self, argument: A, operation: Operation<A, T>) -> Answer<T>
    where
        A: Send + 'static,
        T: Send + 'static,
    {
        submit(self.threads().writer(&self.shared), argument, operation)
    }

    fn query<A, T>(&self, argument: A, operation: Operation<A, T>) -> Answer<T>
    where
        A: Send + 'static,
        T: Send + 'static,
    {
        submit(self.threads().reader(&self.shared), argument, operation)
    }

    fn threads(&self) -> std::sync::MutexGuard<'_, Threads> {
        self.threads.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Threads {
    fn writer(&mut self, shared: &Arc<Shared>) -> Result<mpsc::Sender<BoxedJob>, StoreError> {
        let writer = match self.writer.take() {
            Some(writer) => writer,
            None => Worker::writer(Arc::clone(shared))?,
        };
        self.writer.insert(writer).jobs().cloned()
    }

    fn reader(&mut self, shared: &Arc<Shared>) -> Result<mpsc::Sender<BoxedJob>, StoreError> {
        let reader = match self.reader.take() {
            Some(reader) => reader,
            None => Worker::reader(Arc::clone(shared), self.writer(shared)?)?,
        };
        self.reader.insert(reader).jobs().cloned()
    }
}

/// Queues an operation. A full queue refuses it: to wait for room would let later calls overtake it.
fn submit<A, T>(
    queue: Result<mpsc::Sender<BoxedJob>, StoreError>,
    argument: A,
    operation: Operation<A, T>,
) -> Answer<T>
where
    A: Send + 'static,
    T: Send + 'static,
{
    let (task, outcome) = Task::new(operation, argument);
    match enqueue(queue, Box::new(task)) {
        Ok(()) => async move { outcome.await.unwrap_or_else(|_| Err(closed())) }.boxed(),
        Err(error) => ready(Err(error)).boxed(),
    }
}

fn enqueue(queue: Result<mpsc::Sender<BoxedJob>, StoreError>, job: BoxedJob) -> Result<(), StoreError> {
    queue?.try_send(job).map_err(|error| match error {
        TrySendError::Closed(_) => closed(),
        TrySendError::Full(_) => {
            StoreError::Unavailable("more waits for the disk than it can take: try again later".into())
        }
    })
}

fn closed() -> StoreError {
    StoreError::Unavailable("the store is closed".into())
}

const SPEND: Operation<Spending, SpendingTotals> =
    Operation { file: write::spend, memory: |memory, spending| Ok(memory.spend_now(spending)) };

impl Store for Sqlite {
    fn create(&self, record: SessionRecord) -> Answer<Epoch> {
        self.write(record, Operation { file: write::create, memory: Memory::create_now })
    }

    fn claim(&self, id: &SessionId) -> Answer<(SessionRecord, Epoch)> {
        self.write(id.clone(), Operation { file: write::claim, memory: Memory::claim_now })
    }

    fn append(&self, append: Append) -> Answer<()> {
        self.write(append, Operation { file: write::append, memory: Memory::append_now })
    }

    fn read(&self, id: &SessionId, after: Seq, limit: usize) -> Answer<Vec<Event>> {
        self.query((id.clone(), after, limit), Operation { file: query::read, memory: Memory::read_now })
    }

    fn find(&self, id: &SessionId) -> Answer<SessionRecord> {
        self.query(id.clone(), Operation { file: query::find, memory: Memory::find_now })
    }

    fn list(&self, query: ListQuery) -> Answer<SessionPage> {
        self.query(query, Operation { file: query::list, memory: Memory::list_now })
    }

    fn fork(&self, from: &SessionId, record: SessionRecord) -> Answer<Epoch> {
        self.write((from.clone(), record), Operation { file: write::fork, memory: Memory::fork_now })
    }

    fn delete(&self, id: &SessionId) -> Answer<()> {
        self.write(
            id.clone(),
            Operation {
                file: write::delete,
                memory: |memory, id| {
                    memory.delete_now(id);
                    Ok(())
                },
            },
        )
    }

    fn grants(&self, workspace: Option<PathBuf>) -> Answer<Vec<GrantRecord>> {
        self.query(
            workspace,
            Operation {
                file: |link, workspace| query::grants(link, workspace.as_deref()),
                memory: |memory, workspace| Ok(memory.grants_now(workspace.as_deref())),
            },
        )
    }

    fn remember(&self, workspace: PathBuf, text: String, at: i64) -> Answer<()> {
        self.write((workspace, text, at), Operation { file: write::remember, memory: Memory::remember_now })
    }

    fn spend(&self, spending: Spending) -> Answer<SpendingTotals> {
        self.write(spending, SPEND)
    }

    fn note(&self, spending: Spending) {
        let queue = self.threads().writer(&self.shared);
        if let Err(error) = enqueue(queue, Box::new(Task::note(SPEND, spending))) {
            tracing::warn!(%error, "what was used up was not written down");
        }
    }

    fn forget(&self, grant: i64) -> Answer<bool> {
        self.write(
            grant,
            Operation {
                file: |link, grant| write::forget(link, *grant),
                memory: |memory, grant| Ok(memory.forget_now(*grant)),
            },
        )
    }

    fn warning(&self) -> Option<String> {
        self.shared.take_warnings()
    }
}
