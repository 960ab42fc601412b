//! What lies outside the workspace and may be read all the same: skills, and long outputs of the session's own tools.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Parts;
use crate::acp::SessionId;
use crate::config::Project;
use crate::tool::{Skill, skills};
use crate::workspace::Workspace;

/// Sessions whose long outputs are kept; those changed longest ago go first.
const KEPT: usize = 200;

/// What a session reads beside its workspace.
#[derive(Debug)]
pub(super) struct Aside {
    pub(super) skills: Vec<Skill>,
    /// Where its long outputs are kept; `None`: nowhere.
    pub(super) outputs: Option<Arc<Path>>,
    /// The workspace with what may be read beside it.
    pub(super) workspace: Workspace,
}

impl Aside {
    pub(super) fn of(parts: &Parts, project: &Project, workspace: &Workspace, session: &SessionId) -> Self {
        let folders: Vec<PathBuf> = parts.config.skills.iter().chain(&project.skills).cloned().collect();
        let skills = if folders.is_empty() { Vec::new() } else { skills(&folders) };
        let outputs = parts.config.paths.data.as_deref().and_then(|data| outputs(data, session));
        let mut readable = workspace.clone();
        // One that cannot be added, because it holds the workspace itself, keeps none of the others away.
        for folder in skills.iter().map(Skill::folder).chain(outputs.as_deref()) {
            match readable.with_readable(&[folder.to_owned()]) {
                Ok(more) => readable = more,
                Err(e) => {
                    tracing::debug!(folder = %folder.display(), error = %e, "not readable beside the workspace")
                }
            }
        }
        Self { skills, outputs, workspace: readable }
    }

    /// The folders, for the rules.
    pub(super) fn folders(&self) -> Vec<PathBuf> {
        let skills = self.skills.iter().map(|skill| skill.folder().to_owned());
        skills.chain(self.outputs.as_deref().map(Path::to_owned)).collect()
    }
}

/// The session's folder for long outputs, made now.
fn outputs(data: &Path, session: &SessionId) -> Option<Arc<Path>> {
    // A session's id is ours; one that is no plain name is none.
    let plain = session.0.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let all = data.join("outputs");
    let own = all.join(&*session.0);
    let made = plain && !session.0.is_empty() && make(&all).and_then(|()| make(&own)).is_ok();
    if !made {
        tracing::warn!(folder = %own.display(), "long outputs are not kept");
        return None;
    }
    if let Err(e) = make_room(&all, &own) {
        tracing::debug!(error = %e, "old outputs are not removed");
    }
    Some(own.canonicalize().ok()?.into())
}

fn make(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

fn make_room(all: &Path, own: &Path) -> io::Result<()> {
    let entries: Vec<_> = fs::read_dir(all)?.flatten().map(|entry| entry.path()).collect();
    if entries.len() <= KEPT {
        return Ok(());
    }
    let age = |path: &PathBuf| fs::metadata(path).and_then(|found| found.modified()).ok();
    let mut others: Vec<_> = entries.into_iter().filter(|path| path != own).collect();
    others.sort_by_cached_key(age);
    let gone = others.len().saturating_sub(KEPT / 2);
    others[..gone].iter().try_for_each(fs::remove_dir_all)
}
