use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use crate::workspace::Fingerprint;

/// Which content of which file the agent has seen: what a change is checked against, so that nothing a
/// person wrote in the meantime is overwritten.
#[derive(Debug, Default)]
pub struct SeenFiles(Mutex<HashMap<PathBuf, Fingerprint>>);

impl SeenFiles {
    /// The agent has now seen (or itself written) this content.
    pub fn note(&self, path: &Path, content: Fingerprint) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(path.to_owned(), content);
    }

    /// What it saw last, if anything.
    pub fn last(&self, path: &Path) -> Option<Fingerprint> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(path).copied()
    }
}
