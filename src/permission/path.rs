//! Paths as text: resolved by their words alone, without looking at a disk. Links are the workspace's
//! concern (it resolves them before it names an action) and the sandbox's.

use std::path::{Component, Path, PathBuf};

/// Where a command line stands, for reading the paths in it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) cwd: &'a Path,
    pub(super) home: Option<&'a Path>,
}

impl Place<'_> {
    /// The absolute path a word of a command names, with `~`, `$HOME` and `$PWD` understood.
    pub(super) fn resolve(&self, word: &str) -> PathBuf {
        let home = ["~", "$HOME", "${HOME}"].iter().find_map(|name| tail_after(word, name));
        if let (Some(tail), Some(home)) = (home, self.home) {
            return normalize(&home.join(tail));
        }
        let here = ["$PWD", "${PWD}"].iter().find_map(|name| tail_after(word, name));
        normalize(&self.cwd.join(here.unwrap_or(word)))
    }
}

fn tail_after<'a>(word: &'a str, name: &str) -> Option<&'a str> {
    let tail = word.strip_prefix(name)?;
    if tail.is_empty() { Some(tail) } else { tail.strip_prefix('/').map(|t| t.trim_start_matches('/')) }
}

/// The path without `.` and `..`; what would climb above the root stays at the root.
pub(super) fn normalize(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                out.pop();
            }
            other => out.push(other),
        }
    }
    out
}

/// Absolute, and without `.` or `..`: what the workspace promises of the paths in an action.
pub(super) fn is_resolved(path: &Path) -> bool {
    let steps = path.components().all(|part| !matches!(part, Component::CurDir | Component::ParentDir));
    path.is_absolute() && steps && !path.as_os_str().as_encoded_bytes().contains(&0)
}

/// Whether the path is `folder` or below it, on a file system that ignores the case of ASCII letters.
pub(super) fn starts_with_in_any_case(path: &Path, folder: &Path) -> bool {
    let mut parts = path.components();
    folder
        .components()
        .all(|part| parts.next().is_some_and(|p| p.as_os_str().eq_ignore_ascii_case(part.as_os_str())))
}
