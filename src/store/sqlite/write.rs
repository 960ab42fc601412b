use std::path::PathBuf;

use rusqlite::{Connection, OptionalExtension, ToSql, params};

use super::fault::Failure;
use super::link::Link;
use super::owner::Owner;
use super::query::record_of;
use crate::acp::SessionId;
use crate::store::{Append, Epoch, SessionRecord, Spending, SpendingTotals, StoreError, Used, pack, record};

macro_rules! sums {
    () => {
        "SELECT coalesce(sum(tokens), 0), coalesce(sum(micro_dollars), 0), coalesce(sum(steps), 0),
                coalesce(sum(millis), 0) FROM spending"
    };
}

// Each of these runs inside a transaction and leaves ending it, or taking it back, to its caller.

pub(super) fn create(link: &mut Link, new: &SessionRecord) -> Result<Epoch, Failure> {
    insert(&link.conn, &SessionRecord { head: 0, ..new.clone() })?;
    Ok(Epoch(1))
}

/// Adds a record of ours; its key.
fn insert(conn: &Connection, new: &SessionRecord) -> Result<i64, Failure> {
    record::check(new)?;
    let mut statement = conn.prepare_cached(
        "INSERT INTO sessions (id, parent, cwd, additional, title, mode, options, created_at, updated_at, head,
                               running, epoch, owner, depth)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, 1, ?12, ?13)
         ON CONFLICT (id) DO NOTHING",
    )?;
    let added = statement.execute(params![
        &*new.id.0,
        new.parent.as_ref().map(|parent| &*parent.0),
        record::text(&new.cwd)?,
        json(&new.additional)?,
        new.title,
        new.mode,
        json(&new.options)?,
        new.created_at,
        new.updated_at,
        new.head.cast_signed(),
        new.running,
        Owner::this().encode(),
        new.depth,
    ])?;
    if added == 0 {
        return Err(record::taken(&new.id).into());
    }
    Ok(conn.last_insert_rowid())
}

pub(super) fn claim(link: &mut Link, id: &SessionId) -> Result<(SessionRecord, Epoch), Failure> {
    let found = record_of(&link.conn, id)?;
    let owner: String = link
        .conn
        .prepare_cached("SELECT owner FROM sessions WHERE id = ?1")?
        .query_row([&*id.0], |row| row.get(0))?;
    if found.running
        && let Some(owner) = Owner::parse(&owner)
        && owner != *Owner::this()
        && owner.is_alive()
    {
        return Err(StoreError::Conflict(format!(
            "session {id} is in the middle of a turn in process {}: wait for it, or end that process",
            owner.pid
        ))
        .into());
    }
    let epoch = link
        .conn
        .prepare_cached("UPDATE sessions SET epoch = epoch + 1, owner = ?1 WHERE id = ?2 RETURNING epoch")?
        .query_row(params![Owner::this().encode(), &*id.0], |row| row.get(0))?;
    Ok((found, Epoch(epoch)))
}

pub(super) fn append(link: &mut Link, append: &Append) -> Result<(), Failure> {
    let numbering = record::numbering(&append.events)?;
    let (head, new_head) = numbering.unzip();
    let change = &append.change;
    let key: Option<i64> = link
        .conn
        .prepare_cached(
            "UPDATE sessions SET
               head = coalesce(?1, head), updated_at = max(updated_at, coalesce(?2, updated_at)),
               title = coalesce(?3, title), mode = coalesce(?4, mode), running = coalesce(?5, running)
             WHERE id = ?6 AND epoch = ?7 AND head = coalesce(?8, head) RETURNING key",
        )?
        .query_row(
            params![
                new_head.map(u64::cast_signed),
                append.events.last().map(|last| last.at),
                change.title,
                change.mode,
                change.running,
                &*append.session.0,
                append.epoch.0,
                head.map(u64::cast_signed),
            ],
            |row| row.get(0),
        )
        .optional()?;
    let Some(key) = key else { return Err(refusal(&link.conn, append)) };
    if let Some((option, value)) = &change.option {
        set_option(&link.conn, key, option, value)?;
    }
    let mut statement = link.conn.prepare_cached(
        "INSERT INTO events (session, seq, count, at, form, message, pieces, body)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?;
    pack::pack(&append.events, |row| {
        let (seq, count) = (row.seq.cast_signed(), row.count as i64);
        statement.execute(params![key, seq, count, row.at, row.form, row.message, row.pieces, row.body])?;
        Ok(())
    })
}

/// Why no record took the append.
fn refusal(conn: &Connection, append: &Append) -> Failure {
    match record_epoch(conn, &append.session) {
        Ok(None) => StoreError::NotFound(append.session.clone()).into(),
        Ok(Some((epoch, _))) if epoch != append.epoch => record::stale(&append.session).into(),
        Ok(Some((_, head))) => record::ahead(&append.session, head.cast_unsigned()).into(),
        Err(error) => error.into(),
    }
}

fn record_epoch(conn: &Connection, id: &SessionId) -> rusqlite::Result<Option<(Epoch, i64)>> {
    conn.prepare_cached("SELECT epoch, head FROM sessions WHERE id = ?1")?
        .query_row([&*id.0], |row| Ok((Epoch(row.get(0)?), row.get(1)?)))
        .optional()
}

fn set_option(conn: &Connection, key: i64, option: &str, value: &str) -> Result<(), Failure> {
    let text: String = conn
        .prepare_cached("SELECT options FROM sessions WHERE key = ?1")?
        .query_row([key], |row| row.get(0))?;
    let mut options = serde_json::from_str(&text).unwrap_or_default();
    record::set_option(&mut options, option, value);
    conn.prepare_cached("UPDATE sessions SET options = ?1 WHERE key = ?2")?
        .execute(params![json(&options)?, key])?;
    Ok(())
}

pub(super) fn fork(link: &mut Link, fork: &(SessionId, SessionRecord)) -> Result<Epoch, Failure> {
    let (from, new) = fork;
    let parent = record_of(&link.conn, from)?;
    let new = SessionRecord { parent: Some(from.clone()), head: parent.head, ..new.clone() };
    let key = insert(&link.conn, &new)?;
    link.conn
        .prepare_cached(
            "INSERT INTO events (session, seq, count, at, form, message, pieces, body)
             SELECT ?1, seq, count, at, form, message, pieces, body FROM events
             WHERE session = (SELECT key FROM sessions WHERE id = ?2)",
        )?
        .execute(params![key, &*from.0])?;
    Ok(Epoch(1))
}

pub(super) fn delete(link: &mut Link, id: &SessionId) -> Result<(), Failure> {
    link.conn
        .prepare_cached(
            "WITH RECURSIVE gone (id) AS (
               VALUES (?1) UNION SELECT sessions.id FROM sessions JOIN gone ON parent = gone.id WHERE depth > 0
             )
             DELETE FROM sessions WHERE id IN (SELECT id FROM gone)",
        )?
        .execute([&*id.0])?;
    Ok(())
}

pub(super) fn remember(link: &mut Link, grant: &(PathBuf, String, i64)) -> Result<(), Failure> {
    let (workspace, text, at) = grant;
    link.conn
        .prepare_cached(
            "INSERT INTO grants (workspace, text, created_at) VALUES (?1, ?2, ?3)
             ON CONFLICT (workspace, text) DO NOTHING",
        )?
        .execute(params![record::text(workspace)?, text, at])?;
    Ok(())
}

pub(super) fn forget(link: &mut Link, grant: i64) -> Result<bool, Failure> {
    let gone = link.conn.prepare_cached("DELETE FROM grants WHERE id = ?1")?.execute([grant])?;
    Ok(gone > 0)
}

pub(super) fn spend(link: &mut Link, spending: &Spending) -> Result<SpendingTotals, Failure> {
    let (day, session, used) = (spending.day(), &*spending.session.0, spending.used);
    if used != Used::default() {
        link.conn.prepare_cached("DELETE FROM spending WHERE day < ?1")?.execute([spending.oldest()])?;
        link.conn
            .prepare_cached(
                "INSERT INTO spending (day, session, tokens, micro_dollars, steps, millis)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                 ON CONFLICT (day, session) DO UPDATE SET
                   tokens = tokens + excluded.tokens, micro_dollars = micro_dollars + excluded.micro_dollars,
                   steps = steps + excluded.steps, millis = millis + excluded.millis",
            )?
            .execute(params![
                day,
                session,
                used.tokens.cast_signed(),
                used.micro_dollars.cast_signed(),
                used.steps.cast_signed(),
                used.millis.cast_signed(),
            ])?;
    }
    let sum = |text: &str, of: &dyn ToSql| {
        link.conn.prepare_cached(text)?.query_row([of], |row| {
            let column = |at| row.get::<_, i64>(at).map(i64::cast_unsigned);
            Ok(Used { tokens: column(0)?, micro_dollars: column(1)?, steps: column(2)?, millis: column(3)? })
        })
    };
    let session = sum(concat!(sums!(), " WHERE session = ?1"), &session)?;
    Ok(SpendingTotals { session, day: sum(concat!(sums!(), " WHERE day = ?1"), &day)? })
}

fn json<T: serde::Serialize>(value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value)
        .map_err(|error| StoreError::Invalid(format!("a session record cannot be kept: {error}")))
}
