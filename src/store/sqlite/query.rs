use std::collections::HashMap;
use std::path::Path;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::fault::Failure;
use super::link::Link;
use crate::acp::SessionId;
use crate::event::{Event, Seq};
use crate::store::cursor::Cursor;
use crate::store::pack::{self, Unpacker};
use crate::store::{GrantRecord, ListQuery, MAX_PAGE, SessionPage, SessionRecord, StoreError, record};

/// The columns of a [`SessionRecord`], in the order [`session`] reads them.
macro_rules! record_columns {
    () => {
        "id, parent, cwd, additional, title, mode, options, created_at, updated_at, head, running, depth"
    };
}

/// How many pages are kept.
const MAX_PAGES: usize = 16;
/// Pages of more sessions than this are not.
const MAX_KEPT: usize = 200;

/// Pages that were read, as long as nobody has changed the file.
#[derive(Debug, Default)]
pub(super) struct PageCache {
    version: i64,
    pages: HashMap<ListQuery, SessionPage>,
}

pub(super) fn read(link: &mut Link, read: &(SessionId, Seq, usize)) -> Result<Vec<Event>, Failure> {
    let (id, after, limit) = read;
    let key: i64 = link
        .conn
        .prepare_cached("SELECT key FROM sessions WHERE id = ?1")?
        .query_row([&*id.0], |row| row.get(0))
        .optional()?
        .ok_or_else(|| StoreError::NotFound(id.clone()))?;
    let mut statement = link.conn.prepare_cached(
        "SELECT seq, count, at, form, message, pieces, body FROM events
         WHERE session = ?1
           AND seq >= coalesce((SELECT max(seq) FROM events WHERE session = ?1 AND seq <= ?2), 0)
         ORDER BY seq",
    )?;
    let mut unpacker = Unpacker::new(*after, *limit);
    let next = i64::try_from(after.saturating_add(1)).unwrap_or(i64::MAX);
    let mut rows = statement.query(params![key, next])?;
    while !unpacker.is_full() {
        let Some(row) = rows.next()? else { break };
        let message = bytes(row, 4)?.map(String::from_utf8_lossy);
        let body = str::from_utf8(bytes(row, 6)?.unwrap_or_default());
        unpacker.push(&pack::Row {
            seq: row.get::<_, i64>(0)?.cast_unsigned(),
            count: usize::try_from(row.get::<_, i64>(1)?).unwrap_or(1),
            at: row.get(2)?,
            form: if body.is_ok() { row.get(3)? } else { pack::UNREADABLE },
            message: message.as_deref(),
            pieces: bytes(row, 5)?,
            body: body.unwrap_or_default(),
        });
    }
    Ok(unpacker.finish())
}

pub(super) fn find(link: &mut Link, id: &SessionId) -> Result<SessionRecord, Failure> {
    record_of(&link.conn, id)
}

pub(super) fn list(link: &mut Link, query: &ListQuery) -> Result<SessionPage, Failure> {
    let version: i64 = link.conn.prepare_cached("PRAGMA data_version")?.query_row([], |row| row.get(0))?;
    if link.pages.version != version || !link.conn.is_autocommit() {
        link.pages = PageCache { version, pages: HashMap::new() };
    }
    if let Some(page) = link.pages.pages.get(query) {
        return Ok(page.clone());
    }
    let page = page(&link.conn, query)?;
    if link.pages.pages.len() < MAX_PAGES && page.sessions.len() <= MAX_KEPT && link.conn.is_autocommit() {
        link.pages.pages.insert(query.clone(), page.clone());
    }
    Ok(page)
}

fn page(conn: &Connection, query: &ListQuery) -> Result<SessionPage, Failure> {
    let cursor = query.cursor.as_deref().map(Cursor::decode).transpose()?;
    let cwd = query.cwd.as_deref().map(record::text).transpose()?;
    let limit = query.limit.clamp(1, MAX_PAGE);
    let mut statement = conn.prepare_cached(concat!(
        "SELECT ",
        record_columns!(),
        " FROM sessions
         WHERE depth = 0 AND (updated_at, id) < (?1, ?2) AND cwd = coalesce(?4, cwd)
         ORDER BY updated_at DESC, id DESC LIMIT ?3"
    ))?;
    let (at, id) = cursor.map_or((i64::MAX, String::new()), |cursor| (cursor.updated_at, cursor.id));
    let rows = statement.query_map(params![at, id, limit as i64 + 1, cwd], session)?;
    let mut sessions = rows.collect::<Result<Vec<_>, _>>()?;
    let cut = sessions.len() > limit;
    sessions.truncate(limit);
    let next = sessions.last().filter(|_| cut).map(|last| Cursor::after(last).encode());
    Ok(SessionPage { sessions, next })
}

pub(super) fn grants(link: &mut Link, workspace: Option<&Path>) -> Result<Vec<GrantRecord>, Failure> {
    let workspace = workspace.map(record::text).transpose()?;
    let mut statement = link.conn.prepare_cached(
        "SELECT id, workspace, text, created_at FROM grants WHERE ?1 IS NULL OR workspace = ?1 ORDER BY id",
    )?;
    let grants = statement.query_map([workspace], |row| {
        Ok(GrantRecord {
            id: row.get(0)?,
            workspace: string(row, 1)?.into(),
            text: string(row, 2)?,
            created_at: row.get(3)?,
        })
    })?;
    Ok(grants.collect::<Result<_, _>>()?)
}

/// The record of a session, by its id.
pub(super) fn record_of(conn: &Connection, id: &SessionId) -> Result<SessionRecord, Failure> {
    let mut statement =
        conn.prepare_cached(concat!("SELECT ", record_columns!(), " FROM sessions WHERE id = ?1"))?;
    let found = statement.query_row([&*id.0], session).optional()?;
    found.ok_or_else(|| StoreError::NotFound(id.clone()).into())
}

fn session(row: &Row<'_>) -> rusqlite::Result<SessionRecord> {
    Ok(SessionRecord {
        id: SessionId::new(string(row, 0)?),
        parent: row.get::<_, Option<String>>(1)?.map(SessionId::new),
        cwd: string(row, 2)?.into(),
        additional: json(row, 3)?,
        title: bytes(row, 4)?.map(|title| String::from_utf8_lossy(title).into_owned()),
        mode: string(row, 5)?,
        options: json(row, 6)?,
        created_at: row.get(7)?,
        updated_at: row.get(8)?,
        head: row.get::<_, i64>(9)?.cast_unsigned(),
        running: row.get(10)?,
        depth: row.get(11)?,
    })
}

/// A list that a damaged disk has made unreadable reads as an empty one: the session itself still opens.
fn json<T: serde::de::DeserializeOwned + Default>(row: &Row<'_>, column: usize) -> rusqlite::Result<T> {
    let text = bytes(row, column)?.unwrap_or_default();
    Ok(serde_json::from_slice(text).unwrap_or_else(|error| {
        tracing::warn!(%error, column, "a column of a session record is unreadable");
        T::default()
    }))
}

fn string(row: &Row<'_>, column: usize) -> rusqlite::Result<String> {
    Ok(String::from_utf8_lossy(bytes(row, column)?.unwrap_or_default()).into_owned())
}

fn bytes<'a>(row: &'a Row<'_>, column: usize) -> rusqlite::Result<Option<&'a [u8]>> {
    Ok(match row.get_ref(column)? {
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => Some(bytes),
        _ => None,
    })
}
