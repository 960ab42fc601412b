use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::files;
use super::log::Log;
use super::patience::Patience;
use super::query::PageCache;

/// What tests turn; the defaults are the product.
#[derive(Debug, Clone)]
pub(in crate::store) struct Tuning {
    /// How long to wait for another process.
    pub(in crate::store) wait: Duration,
    /// Use a write-ahead log where the file system can.
    pub(in crate::store) wal: bool,
    /// The largest size of the file, in pages of 4,096 bytes; 0 for no limit.
    pub(in crate::store) max_pages: u32,
}

impl Default for Tuning {
    fn default() -> Self {
        Self { wait: Duration::from_secs(5), wal: true, max_pages: 0 }
    }
}

/// One connection to the file, and what is remembered with it.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) conn: Connection,
    pub(super) pages: PageCache,
    log: Log,
    path: PathBuf,
    identity: Option<(u64, u64)>,
    spoiled: bool,
}

impl Link {
    /// Connects to a file that was made ready. `alone`: no other connection may use it meanwhile.
    pub(super) fn open(path: &Path, tuning: &Tuning, alone: bool) -> rusqlite::Result<Self> {
        let identity = files::identity(path);
        let mut conn = connect(path, tuning)?;
        let log = Log::of(&mut conn, path)?;
        if alone {
            conn.execute_batch("PRAGMA locking_mode = EXCLUSIVE")?;
        }
        if tuning.max_pages > 0 {
            conn.pragma_update(None, "max_page_count", tuning.max_pages)?;
        }
        // The page cache of both connections together is 1 MiB; text is written once and rarely read.
        conn.execute_batch(
            "PRAGMA synchronous = FULL;
             PRAGMA fullfsync = ON;
             PRAGMA cache_size = -512;
             PRAGMA mmap_size = 0;
             PRAGMA temp_store = MEMORY;
             PRAGMA journal_size_limit = 4194304;
             PRAGMA foreign_keys = ON;",
        )?;
        conn.set_prepared_statement_cache_capacity(32);
        Ok(Self { conn, pages: PageCache::default(), log, path: path.to_owned(), identity, spoiled: false })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether the path names another file now: it was restored, or removed, behind our back.
    pub(super) fn is_moved(&self) -> bool {
        self.identity.is_none() || self.identity != files::identity(&self.path)
    }

    /// A short statement that is used again and again.
    pub(super) fn execute(&self, statement: &str) -> rusqlite::Result<()> {
        self.conn.prepare_cached(statement)?.execute([]).map(drop)
    }

    /// Ends the transaction, if the engine has not done so itself.
    pub(super) fn roll_back(&mut self) {
        if !self.conn.is_autocommit()
            && let Err(error) = self.execute("ROLLBACK")
        {
            tracing::error!(%error, "a transaction cannot be rolled back");
            self.spoil();
        }
    }

    /// To be called between commits, when nobody waits.
    pub(super) fn tend(&mut self) {
        self.log.tend(&self.conn);
    }

    /// Not to be used again.
    pub(super) fn spoil(&mut self) {
        self.spoiled = true;
    }

    pub(super) fn is_spoiled(&self) -> bool {
        self.spoiled
    }
}

/// A connection that waits for others with patience, to a file that exists.
pub(super) fn connect(path: &Path, tuning: &Tuning) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_NOFOLLOW
        | OpenFlags::SQLITE_OPEN_EXRESCODE;
    let mut conn = Connection::open_with_flags(path, flags)?;
    let wait = tuning.wait;
    let mut patience = Patience::new(wait);
    conn.busy_handler(Some(move |count| {
        if count == 0 {
            patience = Patience::new(wait);
        }
        patience.wait()
    }))?;
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    Ok(conn)
}
