use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use rusqlite::{Connection, TransactionBehavior};

use super::fault::Failure;
use super::files;

/// The schema, step by step. A step that was shipped is never changed: add the next one.
pub(super) const STEPS: &[&str] = &[
    include_str!("../../../schema/sql/sqlite/0001_init.sql"),
    include_str!("../../../schema/sql/sqlite/0002_spending.sql"),
    include_str!("../../../schema/sql/sqlite/0003_children.sql"),
    include_str!("../../../schema/sql/sqlite/0004_one_list.sql"),
];

/// Marks our files (`PRAGMA application_id`): "adju".
const APPLICATION: i64 = 0x6164_6a75;

/// What a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Schema {
    /// The steps taken.
    Ours(usize),
    /// Something that is not a store of ours, or no longer.
    Foreign,
}

/// Looks at the head of the file and at its list of tables.
pub(super) fn probe(conn: &Connection) -> rusqlite::Result<Schema> {
    let application: i64 = conn.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let version: i64 = conn.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let tables: i64 = conn.query_row(
        "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name IN ('sessions', 'events', 'grants')",
        [],
        |row| row.get(0),
    )?;
    match usize::try_from(version) {
        Ok(version) if application == APPLICATION && version > STEPS.len() => Ok(Schema::Ours(version)),
        Ok(version) if application == APPLICATION && version > 0 && tables == 3 => Ok(Schema::Ours(version)),
        _ => Ok(Schema::Foreign),
    }
}

/// Takes the steps that are missing, all or none of them.
pub(super) fn migrate(conn: &mut Connection, steps: &[&str]) -> rusqlite::Result<()> {
    let transaction = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let taken: i64 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
    for step in steps.iter().skip(usize::try_from(taken).unwrap_or(usize::MAX)) {
        transaction.execute_batch(step)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION)?;
    transaction.pragma_update(None, "user_version", steps.len() as i64)?;
    transaction.commit()
}

/// Copies the database to `<name>.v<version>` before it is changed.
pub(super) fn back_up(conn: &Connection, path: &Path, version: usize) -> Result<(), Failure> {
    let copy = files::beside(path, &format!(".v{version}"));
    let part = files::beside(&copy, ".part");
    let io = |error| Failure::from(files::error(&copy, &error));
    match fs::remove_file(&part) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(io(error)),
        _ => {}
    }
    let file = files::create(&part, true).map_err(io)?;
    conn.execute("VACUUM INTO ?1", [part.to_string_lossy()])?;
    file.sync_all()
        .and_then(|()| fs::rename(&part, &copy))
        .and_then(|()| files::sync_folder(&copy))
        .map_err(io)
}
