use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::workspace::Fingerprint;

/// How many files are remembered; past that, the one noted longest ago is forgotten and must be read again
/// before it can be overwritten.
const MAX_SEEN: usize = 4096;

/// Which content of which file the agent has seen: what a change is checked against, so that nothing a
/// person wrote in the meantime is overwritten.
#[derive(Debug, Default)]
pub struct SeenFiles(Mutex<Seen>);

#[derive(Debug, Default)]
struct Seen {
    notes: u64,
    files: HashMap<PathBuf, (u64, Fingerprint)>,
}

impl SeenFiles {
    /// The agent has now seen (or itself written) this content.
    pub fn note(&self, path: &Path, content: Fingerprint) {
        let mut seen = self.lock();
        seen.notes += 1;
        let note = seen.notes;
        seen.files.insert(path.to_owned(), (note, content));
        if seen.files.len() > MAX_SEEN {
            let oldest = seen.files.iter().min_by_key(|(_, (note, _))| *note).map(|(path, _)| path.clone());
            oldest.and_then(|path| seen.files.remove(&path));
        }
    }

    /// What it saw last, if anything.
    pub fn last(&self, path: &Path) -> Option<Fingerprint> {
        self.lock().files.get(path).map(|(_, content)| *content)
    }

    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
