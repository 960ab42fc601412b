use std::fs;
use std::path::Path;

use rusqlite::types::ToSqlOutput;
use rusqlite::{Connection, Statement, ToSql, params_from_iter};

use super::fault::Failure;
use super::link::{Tuning, connect};
use super::{files, migration};

/// Whether the file as a whole is sound, indexes included.
pub(super) fn is_sound(path: &Path, tuning: &Tuning) -> rusqlite::Result<bool> {
    let conn = connect(path, tuning)?;
    if migration::probe(&conn)? == migration::Schema::Foreign {
        return Ok(false);
    }
    let verdict: String = conn.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
    Ok(verdict == "ok")
}

/// An empty database at `path`, complete and closed.
pub(super) fn create(path: &Path, tuning: &Tuning) -> Result<Connection, Failure> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(files::error(path, &error).into());
        }
        _ => {}
    }
    drop(files::create(path, true).map_err(|error| files::error(path, &error))?);
    let mut conn = connect(path, tuning)?;
    migration::migrate(&mut conn, migration::STEPS)?;
    Ok(conn)
}

/// What could be read of a damaged file.
#[derive(Debug, Default, Clone, Copy)]
struct Saved {
    sessions: usize,
    /// Of those, sessions with events that could not be read.
    cut: usize,
}

/// Puts a damaged file aside and what can be read of it in its place; what to tell about it.
pub(super) fn salvage(path: &Path, tuning: &Tuning) -> Result<String, Failure> {
    let part = files::beside(path, ".part");
    let fresh = create(&part, tuning)?;
    // An empty file has nothing to tell, and opening it would make SQLite remove the log beside it.
    let empty = fs::metadata(path).is_ok_and(|about| about.len() == 0);
    let old = if empty { None } else { connect(path, tuning).ok() };
    let mut saved = Saved::default();
    if let Some(old) = &old {
        // Keeps writers that still trust the file from committing to it; they see it moved afterwards.
        if let Err(error) = old.execute_batch("BEGIN IMMEDIATE") {
            tracing::debug!(%error, "the damaged database cannot be locked");
        }
        fresh.execute_batch("BEGIN")?;
        saved = copy(old, &fresh)?;
        fresh.execute_batch("COMMIT")?;
    }
    fresh.close().map_err(|(_, error)| error)?;
    let io = |error| files::error(path, &error);
    fs::File::open(&part).and_then(|file| file.sync_all()).map_err(io)?;
    let aside = files::replace(path, &part).map_err(io)?;
    Ok(format!(
        "{} was damaged: {} sessions were restored, {} of them with events missing; the original is kept as {}",
        path.display(),
        saved.sessions,
        saved.cut,
        aside.display()
    ))
}

fn copy(old: &Connection, fresh: &Connection) -> rusqlite::Result<Saved> {
    let mut columns =
        "key, id, parent, cwd, additional, title, mode, options, created_at, updated_at, head, \
                       running, epoch, owner"
            .to_owned();
    // A file of the first schema has no such column.
    if old.prepare("SELECT depth FROM sessions").is_ok() {
        columns += ", depth";
    }
    copy_table(old, fresh, "sessions", &columns, "key", None)?;
    copy_table(old, fresh, "grants", "id, workspace, text, created_at", "id", None)?;
    copy_table(old, fresh, "spending", "day, session, tokens, micro_dollars, steps, millis", "day", None)?;
    let mut saved = Saved::default();
    let keys: Vec<i64> = fresh
        .prepare("SELECT key FROM sessions")?
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    for key in keys {
        let columns = "session, seq, count, at, form, message, pieces, body";
        copy_table(old, fresh, "events", columns, "seq", Some(key))?;
        let whole: bool = fresh.query_row(
            "SELECT coalesce(sum(count), 0) = head FROM sessions LEFT JOIN events ON session = key WHERE key = ?1",
            [key],
            |row| row.get(0),
        )?;
        fresh.execute(
            "UPDATE sessions SET head = coalesce((SELECT max(seq + count - 1) FROM events WHERE session = ?1), 0)
             WHERE key = ?1",
            [key],
        )?;
        saved.sessions += 1;
        saved.cut += usize::from(!whole);
    }
    Ok(saved)
}

/// Copies the rows that can be read: from the front to the first that cannot, then from the back.
fn copy_table(
    old: &Connection,
    fresh: &Connection,
    table: &str,
    columns: &str,
    order: &str,
    session: Option<i64>,
) -> rusqlite::Result<()> {
    let count = columns.split(',').count();
    let marks = vec!["?"; count].join(", ");
    let mut insert =
        fresh.prepare_cached(&format!("INSERT OR IGNORE INTO {table} ({columns}) VALUES ({marks})"))?;
    let filter = session.map_or(String::new(), |key| format!("WHERE session = {key}"));
    for direction in ["ASC", "DESC"] {
        let select = format!("SELECT {columns} FROM {table} {filter} ORDER BY {order} {direction}");
        let Ok(mut select) = old.prepare(&select) else { return Ok(()) };
        if copy_rows(&mut select, &mut insert, count)? {
            return Ok(());
        }
    }
    Ok(())
}

/// Whether the last row was reached. A row that the new table refuses is left out.
fn copy_rows(select: &mut Statement<'_>, insert: &mut Statement<'_>, count: usize) -> rusqlite::Result<bool> {
    let Ok(mut rows) = select.query([]) else { return Ok(false) };
    loop {
        match rows.next() {
            Ok(Some(row)) => {
                let values = (0..count).map(|column| row.get_ref(column).map(ToSqlOutput::Borrowed));
                let values = values.collect::<rusqlite::Result<Vec<_>>>()?;
                match insert.execute(params_from_iter(values.iter().map(|value| value as &dyn ToSql))) {
                    Err(error)
                        if error.sqlite_error_code() != Some(rusqlite::ErrorCode::ConstraintViolation) =>
                    {
                        return Err(error);
                    }
                    _ => {}
                }
            }
            Ok(None) => return Ok(true),
            Err(_) => return Ok(false),
        }
    }
}
