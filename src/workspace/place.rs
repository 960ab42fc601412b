//! A resolved path: what the jail hands out and the file operations take.

use std::path::{Path, PathBuf};

use rustix::fs::FileType;

/// An object inside a root, or the spot where one can be created.
///
/// Holds no symbolic link and no `..`, so comparing it with a rule compares the object itself.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Place {
    pub(super) root: usize,
    path: PathBuf,
    relative: PathBuf,
    kind: Option<Kind>,
}

impl Place {
    pub(super) fn new(root: usize, base: &Path, relative: PathBuf, kind: Option<Kind>) -> Self {
        let path = if relative.as_os_str().is_empty() { base.to_owned() } else { base.join(&relative) };
        Self { root, path, relative, kind }
    }

    /// The absolute path, with symbolic links resolved.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The same below its root; empty for the root itself.
    pub fn relative(&self) -> &Path {
        &self.relative
    }

    /// What was there when the path was resolved; `None` when nothing was.
    pub fn kind(&self) -> Option<Kind> {
        self.kind
    }

    /// Whether something was there when the path was resolved.
    pub fn exists(&self) -> bool {
        self.kind.is_some()
    }
}

/// What a directory entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    File,
    Directory,
    Symlink,
    /// A pipe, a socket or a device.
    Other,
}

impl From<FileType> for Kind {
    fn from(file_type: FileType) -> Self {
        match file_type {
            FileType::RegularFile => Self::File,
            FileType::Directory => Self::Directory,
            FileType::Symlink => Self::Symlink,
            _ => Self::Other,
        }
    }
}
