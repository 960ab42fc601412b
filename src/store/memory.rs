use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::future::{BoxFuture, FutureExt, ready};

use super::cursor::Cursor;
use super::{
    Append, Epoch, GrantRecord, ListQuery, MAX_PAGE, SessionPage, SessionRecord, Spending, SpendingTotals,
    Store, StoreError, Used, record,
};
use crate::acp::SessionId;
use crate::event::{Event, Seq};

/// Sessions of this process, gone with it.
#[derive(Debug, Default)]
pub(super) struct Memory(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    sessions: HashMap<SessionId, Session>,
    grants: Vec<GrantRecord>,
    last_grant: i64,
    /// By day and session.
    spending: BTreeMap<(i64, String), Used>,
}

#[derive(Debug)]
struct Session {
    record: SessionRecord,
    epoch: Epoch,
    events: Vec<Arc<Event>>,
}

/// The operations themselves; [`Store`] is a thin coat over them, and so is a `SQLite` store that cannot write.
impl Memory {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn create_now(&self, new: &SessionRecord) -> Result<Epoch, StoreError> {
        self.state().insert(new.clone(), Vec::new())
    }

    pub(super) fn claim_now(&self, id: &SessionId) -> Result<(SessionRecord, Epoch), StoreError> {
        let mut state = self.state();
        let session = state.session(id)?;
        session.epoch.0 += 1;
        Ok((session.record.clone(), session.epoch))
    }

    pub(super) fn append_now(&self, append: &Append) -> Result<(), StoreError> {
        let numbering = record::numbering(&append.events)?;
        let mut state = self.state();
        let session = state.session(&append.session)?;
        if session.epoch != append.epoch {
            return Err(record::stale(&append.session));
        }
        if let Some((head, new_head)) = numbering {
            if session.record.head != head {
                return Err(record::ahead(&append.session, session.record.head));
            }
            session.record.head = new_head;
        }
        if let Some(last) = append.events.last() {
            session.record.updated_at = session.record.updated_at.max(last.at);
        }
        record::apply(&append.change, &mut session.record);
        session.events.extend(append.events.iter().cloned());
        Ok(())
    }

    pub(super) fn read_now(&self, read: &(SessionId, Seq, usize)) -> Result<Vec<Event>, StoreError> {
        let (id, after, limit) = read;
        let mut state = self.state();
        let events = state.session(id)?.events.iter();
        let after = usize::try_from(*after).unwrap_or(usize::MAX);
        Ok(events.skip(after).take(*limit).map(|event| Event::clone(event)).collect())
    }

    pub(super) fn find_now(&self, id: &SessionId) -> Result<SessionRecord, StoreError> {
        Ok(self.state().session(id)?.record.clone())
    }

    pub(super) fn list_now(&self, query: &ListQuery) -> Result<SessionPage, StoreError> {
        let cursor = query.cursor.as_deref().map(Cursor::decode).transpose()?;
        let state = self.state();
        let mut found: Vec<&SessionRecord> = state
            .sessions
            .values()
            .map(|session| &session.record)
            .filter(|record| record.depth == 0)
            .filter(|record| query.cwd.as_ref().is_none_or(|cwd| *cwd == record.cwd))
            .filter(|record| {
                cursor.as_ref().is_none_or(|cursor| place(record) < (cursor.updated_at, cursor.id.as_str()))
            })
            .collect();
        found.sort_unstable_by(|a, b| place(b).cmp(&place(a)));
        let limit = query.limit.clamp(1, MAX_PAGE);
        let more = found.len() > limit;
        let sessions: Vec<SessionRecord> = found.into_iter().take(limit).cloned().collect();
        let next = sessions.last().filter(|_| more).map(|last| Cursor::after(last).encode());
        Ok(SessionPage { sessions, next })
    }

    pub(super) fn fork_now(&self, fork: &(SessionId, SessionRecord)) -> Result<Epoch, StoreError> {
        let (from, new) = fork;
        let mut state = self.state();
        let events = state.session(from)?.events.clone();
        state.insert(SessionRecord { parent: Some(from.clone()), ..new.clone() }, events)
    }

    pub(super) fn delete_now(&self, id: &SessionId) {
        let mut state = self.state();
        let mut gone = vec![id.clone()];
        while let Some(id) = gone.pop() {
            state.sessions.remove(&id);
            let beneath = |record: &SessionRecord| record.depth > 0 && record.parent.as_ref() == Some(&id);
            let sessions = state.sessions.values().filter(|session| beneath(&session.record));
            gone.extend(sessions.map(|session| session.record.id.clone()));
        }
    }

    pub(super) fn grants_now(&self, workspace: Option<&Path>) -> Vec<GrantRecord> {
        let wanted = |grant: &&GrantRecord| workspace.is_none_or(|path| *path == grant.workspace);
        self.state().grants.iter().filter(wanted).cloned().collect()
    }

    pub(super) fn remember_now(&self, grant: &(PathBuf, String, i64)) -> Result<(), StoreError> {
        let (workspace, text, at) = grant;
        record::text(workspace)?;
        let mut state = self.state();
        if state.grants.iter().any(|grant| grant.workspace == *workspace && grant.text == *text) {
            return Ok(());
        }
        state.last_grant += 1;
        let (id, created_at) = (state.last_grant, *at);
        state.grants.push(GrantRecord { id, workspace: workspace.clone(), text: text.clone(), created_at });
        Ok(())
    }

    pub(super) fn spend_now(&self, spending: &Spending) -> SpendingTotals {
        let (day, session) = (spending.day(), spending.session.0.to_string());
        let mut state = self.state();
        if spending.used != Used::default() {
            state.spending.retain(|(day, _), _| *day >= spending.oldest());
            *state.spending.entry((day, session.clone())).or_default() += spending.used;
        }
        let mut totals = SpendingTotals::default();
        for ((of, by), used) in &state.spending {
            if *of == day {
                totals.day += *used;
            }
            if *by == session {
                totals.session += *used;
            }
        }
        totals
    }

    pub(super) fn forget_now(&self, grant: i64) -> bool {
        let mut state = self.state();
        let before = state.grants.len();
        state.grants.retain(|known| known.id != grant);
        state.grants.len() < before
    }
}

impl State {
    fn session(&mut self, id: &SessionId) -> Result<&mut Session, StoreError> {
        self.sessions.get_mut(id).ok_or_else(|| StoreError::NotFound(id.clone()))
    }

    fn insert(&mut self, new: SessionRecord, events: Vec<Arc<Event>>) -> Result<Epoch, StoreError> {
        record::check(&new)?;
        if self.sessions.contains_key(&new.id) {
            return Err(record::taken(&new.id));
        }
        let record = SessionRecord { head: events.len() as Seq, ..new };
        self.sessions.insert(record.id.clone(), Session { record, epoch: Epoch(1), events });
        Ok(Epoch(1))
    }
}

/// Where a session stands in a list; the greatest comes first.
fn place(record: &SessionRecord) -> (i64, &str) {
    (record.updated_at, &record.id.0)
}

impl Store for Memory {
    fn create(&self, record: SessionRecord) -> BoxFuture<'static, Result<Epoch, StoreError>> {
        ready(self.create_now(&record)).boxed()
    }

    fn claim(&self, id: &SessionId) -> BoxFuture<'static, Result<(SessionRecord, Epoch), StoreError>> {
        ready(self.claim_now(id)).boxed()
    }

    fn append(&self, append: Append) -> BoxFuture<'static, Result<(), StoreError>> {
        ready(self.append_now(&append)).boxed()
    }

    fn read(
        &self,
        id: &SessionId,
        after: Seq,
        limit: usize,
    ) -> BoxFuture<'static, Result<Vec<Event>, StoreError>> {
        ready(self.read_now(&(id.clone(), after, limit))).boxed()
    }

    fn find(&self, id: &SessionId) -> BoxFuture<'static, Result<SessionRecord, StoreError>> {
        ready(self.find_now(id)).boxed()
    }

    fn list(&self, query: ListQuery) -> BoxFuture<'static, Result<SessionPage, StoreError>> {
        ready(self.list_now(&query)).boxed()
    }

    fn fork(&self, from: &SessionId, record: SessionRecord) -> BoxFuture<'static, Result<Epoch, StoreError>> {
        ready(self.fork_now(&(from.clone(), record))).boxed()
    }

    fn delete(&self, id: &SessionId) -> BoxFuture<'static, Result<(), StoreError>> {
        self.delete_now(id);
        ready(Ok(())).boxed()
    }

    fn grants(&self, workspace: Option<PathBuf>) -> BoxFuture<'static, Result<Vec<GrantRecord>, StoreError>> {
        ready(Ok(self.grants_now(workspace.as_deref()))).boxed()
    }

    fn remember(
        &self,
        workspace: PathBuf,
        text: String,
        at: i64,
    ) -> BoxFuture<'static, Result<(), StoreError>> {
        ready(self.remember_now(&(workspace, text, at))).boxed()
    }

    fn spend(&self, spending: Spending) -> BoxFuture<'static, Result<SpendingTotals, StoreError>> {
        ready(Ok(self.spend_now(&spending))).boxed()
    }

    fn forget(&self, grant: i64) -> BoxFuture<'static, Result<bool, StoreError>> {
        ready(Ok(self.forget_now(grant))).boxed()
    }
}
