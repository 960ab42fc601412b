//! From a named path to a [`Place`]: the walk that follows symbolic links itself.
//!
//! The position is either within a root, where each component is looked up through a descriptor, or above all
//! roots, where `..` and names are only counted until they spell a root. Nothing outside a root is ever
//! looked at, so a path cannot be used to probe the disk.

use std::ffi::{OsStr, OsString};
use std::os::fd::OwnedFd;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{AtFlags, FileType};
use rustix::io::Errno;

use super::WorkspaceError;
use super::jail::Root;
use super::place::{Kind, Place};

const MAX_PATH: usize = 4096;
const MAX_LINKS: usize = 40;

/// Resolves `named`, relative to the first root unless absolute.
pub(super) fn resolve(roots: &[Arc<Root>], named: &str) -> Result<Place, WorkspaceError> {
    if let Some(reason) = unusable(named) {
        return Err(WorkspaceError::Invalid { path: named.to_owned(), reason });
    }
    let mut walk = Walk { roots, named, todo: Vec::new(), links: 0 };
    let mut position = walk.enter(0)?;
    walk.push(Path::new(named));
    while let Some(step) = walk.todo.pop() {
        position = walk.step(position, step)?;
    }
    match position {
        Position::Above(_) => Err(walk.outside()),
        Position::Within(within) => {
            let base = roots.get(within.root).map_or(Path::new("/"), |root| &root.path);
            Ok(Place::new(within.root, base, within.relative(), within.kind))
        }
    }
}

fn unusable(named: &str) -> Option<&'static str> {
    let scheme = named.get(..5).is_some_and(|start| start.eq_ignore_ascii_case("file:"));
    match named {
        "" => Some("the path is empty"),
        _ if named.contains('\0') => Some("it holds a NUL character"),
        _ if named.len() > MAX_PATH => Some("it is too long"),
        _ if scheme => Some("it is a URL; give the plain path"),
        _ if named == "~" || named.starts_with("~/") => Some("`~` is not expanded; give the full path"),
        _ => None,
    }
}

struct Walk<'a> {
    roots: &'a [Arc<Root>],
    named: &'a str,
    /// Components still to go, the next one last.
    todo: Vec<Step>,
    links: usize,
}

enum Step {
    Top,
    Up,
    Down(OsString),
}

enum Position {
    Above(PathBuf),
    Within(Within),
}

struct Within {
    root: usize,
    folders: Vec<OsString>,
    dir: OwnedFd,
    /// Names past the last folder that exists: a file, or what is to be created.
    rest: Vec<OsString>,
    kind: Option<Kind>,
}

impl Within {
    fn relative(&self) -> PathBuf {
        self.folders.iter().chain(&self.rest).collect()
    }
}

impl Walk<'_> {
    fn push(&mut self, path: &Path) {
        let steps = path.components().rev().filter_map(|component| match component {
            Component::RootDir => Some(Step::Top),
            Component::ParentDir => Some(Step::Up),
            Component::Normal(name) => Some(Step::Down(name.to_owned())),
            Component::CurDir | Component::Prefix(_) => None,
        });
        self.todo.extend(steps);
    }

    fn step(&mut self, position: Position, step: Step) -> Result<Position, WorkspaceError> {
        match (position, step) {
            (_, Step::Top) => self.above(PathBuf::from("/")),
            (Position::Above(mut path), Step::Up) => {
                path.pop();
                self.above(path)
            }
            (Position::Above(path), Step::Down(name)) => self.above(path.join(name)),
            (Position::Within(within), Step::Up) => self.up(within),
            (Position::Within(within), Step::Down(name)) => self.down(within, name),
        }
    }

    /// Enters the root whose path this is, if any.
    fn above(&self, path: PathBuf) -> Result<Position, WorkspaceError> {
        match self.roots.iter().position(|root| root.is_named(&path)) {
            Some(root) => self.enter(root),
            None => Ok(Position::Above(path)),
        }
    }

    fn enter(&self, root: usize) -> Result<Position, WorkspaceError> {
        let dir = self.reopen(root, Path::new(""))?;
        let kind = Some(Kind::Directory);
        Ok(Position::Within(Within { root, folders: Vec::new(), dir, rest: Vec::new(), kind }))
    }

    fn up(&self, mut within: Within) -> Result<Position, WorkspaceError> {
        if !within.rest.is_empty() {
            return Err(self.not_found(&within));
        }
        if within.folders.pop().is_none() {
            let parent = self.roots.get(within.root).and_then(|root| root.path.parent());
            return self.above(parent.unwrap_or(Path::new("/")).to_owned());
        }
        within.dir = self.reopen(within.root, &within.relative())?;
        Ok(Position::Within(within))
    }

    fn down(&mut self, mut within: Within, name: OsString) -> Result<Position, WorkspaceError> {
        if !within.rest.is_empty() {
            if within.kind.is_some() {
                return Err(self.not_found(&within));
            }
            within.rest.push(name);
            return Ok(Position::Within(within));
        }
        let found = match rustix::fs::statat(&within.dir, &name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => Some(FileType::from_raw_mode(stat.st_mode)),
            Err(Errno::NOENT) => None,
            Err(error) => return Err(self.failed(&within, &name, error)),
        };
        match found {
            Some(FileType::Symlink) => {
                self.follow(&within, &name)?;
            }
            Some(FileType::Directory) => {
                within.dir = super::beneath::open(&within.dir, Path::new(&name), super::beneath::SEARCH)
                    .map_err(|error| self.failed(&within, &name, error))?;
                within.folders.push(name);
            }
            other => {
                within.kind = other.map(Kind::from);
                within.rest.push(name);
            }
        }
        Ok(Position::Within(within))
    }

    /// Puts what a link says in front of what is still to go. The link's folder stays the position, as
    /// relative links want it; absolute ones start over at the top.
    fn follow(&mut self, within: &Within, name: &OsStr) -> Result<(), WorkspaceError> {
        self.links += 1;
        if self.links > MAX_LINKS {
            return Err(WorkspaceError::Invalid {
                path: self.named.to_owned(),
                reason: "it passes through too many symbolic links",
            });
        }
        let target = rustix::fs::readlinkat(&within.dir, name, Vec::new())
            .map_err(|error| self.failed(within, name, error))?;
        self.push(Path::new(<OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(target.to_bytes())));
        Ok(())
    }

    fn reopen(&self, root: usize, relative: &Path) -> Result<OwnedFd, WorkspaceError> {
        let Some(root) = self.roots.get(root) else { return Err(self.outside()) };
        root.directory(relative).map_err(|error| WorkspaceError::Io {
            path: root.path.join(relative),
            doing: "open",
            source: error.into(),
        })
    }

    fn absolute(&self, within: &Within) -> PathBuf {
        self.roots.get(within.root).map(|root| root.path.join(within.relative())).unwrap_or_default()
    }

    fn not_found(&self, within: &Within) -> WorkspaceError {
        match within.kind {
            None => WorkspaceError::NotFound { path: self.absolute(within) },
            Some(_) => WorkspaceError::NotAFile { path: self.absolute(within), what: "not a folder" },
        }
    }

    fn failed(&self, within: &Within, name: &OsStr, error: Errno) -> WorkspaceError {
        let path = self.absolute(within).join(name);
        match error {
            Errno::LOOP | Errno::NOTDIR | Errno::NOENT | Errno::INVAL => {
                WorkspaceError::Changed { path, how: "it was replaced while its path was resolved" }
            }
            Errno::NAMETOOLONG => {
                WorkspaceError::Invalid { path: self.named.to_owned(), reason: "it is too long" }
            }
            _ => WorkspaceError::Io { path, doing: "look up", source: error.into() },
        }
    }

    fn outside(&self) -> WorkspaceError {
        let root = self.roots.first().map(|root| root.path.clone()).unwrap_or_default();
        WorkspaceError::Outside { path: self.named.to_owned(), root }
    }
}
