//! Reading, listing and removing. Writing is in `replace`.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::fs::File;
use std::io::Read;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use rustix::fs::{AtFlags, FileType, Mode, OFlags, Stat};
use rustix::io::Errno;
use sha2::{Digest, Sha256};

use super::beneath::{self, LIST, SEARCH};
use super::place::{Kind, Place};
use super::{Workspace, WorkspaceError};

/// The most entries a listing holds.
pub const MAX_ENTRIES: usize = 100_000;

/// The SHA-256 of a file's bytes: what the next write compares the disk with.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }
}

/// The whole of it, in hexadecimal.
impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("sha256:")?;
        self.0.iter().take(6).try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// What the caller believes the disk to hold; anything else is [`WorkspaceError::Changed`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// Nothing is there.
    Absent,
    /// No belief: whatever is there is replaced.
    Anything,
    /// The bytes with this fingerprint.
    Content(Fingerprint),
}

/// The whole of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileData {
    pub bytes: Vec<u8>,
    pub fingerprint: Fingerprint,
}

impl FileData {
    pub fn new(bytes: Vec<u8>) -> Self {
        Self { fingerprint: Fingerprint::of(&bytes), bytes }
    }
}

/// One line of a listing. `size` is in bytes, as the entry itself has it: a link is not followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub name: OsString,
    pub kind: Kind,
    pub size: u64,
}

impl Workspace {
    /// Reads a plain file of at most `limit` bytes.
    pub fn read(&self, place: &Place, limit: u64) -> Result<FileData, WorkspaceError> {
        read_all(place, &self.open_file(place)?, limit)
    }

    /// Opens a plain file for reading, for those who want a part of it. Pipes, sockets, devices and folders
    /// are refused and never waited for.
    pub fn open_file(&self, place: &Place) -> Result<File, WorkspaceError> {
        let (dir, name) = self.parent(place, SEARCH)?;
        open_plain(place, &dir, name)
    }

    /// The entries of a folder, sorted by name; at most [`MAX_ENTRIES`].
    pub fn list(&self, place: &Place) -> Result<Vec<Entry>, WorkspaceError> {
        let root = self.root_of(place)?;
        let dir = beneath::open(&root.dir, place.relative(), LIST).map_err(|error| match error {
            Errno::NOTDIR if place.exists() => {
                WorkspaceError::NotAFile { path: place.path().to_owned(), what: "not a folder" }
            }
            error => failed(place, "list", error),
        })?;
        let mut entries = Vec::new();
        for found in rustix::fs::Dir::read_from(&dir).map_err(|error| failed(place, "list", error))? {
            let found = found.map_err(|error| failed(place, "list", error))?;
            let name = <OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(found.file_name().to_bytes());
            if name == "." || name == ".." {
                continue;
            }
            // An entry that vanished since it was listed is left out.
            let Ok(stat) = rustix::fs::statat(&dir, name, AtFlags::SYMLINK_NOFOLLOW) else { continue };
            if entries.len() == MAX_ENTRIES {
                let (path, limit) = (place.path().to_owned(), MAX_ENTRIES as u64);
                return Err(WorkspaceError::TooLarge { path, size: limit + 1, limit });
            }
            let kind = FileType::from_raw_mode(stat.st_mode).into();
            entries.push(Entry { name: name.to_owned(), kind, size: stat.st_size as u64 });
        }
        entries.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(entries)
    }

    /// Removes a plain file. Where the path was a symbolic link, this is the file it leads to.
    pub fn remove(&self, place: &Place, expected: Expected) -> Result<(), WorkspaceError> {
        self.changeable_root_of(place)?;
        let (dir, name) = self.parent(place, LIST)?;
        let found = plain_at(place, &dir, name)?;
        match (found, expected) {
            (None, Expected::Absent) => return Ok(()),
            (None, _) => return Err(WorkspaceError::NotFound { path: place.path().to_owned() }),
            (Some(_), expected) => check(place, &dir, name, expected)?,
        }
        rustix::fs::unlinkat(&dir, name, AtFlags::empty()).map_err(|error| failed(place, "remove", error))?;
        rustix::fs::fsync(&dir).map_err(|error| failed(place, "remove", error))
    }

    /// The folder of a place and the name in it.
    pub(super) fn parent<'a>(
        &self,
        place: &'a Place,
        flags: OFlags,
    ) -> Result<(OwnedFd, &'a OsStr), WorkspaceError> {
        let root = self.root_of(place)?;
        let (parent, name) = split(place)?;
        let dir = beneath::open(&root.dir, parent, flags).map_err(|error| failed(place, "open", error))?;
        Ok((dir, name))
    }
}

pub(super) fn split(place: &Place) -> Result<(&Path, &OsStr), WorkspaceError> {
    match (place.relative().parent(), place.relative().file_name()) {
        (Some(parent), Some(name)) => Ok((parent, name)),
        _ => Err(not_a_file(place, FileType::Directory)),
    }
}

/// What is under the name, which must be nothing or a plain file.
pub(super) fn plain_at(place: &Place, dir: impl AsFd, name: &OsStr) -> Result<Option<Stat>, WorkspaceError> {
    match rustix::fs::statat(dir, name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(stat) => match FileType::from_raw_mode(stat.st_mode) {
            FileType::RegularFile => Ok(Some(stat)),
            FileType::Symlink => Err(WorkspaceError::Changed {
                path: place.path().to_owned(),
                how: "a symbolic link has taken its place",
            }),
            other => Err(not_a_file(place, other)),
        },
        Err(Errno::NOENT) => Ok(None),
        Err(error) => Err(failed(place, "look up", error)),
    }
}

/// Opens a plain file. Looking first keeps devices from being opened at all, as some act on it; looking again
/// at what was opened makes the answer certain.
fn open_plain(place: &Place, dir: &OwnedFd, name: &OsStr) -> Result<File, WorkspaceError> {
    if plain_at(place, dir, name)?.is_none() {
        return Err(WorkspaceError::NotFound { path: place.path().to_owned() });
    }
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file =
        rustix::fs::openat(dir, name, flags, Mode::empty()).map_err(|error| failed(place, "open", error))?;
    let stat = rustix::fs::fstat(&file).map_err(|error| failed(place, "open", error))?;
    match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => Ok(File::from(file)),
        other => Err(not_a_file(place, other)),
    }
}

pub(super) fn read_all(place: &Place, file: &File, limit: u64) -> Result<FileData, WorkspaceError> {
    let io = |source| WorkspaceError::Io { path: place.path().to_owned(), doing: "read", source };
    let too_large = |size| WorkspaceError::TooLarge { path: place.path().to_owned(), size, limit };
    let size = file.metadata().map_err(io)?.len();
    if size > limit {
        return Err(too_large(size));
    }
    let mut bytes = Vec::with_capacity(size as usize);
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes).map_err(io)?;
    if bytes.len() as u64 > limit {
        return Err(too_large(bytes.len() as u64));
    }
    Ok(FileData::new(bytes))
}

/// Compares the disk with what the caller believes.
pub(super) fn check(
    place: &Place,
    dir: &OwnedFd,
    name: &OsStr,
    expected: Expected,
) -> Result<(), WorkspaceError> {
    let changed = |how| Err(WorkspaceError::Changed { path: place.path().to_owned(), how });
    let found = plain_at(place, dir, name)?;
    match (expected, found) {
        (Expected::Anything, _) | (Expected::Absent, None) => Ok(()),
        (Expected::Absent, Some(_)) => changed("the file exists already"),
        (Expected::Content(_), None) => changed("the file is gone"),
        (Expected::Content(fingerprint), Some(_)) => {
            let file = open_plain(place, dir, name)?;
            if digest(&file).map_err(|source| WorkspaceError::Io {
                path: place.path().to_owned(),
                doing: "read",
                source,
            })? == fingerprint
            {
                return Ok(());
            }
            changed("its content is not what was read")
        }
    }
}

fn digest(mut file: &File) -> std::io::Result<Fingerprint> {
    let mut hash = Sha256::new();
    let mut chunk = vec![0; 64 * 1024];
    loop {
        match file.read(&mut chunk)? {
            0 => return Ok(Fingerprint(hash.finalize().into())),
            n => hash.update(chunk.get(..n).unwrap_or_default()),
        }
    }
}

fn not_a_file(place: &Place, found: FileType) -> WorkspaceError {
    let what = match found {
        FileType::Directory => "a folder",
        FileType::Fifo => "a named pipe",
        FileType::Socket => "a socket",
        FileType::CharacterDevice | FileType::BlockDevice => "a device",
        _ => "not a plain file",
    };
    WorkspaceError::NotAFile { path: place.path().to_owned(), what }
}

pub(super) fn failed(place: &Place, doing: &'static str, error: Errno) -> WorkspaceError {
    let path = place.path().to_owned();
    match error {
        Errno::NOENT => WorkspaceError::NotFound { path },
        Errno::LOOP | Errno::NOTDIR | Errno::XDEV => {
            WorkspaceError::Changed { path, how: "a folder on its way was replaced" }
        }
        error => WorkspaceError::Io { path, doing, source: error.into() },
    }
}
