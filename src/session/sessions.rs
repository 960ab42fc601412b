use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use tokio::sync::{OnceCell, mpsc, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::actor::{Actor, Start};
use super::announcer::Announcer;
use super::handle::{CurrentTurn, Live, MAILBOX, SessionHandle, SessionInfo, WeakHandle};
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
///
/// A session is open as long as somebody holds its handle or a turn runs in it, and is then closed by itself: it can be
/// loaded again.
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
    most: usize,
    tasks: TaskTracker,
}

/// A session that is open, or being opened by whoever came first.
type Slot = Arc<OnceCell<WeakHandle>>;

/// What a new session is to be.
#[derive(Debug, Clone)]
pub struct NewSession {
    pub roots: Roots,
    pub mode: Mode,
}

impl Sessions {
    pub fn new(store: Arc<dyn Store>, backend: Arc<dyn AgentBackend>, clock: Clock) -> Self {
        Self::holding(MOST_OPEN, store, backend, clock)
    }

    /// A register with room for so many open sessions.
    pub fn holding(most: usize, store: Arc<dyn Store>, backend: Arc<dyn AgentBackend>, clock: Clock) -> Self {
        let (live, tasks) = (Mutex::new(HashMap::new()), TaskTracker::new());
        Self { inner: Arc::new(Inner { store, backend, clock, live, most, tasks }) }
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
        self.make_room().await?;
        let epoch = self.inner.store.create(record.clone()).await?;
        let handle = self.start(record, epoch, roots, workspace).await?;
        self.enter(&handle);
        Ok(handle)
    }

    /// The live session of that id, or the stored one, opened. A live one that is to have other roots is opened
    /// anew, unless a turn is running in the old ones; so is one that is about to be closed.
    pub async fn load(&self, id: &SessionId, roots: Option<Roots>) -> Result<SessionHandle, SessionError> {
        loop {
            let slot = Arc::clone(self.live().entry(id.clone()).or_default());
            if let Some(known) = slot.get() {
                if let Some(handle) = known.upgrade() {
                    if roots.as_ref().is_none_or(|roots| *roots == handle.info().roots) {
                        return Ok(handle);
                    }
                    if !handle.close_if_idle().await {
                        let text = "a turn of the session is running in other directories: cancel it or name the same ones";
                        return Err(SessionError::Invalid(text.into()));
                    }
                }
                known.ended().await;
                self.forget(id, &slot);
                continue;
            }
            let mut opened = None;
            let opening = slot.get_or_try_init(|| async {
                let handle = opened.insert(self.open(id, roots.clone()).await?);
                Ok(handle.downgrade())
            });
            if let Err(e) = opening.await {
                self.forget(id, &slot);
                return Err(e);
            }
            if let Some(handle) = opened {
                return Ok(handle);
            }
        }
    }

    async fn open(&self, id: &SessionId, roots: Option<Roots>) -> Result<SessionHandle, SessionError> {
        self.make_room().await?;
        let known = self.inner.store.find(id).await?;
        let roots = roots.unwrap_or(Roots { additional: known.additional, ..Roots::single(known.cwd) });
        let workspace = Workspace::open(&roots.cwd, &roots.additional)?;
        let (record, epoch) = self.inner.store.claim(id).await?;
        self.start(record, epoch, roots, workspace).await
    }

    /// A new session with another one's history so far.
    pub async fn fork(&self, from: &SessionId, roots: Roots) -> Result<SessionHandle, SessionError> {
        self.make_room().await?;
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
        self.enter(&handle);
        Ok(handle)
    }

    /// The session if it is open in this process.
    pub fn live_session(&self, id: &SessionId) -> Option<SessionHandle> {
        self.known(id)?.upgrade()
    }

    /// Stored sessions, newest change first.
    pub async fn list(&self, query: ListQuery) -> Result<SessionPage, StoreError> {
        self.inner.store.list(query).await
    }

    /// Closes a session: cancels its turn, waits for its end. Fine when it is not open.
    pub async fn close(&self, id: &SessionId) {
        if let Some(known) = self.known(id) {
            known.close().await;
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
        let known: Vec<_> = self.live().drain().filter_map(|(_, slot)| slot.get().cloned()).collect();
        futures_util::future::join_all(known.iter().map(WeakHandle::close)).await;
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
        let (current, ended) = (CurrentTurn::default(), CancellationToken::new());
        let start = Start {
            current: current.clone(),
            ended: ended.clone(),
            writer,
            seed,
            backend: Arc::clone(&self.inner.backend),
            settings,
            titled: record.title.is_some(),
        };
        let (register, id, written) = (self.downgrade(), record.id.clone(), Arc::clone(&journal));
        self.inner.tasks.spawn(async move {
            Actor::new(start).run(commands).await;
            if let Some(sessions) = register.upgrade() {
                sessions.forget_ended(&id);
            }
            let large = written.head() > LARGE;
            drop(written);
            if large {
                tokio::task::spawn_blocking(memory::trim);
            }
        });
        let info = SessionInfo { id: record.id, roots, workspace };
        Ok(SessionHandle {
            live: Arc::new(Live { info, journal, settings: watched, current, ended }),
            mailbox,
        })
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

    /// `Err` when as many are open as may be. One that nobody holds is about to be closed, which is waited for.
    async fn make_room(&self) -> Result<(), SessionError> {
        loop {
            let open: Vec<_> = {
                let live = self.live();
                live.values().filter_map(|slot| slot.get()).filter(|it| !it.has_ended()).cloned().collect()
            };
            if open.len() < self.inner.most {
                return Ok(());
            }
            let leaving = open.iter().find(|session| !session.is_held());
            leaving.ok_or(SessionError::TooMany(open.len()))?.ended().await;
        }
    }

    fn enter(&self, session: &SessionHandle) {
        let slot = Arc::new(OnceCell::new_with(Some(session.downgrade())));
        self.live().insert(session.id().clone(), slot);
    }

    fn known(&self, id: &SessionId) -> Option<WeakHandle> {
        self.live().get(id).and_then(|slot| slot.get().cloned())
    }

    fn forget_ended(&self, id: &SessionId) {
        let mut live = self.live();
        if live.get(id).and_then(|slot| slot.get()).is_some_and(WeakHandle::has_ended) {
            live.remove(id);
        }
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
