use std::fs::{self, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rusqlite::Connection;
use rustix::fs::OFlags;

use super::files;

/// Pages in the log that are to be brought to the database, which is what `SQLite` takes unless told.
const CHECKPOINT: u64 = 1_000;
/// A page in the log with its header (the file format's §4.1).
const FRAME: u64 = 4_096 + 24;
/// What the log grows by.
const STEP: u64 = 256 * 1_024;
/// With less than this left it grows.
const LOW: u64 = 64 * 1_024;

/// The write-ahead log, looked after between commits, so that none of them waits for a checkpoint or for a
/// larger file: to sync a file that has grown takes several times as long as to sync one that was written over.
#[derive(Debug)]
pub(super) struct Log {
    path: PathBuf,
    /// Pages in it, as the last commit left them.
    pages: Arc<AtomicU64>,
    /// Its size in bytes, when it was last looked at.
    size: u64,
}

impl Log {
    /// The log of the database at `path`; `conn` leaves checkpoints to it from now on.
    pub(super) fn of(conn: &mut Connection, path: &Path) -> rusqlite::Result<Self> {
        let pages = Arc::new(AtomicU64::new(0));
        let known = Arc::clone(&pages);
        conn.wal_hook(Some(move |_: &mut rusqlite::hooks::Wal, pages| {
            known.store(u64::try_from(pages).unwrap_or(0), Ordering::Relaxed);
            Ok(())
        }))?;
        Ok(Self { path: files::beside(path, "-wal"), pages, size: 0 })
    }

    /// Does what is due. Nothing is lost if it fails: the log only is slower, or longer, for a while.
    pub(super) fn tend(&mut self, conn: &Connection) {
        let pages = self.pages.load(Ordering::Relaxed);
        if pages >= CHECKPOINT {
            let done = conn.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()));
            if let Err(error) = done {
                tracing::debug!(%error, "the log was not brought to the database");
            }
        } else if pages > 0
            && let Err(error) = self.grow(pages * FRAME + LOW)
        {
            tracing::debug!(%error, "the log has not grown ahead");
        }
    }

    /// Zeros are no frames (their salt is not the header's), and are appended, so that nothing another
    /// process writes meanwhile can be under them.
    fn grow(&mut self, wanted: u64) -> io::Result<()> {
        if self.size >= wanted {
            return Ok(());
        }
        self.size = fs::metadata(&self.path)?.len();
        if self.size >= wanted {
            return Ok(());
        }
        let flags = OFlags::NOFOLLOW.bits().cast_signed();
        let mut log = OpenOptions::new().append(true).custom_flags(flags).open(&self.path)?;
        io::copy(&mut io::repeat(0).take(STEP), &mut log)?;
        log.sync_data()?;
        self.size += STEP;
        Ok(())
    }
}
