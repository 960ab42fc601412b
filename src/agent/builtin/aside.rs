//! What lies outside the workspace and may be read all the same: skills, and long outputs of the session's own tools.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use crate::acp::SessionId;
use crate::tool::Skill;
use crate::workspace::Workspace;

/// Sessions whose long outputs are kept; those changed longest ago go first, and none that is open.
const KEPT: usize = 200;

/// What a session reads beside its workspace.
#[derive(Debug)]
pub(super) struct Aside {
    pub(super) skills: Vec<Skill>,
    /// Where its long outputs are kept, made with the first of them; `None`: nowhere.
    pub(super) outputs: Option<Arc<Path>>,
    /// The workspace with its skills.
    workspace: Workspace,
    /// The same with its long outputs, once there are some.
    whole: OnceLock<(Workspace, Kept)>,
}

/// The folder of outputs of an open session: as long as this lives, nobody removes it.
#[derive(Debug)]
struct Kept {
    _folder: Option<File>,
}

impl Aside {
    /// `data` is the folder of ours that holds those of all sessions.
    pub(super) fn of(
        skills: Vec<Skill>,
        data: Option<&Path>,
        workspace: &Workspace,
        session: &SessionId,
    ) -> Self {
        let mut readable = workspace.clone();
        // One that cannot be added, because it holds the workspace itself, keeps none of the others away.
        for folder in skills.iter().map(Skill::folder) {
            match readable.with_readable(&[folder.to_owned()]) {
                Ok(more) => readable = more,
                Err(e) => {
                    tracing::debug!(folder = %folder.display(), error = %e, "not readable beside the workspace")
                }
            }
        }
        let outputs = data.and_then(|data| outputs(data, session)).map(Arc::from);
        Self { skills, outputs, workspace: readable, whole: OnceLock::new() }
    }

    /// The workspace with what may be read beside it now.
    pub(super) fn workspace(&self) -> &Workspace {
        if let Some((workspace, _)) = self.whole.get() {
            return workspace;
        }
        let Some(folder) = &self.outputs else { return &self.workspace };
        let Ok(whole) = self.workspace.with_readable(&[folder.to_path_buf()]) else { return &self.workspace };
        let kept = keep(folder);
        if let Some(all) = folder.parent().map(Path::to_owned) {
            tokio::task::spawn_blocking(move || {
                make_room(&all)
                    .unwrap_or_else(|e| tracing::debug!(error = %e, "old outputs are not removed"));
            });
        }
        &self.whole.get_or_init(|| (whole, kept)).0
    }

    /// The folders, for the rules.
    pub(super) fn folders(&self) -> Vec<PathBuf> {
        let skills = self.skills.iter().map(|skill| skill.folder().to_owned());
        skills.chain(self.outputs.as_deref().map(Path::to_owned)).collect()
    }
}

/// A session's folder for long outputs, which need not be there.
fn outputs(data: &Path, session: &SessionId) -> Option<PathBuf> {
    // A session's id is ours; one that is no plain name is none.
    let plain = session.0.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if !plain || session.0.is_empty() {
        return None;
    }
    let data = data.canonicalize().unwrap_or_else(|_| data.to_owned());
    Some(data.join("outputs").join(&*session.0))
}

/// Removes the long outputs of a session that is gone. Not for async threads.
pub fn forget(data: &Path, session: &SessionId) {
    let Some(folder) = outputs(data, session) else { return };
    match fs::remove_dir_all(&folder) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => {
            tracing::warn!(folder = %folder.display(), error = %e, "outputs of a session are not removed");
        }
        _ => {}
    }
}

fn keep(folder: &Path) -> Kept {
    let shared =
        File::open(folder).and_then(|file| file.try_lock_shared().map(|()| file).map_err(io::Error::from));
    Kept { _folder: shared.inspect_err(|e| tracing::debug!(error = %e, "outputs are not held")).ok() }
}

/// Removes the folders that were changed longest ago, where there are too many.
fn make_room(all: &Path) -> io::Result<()> {
    let mut folders: Vec<_> = fs::read_dir(all)?.flatten().map(|entry| entry.path()).collect();
    if folders.len() <= KEPT {
        return Ok(());
    }
    folders.sort_by_cached_key(|path| fs::metadata(path).and_then(|found| found.modified()).ok());
    let gone = folders.len() - KEPT / 2;
    for folder in &folders[..gone] {
        match File::open(folder)?.try_lock() {
            // A session that is open, in this process or another, keeps it.
            Err(TryLockError::WouldBlock) => {}
            _ => fs::remove_dir_all(folder)?,
        }
    }
    Ok(())
}
