use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use tokio::sync::{OnceCell, mpsc, watch};
use tokio_util::task::TaskTracker;

use super::actor::{Actor, Start};
use super::announcer::Announcer;
use super::handle::{CurrentTurn, MAILBOX, SessionHandle, SessionInfo};
use super::journal::{Journal, Writer};
use super::recovery::closing_events;
use super::{SessionError, handle};
use crate::acp::SessionId;
use crate::agent::{AgentBackend, Roots, Seed, Settings};
use crate::clock::Clock;
use crate::memory;
use crate::permission::Mode;
use crate::store::{Epoch, ListQuery, RecordChange, SessionPage, SessionRecord, Store, StoreError};
use crate::workspace::Workspace;

/// Events of a session whose closing leaves much to give back.
pub(super) const LARGE: u64 = 1000;
/// Sessions open in one process at most.
const MOST_OPEN: usize = 1000;

/// The register of sessions: opens, finds and closes them. Clones are the same register.
#[derive(Debug, Clone)]
pub struct Sessions {
    inner: Arc<Inner>,
}

/// A hold on the register that does not keep it: for what the register itself keeps.
#[derive(Debug, Clone)]
pub(super) struct WeakSessions(Weak<Inner>);

impl WeakSessions {
    /// The register, unless it is gone.
    pub(super) fn upgrade(&self) -> Option<Sessions> {
        Some(Sessions { inner: self.0.upgrade()? })
    }
}

#[derive(Debug)]
struct Inner {
    store: Arc<dyn Store>,
    backend: Arc<dyn AgentBackend>,
    clock: Clock,
    live: Mutex<HashMap<SessionId, Slot>>,
    tasks: TaskTracker,
}

/// A session that is open, or being opened by whoever came first.
type Slot = Arc<OnceCell<SessionHandle>>;

/// What a new session is to be.
#[derive(Debug, Clone)]
pub struct NewSession {
    pub roots: Roots,
    pub mode: Mode,
}

impl Sessions {
    pub fn new(store: Arc<dyn Store>, backend: Arc<dyn AgentBackend>, clock: Clock) -> Self {
        let live = Mutex::new(HashMap::new());
        Self { inner: Arc::new(Inner { store, backend, clock, live, tasks: TaskTracker::new() }) }
    }

    /// The agent behind the sessions.
    pub fn backend(&self) -> &Arc<dyn AgentBackend> {
        &self.inner.backend
    }

    /// Where they are kept.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.inner.store
    }

    /// Opens a new session; durable when this returns.
    pub async fn create(&self, new: NewSession) -> Result<SessionHandle, SessionError> {
        let workspace = Workspace::open(&new.roots.cwd, &new.roots.additional)?;
        self.begin(self.record(&new.roots, new.mode), new.roots, workspace).await
    }

    /// Opens a new session with that record.
    pub(super) async fn begin(
        &self,
        record: SessionRecord,
        roots: Roots,
        workspace: Workspace,
    ) -> Result<SessionHandle, SessionError> {
        self.check_room()?;
        let epoch = self.inner.store.create(record.clone()).await?;
        let handle = self.start(record, epoch, roots, workspace).await?;
        self.live().insert(handle.id().clone(), Arc::new(OnceCell::new_with(Some(handle.clone()))));
        Ok(handle)
    }

    /// The live session of that id, or the stored one, opened. A live one that is to have other roots is opened
    /// anew, unless a turn is running in the old ones.
    pub async fn load(&self, id: &SessionId, roots: Option<Roots>) -> Result<SessionHandle, SessionError> {
        let slot = Arc::clone(self.live().entry(id.clone()).or_default());
        if let Some(handle) = slot.get()
            && !handle.mailbox.is_closed()
        {
            if roots.as_ref().is_none_or(|roots| *roots == handle.info.roots) {
                return Ok(handle.clone());
            }
            if !handle.close_if_idle().await {
                let text =
                    "a turn of the session is running in other directories: cancel it or name the same ones";
                return Err(SessionError::Invalid(text.into()));
            }
        }
        if slot.initialized() {
            self.forget(id, &slot);
            return Box::pin(self.load(id, roots)).await;
        }
        let opened = slot.get_or_try_init(|| self.open(id, roots)).await.cloned();
        if opened.is_err() {
            self.forget(id, &slot);
        }
        opened
    }

    async fn open(&self, id: &SessionId, roots: Option<Roots>) -> Result<SessionHandle, SessionError> {
        self.check_room()?;
        let known = self.inner.store.find(id).await?;
        let roots = roots.unwrap_or(Roots { additional: known.additional, ..Roots::single(known.cwd) });
        let workspace = Workspace::open(&roots.cwd, &roots.additional)?;
        let (record, epoch) = self.inner.store.claim(id).await?;
        self.start(record, epoch, roots, workspace).await
    }

    /// A new session with another one's history so far.
    pub async fn fork(&self, from: &SessionId, roots: Roots) -> Result<SessionHandle, SessionError> {
        self.check_room()?;
        let workspace = Workspace::open(&roots.cwd, &roots.additional)?;
        let parent = self.inner.store.find(from).await?;
        let mode = Mode::from_id(&parent.mode).unwrap_or(Mode::Default);
        let mut record = self.record(&roots, mode);
        record.parent = Some(from.clone());
        record.title = parent.title;
        record.options = parent.options;
        if let Some(live) = self.live_session(from) {
            live.settle().await?;
        }
        let epoch = self.inner.store.fork(from, record.clone()).await?;
        let mut record = self.inner.store.find(&record.id).await?;
        // The copy may end in the middle of a turn, which goes on in the original only.
        record.running = true;
        let handle = self.start(record, epoch, roots, workspace).await?;
        self.live().insert(handle.id().clone(), Arc::new(OnceCell::new_with(Some(handle.clone()))));
        Ok(handle)
    }

    /// The session if it is open in this process.
    pub fn live_session(&self, id: &SessionId) -> Option<SessionHandle> {
        self.live().get(id).and_then(|slot| slot.get().cloned()).filter(|handle| !handle.mailbox.is_closed())
    }

    /// Stored sessions, newest change first.
    pub async fn list(&self, query: ListQuery) -> Result<SessionPage, StoreError> {
        self.inner.store.list(query).await
    }

    /// Closes a session: cancels its turn, waits for its end. Fine when it is not open.
    pub async fn close(&self, id: &SessionId) {
        let slot = self.live().remove(id);
        if let Some(handle) = slot.and_then(|slot| slot.get().cloned()) {
            let large = handle.head() > LARGE;
            handle.close().await;
            drop(handle);
            if large {
                tokio::task::spawn_blocking(memory::trim);
            }
        }
    }

    /// Lets go of a session, which is closed if nobody else holds it: it can be loaded again.
    pub async fn release(&self, handle: SessionHandle) {
        let id = handle.id().clone();
        let unused = {
            let live = self.live();
            // The register's own and the caller's.
            let alone = |slot: &Slot| Arc::strong_count(slot) == 1 && handle.mailbox.strong_count() <= 2;
            live.get(&id).is_some_and(|slot| slot.get().is_some_and(|known| known.is(&handle)) && alone(slot))
        };
        if unused {
            self.close(&id).await;
        }
    }

    /// Closes a session and forgets everything about it. Fine when there is none.
    pub async fn delete(&self, id: &SessionId) -> Result<(), StoreError> {
        self.close(id).await;
        self.inner.store.delete(id).await?;
        self.inner.backend.forget(id).await;
        Ok(())
    }

    /// Closes all sessions and waits for their tasks, and so for the end of what those keep running.
    pub async fn shut_down(&self) {
        self.close_all().await;
        self.inner.tasks.close();
        self.inner.tasks.wait().await;
    }

    /// Closes all sessions: everything is durable then. What they keep running may still be about to end.
    pub async fn close_all(&self) {
        let handles: Vec<_> = self.live().drain().filter_map(|(_, slot)| slot.get().cloned()).collect();
        futures_util::future::join_all(handles.iter().map(SessionHandle::close)).await;
    }

    async fn start(
        &self,
        record: SessionRecord,
        epoch: Epoch,
        roots: Roots,
        workspace: Workspace,
    ) -> Result<SessionHandle, SessionError> {
        let journal = Journal::new(record.id.clone(), Arc::clone(&self.inner.store), record.head);
        let mut writer = Writer::new(Arc::clone(&journal), epoch, self.inner.clock.clone());
        if record.running {
            let change = RecordChange { running: Some(false), ..RecordChange::default() };
            writer.commit(closing_events(&journal).await?, change).await?;
        }
        let mode = Mode::from_id(&record.mode).unwrap_or(Mode::Default);
        let (settings, watched) = watch::channel(Settings { mode, options: record.options });
        let (mailbox, commands) = mpsc::channel::<handle::Command>(MAILBOX);
        let seed = Seed {
            session: record.id.clone(),
            workspace: workspace.clone(),
            history: Arc::clone(&journal) as _,
            servers: Arc::clone(&roots.servers),
            voice: Arc::new(Announcer(mailbox.downgrade())),
            children: Arc::new(self.downgrade()),
            settings: watched.clone(),
            parent: record.parent.clone().filter(|_| record.depth > 0),
            depth: record.depth,
        };
        let current = CurrentTurn::default();
        let start = Start {
            current: current.clone(),
            writer,
            seed,
            backend: Arc::clone(&self.inner.backend),
            settings,
            titled: record.title.is_some(),
        };
        self.inner.tasks.spawn(Actor::new(start).run(commands));
        let info = Arc::new(SessionInfo { id: record.id, roots, workspace });
        Ok(SessionHandle { info, mailbox, journal, settings: watched, current })
    }

    pub(super) fn record(&self, roots: &Roots, mode: Mode) -> SessionRecord {
        let now = self.inner.clock.now();
        SessionRecord {
            id: SessionId::new(self.inner.clock.id()),
            parent: None,
            depth: 0,
            cwd: roots.cwd.clone(),
            additional: roots.additional.clone(),
            title: None,
            mode: mode.id().to_owned(),
            options: Vec::new(),
            created_at: now,
            updated_at: now,
            head: 0,
            running: false,
        }
    }

    /// Closes a session that nobody waits for any more.
    pub(super) fn abandon(&self, session: SessionHandle) {
        let sessions = self.clone();
        self.inner.tasks.spawn(async move {
            session.give_up().await;
            sessions.close(session.id()).await;
        });
    }

    pub(super) fn clock(&self) -> &Clock {
        &self.inner.clock
    }

    fn downgrade(&self) -> WeakSessions {
        WeakSessions(Arc::downgrade(&self.inner))
    }

    fn check_room(&self) -> Result<(), SessionError> {
        let open = self.live().values().filter(|slot| slot.initialized()).count();
        if open >= MOST_OPEN { Err(SessionError::TooMany(open)) } else { Ok(()) }
    }

    fn forget(&self, id: &SessionId, slot: &Slot) {
        let mut live = self.live();
        if live.get(id).is_some_and(|known| Arc::ptr_eq(known, slot)) {
            live.remove(id);
        }
    }

    fn live(&self) -> MutexGuard<'_, HashMap<SessionId, Slot>> {
        self.inner.live.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Roots {
    /// A single root.
    pub fn single(cwd: PathBuf) -> Self {
        Self { cwd, additional: Vec::new(), servers: Arc::new([]) }
    }
}
