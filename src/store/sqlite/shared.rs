use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::files::Obstacle;
use super::link::{Link, Tuning};
use super::opening::{self, Opened};
use crate::store::StoreError;
use crate::store::memory::Memory;

/// What both threads know of the file.
#[derive(Debug)]
pub(super) struct Shared {
    place: PathBuf,
    tuning: Tuning,
    mode: Mutex<Option<Mode>>,
    warnings: Mutex<Vec<String>>,
}

/// How the store turned out to be usable.
#[derive(Debug, Clone)]
pub(super) enum Mode {
    File(Opened),
    /// Nothing can be written: sessions live as long as the process.
    Memory(Arc<Memory>),
}

impl Shared {
    pub(super) fn new(place: PathBuf, tuning: Tuning) -> Self {
        Self { place, tuning, mode: Mutex::default(), warnings: Mutex::default() }
    }

    /// Opens the file if nobody did yet. An error is not remembered: the next call tries again.
    pub(super) fn mode(&self) -> Result<Mode, StoreError> {
        let mut known = held(&self.mode);
        if let Some(mode) = &*known {
            return Ok(mode.clone());
        }
        let mode = match opening::open(&self.place, &self.tuning) {
            Ok(mut opened) => {
                held(&self.warnings).append(&mut opened.warnings);
                Mode::File(opened)
            }
            Err(Obstacle::Unwritable(reason)) => {
                held(&self.warnings)
                    .push(format!("{reason}: sessions are kept in memory only and end with this process"));
                Mode::Memory(Arc::default())
            }
            Err(Obstacle::Error(error)) => return Err(error),
        };
        Ok(known.insert(mode).clone())
    }

    /// A connection to the opened file.
    pub(super) fn link(&self, opened: &Opened) -> rusqlite::Result<Link> {
        Link::open(&opened.path, &self.tuning, opened.alone)
    }

    /// Restores the file if it is damaged.
    pub(super) fn examine(&self, opened: &Opened) -> Result<(), StoreError> {
        let restored = opening::examine(&opened.path, &self.tuning)?;
        held(&self.warnings).extend(restored);
        Ok(())
    }

    /// The file is gone: the next call makes or finds another one.
    pub(super) fn forget(&self) {
        *held(&self.mode) = None;
    }

    pub(super) fn take_warnings(&self) -> Option<String> {
        let mut warnings = held(&self.warnings);
        (!warnings.is_empty()).then(|| std::mem::take(&mut *warnings).join("\n"))
    }
}

/// The data is whole whatever happened to another thread that held it.
fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
