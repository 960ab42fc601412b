//! Writing a file whole: the old content or the new one, never a mixture and never less.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::Write;
use std::os::fd::{AsFd, OwnedFd};

use rustix::fs::{AtFlags, Gid, Mode, OFlags, RenameFlags, Stat, Uid, XattrFlags};
use rustix::io::Errno;

use super::file::{check, failed, plain_at, split};
use super::place::Place;
use super::{Expected, Workspace, WorkspaceError, beneath};
use crate::chance;

impl Workspace {
    /// Replaces or creates a plain file atomically: the bytes go to a temporary file in the same folder, reach
    /// the disk, and take the name in one step.
    ///
    /// `expected` is checked first and once more right before that step. Permission bits are kept (set-id bits
    /// are dropped, as the kernel drops them on a write), owner and extended attributes as far as allowed.
    /// Missing folders are created. A file with several names is refused, as the others would part from it.
    pub fn replace(&self, place: &Place, bytes: &[u8], expected: Expected) -> Result<(), WorkspaceError> {
        self.stage(place, bytes, expected)?.commit()
    }

    /// Everything but the one step.
    pub(super) fn stage<'a>(
        &self,
        place: &'a Place,
        bytes: &[u8],
        expected: Expected,
    ) -> Result<Staged<'a>, WorkspaceError> {
        let (dir, name) = self.folder_for(place, expected)?;
        let found = plain_at(place, &dir, name)?;
        if found.as_ref().is_some_and(|stat| stat.st_nlink > 1) {
            return Err(WorkspaceError::NotAFile {
                path: place.path().to_owned(),
                what: "a file with several names (hard links), and replacing it would part them",
            });
        }
        check(place, &dir, name, expected)?;
        let temporary = Temporary::create(dir, found.is_some())
            .map_err(|error| failed(place, "write a file beside", error))?;
        let staged = Staged { place, name, expected, temporary };
        staged.fill(bytes)?;
        if let Some(stat) = &found {
            staged.dress(stat)?;
        }
        settle(&staged.temporary.file).map_err(|error| failed(place, "write", error))?;
        Ok(staged)
    }

    fn folder_for<'a>(
        &self,
        place: &'a Place,
        expected: Expected,
    ) -> Result<(OwnedFd, &'a OsStr), WorkspaceError> {
        let root = self.changeable_root_of(place)?;
        let (parent, name) = split(place)?;
        let dir = if let Expected::Content(_) = expected {
            beneath::open(&root.dir, parent, beneath::LIST)
        } else {
            beneath::create_folders(&root.dir, parent)
        };
        match (dir, expected) {
            (Err(Errno::NOENT), Expected::Content(_)) => {
                Err(WorkspaceError::Changed { path: place.path().to_owned(), how: "its folder is gone" })
            }
            (dir, _) => Ok((dir.map_err(|error| failed(place, "open the folder of", error))?, name)),
        }
    }
}

/// New content that is on the disk and has yet to take its name.
#[derive(Debug)]
pub(super) struct Staged<'a> {
    place: &'a Place,
    name: &'a OsStr,
    expected: Expected,
    temporary: Temporary,
}

impl Staged<'_> {
    fn fill(&self, bytes: &[u8]) -> Result<(), WorkspaceError> {
        (&self.temporary.file).write_all(bytes).map_err(|source| WorkspaceError::Io {
            path: self.place.path().to_owned(),
            doing: "write",
            source,
        })
    }

    /// Gives the file the owner, attributes and permissions of the one it replaces. Only permissions must
    /// succeed: they are what protects the content.
    fn dress(&self, old: &Stat) -> Result<(), WorkspaceError> {
        let Temporary { dir, file, .. } = &self.temporary;
        let new = rustix::fs::fstat(file).map_err(|error| failed(self.place, "write", error))?;
        if (new.st_uid, new.st_gid) != (old.st_uid, old.st_gid) {
            let (user, group) = (Uid::from_raw(old.st_uid), Gid::from_raw(old.st_gid));
            let given = rustix::fs::fchown(file, Some(user), Some(group));
            if given.is_err() && new.st_gid != old.st_gid {
                rustix::fs::fchown(file, None, Some(group)).ok();
            }
        }
        if let Ok(old) = beneath::open(dir, self.name.as_ref(), OFlags::RDONLY | OFlags::NONBLOCK) {
            copy_attributes(&old, file);
        }
        let mode = Mode::from_raw_mode(old.st_mode) & Mode::from_raw_mode(0o777);
        rustix::fs::fchmod(file, mode).map_err(|error| failed(self.place, "set the permissions of", error))
    }

    /// The one step: from here on the name means the new content.
    pub(super) fn commit(self) -> Result<(), WorkspaceError> {
        let dir = &self.temporary.dir;
        check(self.place, dir, self.name, self.expected)?;
        let taken = if self.expected == Expected::Absent {
            self.temporary.take_free(self.name)
        } else {
            rustix::fs::renameat(dir, &self.temporary.name, dir, self.name)
        };
        taken.and_then(|()| settle(dir)).map_err(|error| match error {
            Errno::EXIST => {
                WorkspaceError::Changed { path: self.place.path().to_owned(), how: "the file exists already" }
            }
            error => failed(self.place, "write", error),
        })
    }
}

/// A file beside the one to be written; it goes when this does, unless it was renamed.
#[derive(Debug)]
struct Temporary {
    dir: OwnedFd,
    name: OsString,
    file: File,
}

impl Temporary {
    /// `private` until the permissions of the old file are known to be right; else what the umask says.
    fn create(dir: OwnedFd, private: bool) -> rustix::io::Result<Self> {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let mode = Mode::from_raw_mode(if private { 0o600 } else { 0o666 });
        for _ in 0..16 {
            let number = chance::number();
            let name = OsString::from(format!(".adjutant-{number:016x}.tmp"));
            match rustix::fs::openat(&dir, &name, flags, mode) {
                Ok(file) => return Ok(Self { dir, name, file: File::from(file) }),
                Err(Errno::EXIST) => {}
                Err(error) => return Err(error),
            }
        }
        Err(Errno::EXIST)
    }

    /// Takes the name only if nobody has it; a file system that cannot rename so gets a second link instead,
    /// and the first one goes when `self` does.
    fn take_free(&self, name: &OsStr) -> rustix::io::Result<()> {
        match rustix::fs::renameat_with(&self.dir, &self.name, &self.dir, name, RenameFlags::NOREPLACE) {
            Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {
                rustix::fs::linkat(&self.dir, &self.name, &self.dir, name, AtFlags::empty())
            }
            taken => taken,
        }
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // After a rename nothing has this name any more, and that is what this finds.
        rustix::fs::unlinkat(&self.dir, &self.name, AtFlags::empty()).ok();
    }
}

/// Waits until the disk has it, where the file system can tell.
fn settle(file: impl AsFd) -> rustix::io::Result<()> {
    match rustix::fs::fsync(file) {
        Err(Errno::INVAL | Errno::NOTSUP | Errno::NOSYS) => Ok(()),
        settled => settled,
    }
}

/// Best effort: a file system may have no attributes, and some are for the superuser alone.
fn copy_attributes(old: &OwnedFd, new: &File) {
    let mut names = vec![0; 64 * 1024];
    let Ok(length) = rustix::fs::flistxattr(old, names.as_mut_slice()) else { return };
    let mut value = vec![0; 64 * 1024];
    for name in names.get(..length).unwrap_or_default().split(|byte| *byte == 0) {
        // Capabilities are the set-id bits of attributes: a change of content takes them away.
        if name.is_empty() || name == b"security.capability" {
            continue;
        }
        let Ok(length) = rustix::fs::fgetxattr(old, name, value.as_mut_slice()) else { continue };
        let value = value.get(..length).unwrap_or_default();
        rustix::fs::fsetxattr(new, name, value, XattrFlags::empty()).ok();
    }
}
