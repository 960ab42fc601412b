use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use rusqlite::config::DbConfig;

use super::fault::{Failure, is_busy, is_damage, judge, lacks_shared_memory};
use super::files::{self, Obstacle};
use super::link::{Tuning, connect};
use super::migration::{self, STEPS, Schema};
use super::patience::Patience;
use super::salvage;
use crate::store::StoreError;

/// A file that is ready to be used.
#[derive(Debug, Clone)]
pub(super) struct Opened {
    /// Where it really is.
    pub(super) path: PathBuf,
    /// One connection only, and no other process: the file system has no shared memory.
    pub(super) alone: bool,
    /// What to tell about it.
    pub(super) warnings: Vec<String>,
}

/// Makes the file, restores it or brings it to the newest schema, as needed.
pub(super) fn open(path: &Path, tuning: &Tuning) -> Result<Opened, Obstacle> {
    let path = files::secure(path)?;
    let _lock = files::lock(&path, tuning.wait)?;
    let mut warnings = Vec::new();
    if fs::symlink_metadata(&path).is_err() {
        patiently(&path, tuning, || make(&path, tuning))?;
    } else if !patiently(&path, tuning, || adopt(&path, tuning))? {
        warnings.push(patiently(&path, tuning, || salvage::salvage(&path, tuning))?);
    }
    let alone = !patiently(&path, tuning, || Ok(use_wal(&path, tuning)?))?;
    if alone {
        warnings.push(format!(
            "{} lies on a file system without shared memory: only one process can use it at a time",
            path.display()
        ));
    }
    Ok(Opened { path, alone, warnings })
}

/// Looks at a file that failed, and restores it if it is damaged; what to tell about it.
pub(super) fn examine(path: &Path, tuning: &Tuning) -> Result<Option<String>, StoreError> {
    let restored = || match salvage::is_sound(path, tuning) {
        Ok(true) => Ok(None),
        Err(error) if !is_damage(&error) => Err(error.into()),
        Ok(false) | Err(_) => salvage::salvage(path, tuning).map(Some),
    };
    let restore = || {
        let _lock = files::lock(path, tuning.wait)?;
        patiently(path, tuning, restored)
    };
    restore().map_err(|obstacle| match obstacle {
        Obstacle::Error(error) => error,
        Obstacle::Unwritable(text) => StoreError::Unavailable(text),
    })
}

/// A new file appears with its tables in it or not at all, so that an empty one is always damage.
fn make(path: &Path, tuning: &Tuning) -> Result<(), Failure> {
    let part = files::beside(path, ".part");
    salvage::create(&part, tuning)?.close().map_err(|(_, error)| error)?;
    let placed = fs::rename(&part, path).and_then(|()| files::sync_folder(path));
    Ok(placed.map_err(|error| files::error(path, &error))?)
}

/// Whether the file is a sound store, now of the newest schema. A newer one is refused untouched.
fn adopt(path: &Path, tuning: &Tuning) -> Result<bool, Failure> {
    if fs::metadata(path).is_ok_and(|about| about.len() == 0) {
        return Ok(false);
    }
    let mut conn = connect(path, tuning)?;
    if conn.is_readonly("main")? {
        let text = format!("{} is read-only: make it writable (chmod 600)", path.display());
        return Err(StoreError::Unavailable(text).into());
    }
    let version = match migration::probe(&conn) {
        Ok(Schema::Ours(version)) => version,
        Ok(Schema::Foreign) => return Ok(false),
        Err(error) if is_damage(&error) => return Ok(false),
        Err(error) => return Err(error.into()),
    };
    if version > STEPS.len() {
        conn.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
        return Err(StoreError::Damaged(format!(
            "{} has schema {version}, this program knows up to {}: update it, or use another file",
            path.display(),
            STEPS.len()
        ))
        .into());
    }
    // The head of the file claims a format that cannot be written.
    if conn.is_readonly("main")? {
        return Ok(false);
    }
    if version < STEPS.len() {
        migration::back_up(&conn, path, version)?;
        migration::migrate(&mut conn, STEPS)?;
    }
    Ok(true)
}

/// Whether the file has a write-ahead log that several connections can share.
fn use_wal(path: &Path, tuning: &Tuning) -> rusqlite::Result<bool> {
    let journal = |conn: &Connection, mode: &str| {
        conn.pragma_update_and_check(None, "journal_mode", mode, |row| row.get::<_, String>(0))
    };
    if tuning.wal && !files::is_remote(path) {
        let conn = connect(path, tuning)?;
        match journal(&conn, "WAL") {
            Ok(mode) if mode == "wal" => return Ok(true),
            Ok(_) => {}
            Err(error) if lacks_shared_memory(&error) => {}
            Err(error) => return Err(error),
        }
    }
    let conn = connect(path, tuning)?;
    conn.execute_batch("PRAGMA locking_mode = EXCLUSIVE")?;
    journal(&conn, "TRUNCATE").map(|_| false)
}

/// Tries again while another process keeps the file busy where `SQLite` itself does not wait.
fn patiently<T>(
    path: &Path,
    tuning: &Tuning,
    mut attempt: impl FnMut() -> Result<T, Failure>,
) -> Result<T, Obstacle> {
    let mut patience = Patience::new(tuning.wait);
    loop {
        match attempt() {
            Ok(done) => return Ok(done),
            Err(Failure::Engine(error)) if is_busy(&error) && patience.wait() => {}
            Err(Failure::Engine(error)) => return Err(judge(&error, path).0.into()),
            Err(Failure::Refused(error)) => return Err(error.into()),
        }
    }
}
