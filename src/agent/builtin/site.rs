//! What the files of a working directory say to an agent, read once for all sessions there.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use crate::config::{Config, Project};
use crate::tool::{Skill, skills};

/// Directories remembered; with more than that, they are read again.
const MOST: usize = 256;

/// A working directory.
#[derive(Debug)]
pub(super) struct Site {
    pub(super) project: Arc<Project>,
    /// The person's own, then the project's: of those of one name the first counts.
    pub(super) skills: Vec<Skill>,
}

/// Directories as they were when somebody last looked.
#[derive(Debug, Clone, Default)]
pub(super) struct Sites(Arc<Mutex<HashMap<PathBuf, Arc<Site>>>>);

impl Sites {
    /// As it was when somebody last looked; looks where nobody has.
    pub(super) fn of(&self, config: &Config, cwd: &Path) -> Arc<Site> {
        self.known(cwd).unwrap_or_else(|| self.look(config, cwd))
    }

    pub(super) fn known(&self, cwd: &Path) -> Option<Arc<Site>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(cwd).cloned()
    }

    /// As it is now. Reads files: not for async threads.
    pub(super) fn look(&self, config: &Config, cwd: &Path) -> Arc<Site> {
        let real = cwd.canonicalize().unwrap_or_else(|_| cwd.to_owned());
        let project = config.project(&real);
        let folders: Vec<_> = config.skills.iter().chain(&project.skills).cloned().collect();
        let skills = if folders.is_empty() { Vec::new() } else { skills(&folders) };
        let site = Arc::new(Site { project: Arc::new(project), skills });
        let mut sites = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if sites.len() >= MOST {
            sites.clear();
        }
        sites.insert(cwd.to_owned(), Arc::clone(&site));
        sites.insert(real, Arc::clone(&site));
        site
    }
}
