//! A store that takes its time, and remembers what is durable.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use adjutant::acp::SessionId;
use adjutant::event::{Event, EventKind, Seq};
use adjutant::store::{
    self, Append, Epoch, GrantRecord, ListQuery, Place, SessionPage, SessionRecord, Spending, SpendingTotals,
    Store, StoreError,
};
use futures_util::future::BoxFuture;

/// Called with every event at the moment before it becomes durable.
type Watcher = Box<dyn Fn(&Event) + Send + Sync>;

/// An in-memory store whose appends take as long as on a slow disk.
pub(crate) struct Recorder {
    inner: Arc<dyn Store>,
    delay: Duration,
    durable: Arc<Mutex<Vec<Arc<Event>>>>,
    before: Arc<Watcher>,
}

impl std::fmt::Debug for Recorder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Recorder").finish_non_exhaustive()
    }
}

impl Recorder {
    pub(crate) fn new(delay: Duration, before: impl Fn(&Event) + Send + Sync + 'static) -> Self {
        let inner = store::open(Place::Memory);
        Self { inner, delay, durable: Arc::default(), before: Arc::new(Box::new(before)) }
    }

    /// Whether an event is durable for which this is true.
    pub(crate) fn holds(&self, wanted: impl Fn(&EventKind) -> bool) -> bool {
        self.durable.lock().unwrap_or_else(PoisonError::into_inner).iter().any(|event| wanted(&event.kind))
    }
}

impl Store for Recorder {
    fn create(&self, record: SessionRecord) -> BoxFuture<'static, Result<Epoch, StoreError>> {
        self.inner.create(record)
    }

    fn claim(&self, id: &SessionId) -> BoxFuture<'static, Result<(SessionRecord, Epoch), StoreError>> {
        self.inner.claim(id)
    }

    fn append(&self, append: Append) -> BoxFuture<'static, Result<(), StoreError>> {
        let (inner, delay) = (Arc::clone(&self.inner), self.delay);
        let (durable, before) = (Arc::clone(&self.durable), Arc::clone(&self.before));
        Box::pin(async move {
            tokio::time::sleep(delay).await;
            let events = append.events.clone();
            for event in &events {
                before(event);
            }
            inner.append(append).await?;
            durable.lock().unwrap_or_else(PoisonError::into_inner).extend(events);
            Ok(())
        })
    }

    fn read(
        &self,
        id: &SessionId,
        after: Seq,
        limit: usize,
    ) -> BoxFuture<'static, Result<Vec<Event>, StoreError>> {
        self.inner.read(id, after, limit)
    }

    fn find(&self, id: &SessionId) -> BoxFuture<'static, Result<SessionRecord, StoreError>> {
        self.inner.find(id)
    }

    fn list(&self, query: ListQuery) -> BoxFuture<'static, Result<SessionPage, StoreError>> {
        self.inner.list(query)
    }

    fn fork(&self, from: &SessionId, record: SessionRecord) -> BoxFuture<'static, Result<Epoch, StoreError>> {
        self.inner.fork(from, record)
    }

    fn delete(&self, id: &SessionId) -> BoxFuture<'static, Result<(), StoreError>> {
        self.inner.delete(id)
    }

    fn grants(&self, workspace: Option<PathBuf>) -> BoxFuture<'static, Result<Vec<GrantRecord>, StoreError>> {
        self.inner.grants(workspace)
    }

    fn remember(
        &self,
        workspace: PathBuf,
        text: String,
        at: i64,
    ) -> BoxFuture<'static, Result<(), StoreError>> {
        self.inner.remember(workspace, text, at)
    }

    fn spend(&self, spending: Spending) -> BoxFuture<'static, Result<SpendingTotals, StoreError>> {
        self.inner.spend(spending)
    }

    fn forget(&self, grant: i64) -> BoxFuture<'static, Result<bool, StoreError>> {
        self.inner.forget(grant)
    }
}
