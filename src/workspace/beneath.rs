//! Opening paths below a descriptor without following anything.
//!
//! On Linux one `openat2` call with `RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS`. Where that call is missing (other
//! systems, old kernels, strict seccomp filters) every component is opened in turn with `O_NOFOLLOW`, which
//! gives the same guarantee for the paths used here: relative, and free of `..`.

use std::ffi::OsStr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

use rustix::fs::{Mode, OFlags};
use rustix::io::{Errno, Result};

/// How a folder is opened that is only passed through.
#[cfg(target_os = "linux")]
pub(super) const SEARCH: OFlags = OFlags::PATH.union(OFlags::DIRECTORY);
#[cfg(not(target_os = "linux"))]
pub(super) const SEARCH: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY);

/// How a folder is opened whose entries are listed or changed.
pub(super) const LIST: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY);

/// Opens `relative` (empty: the folder `dir` itself). Any symbolic link on the way, the last name included,
/// is `ELOOP` or `ENOTDIR`.
pub(super) fn open(dir: impl AsFd, relative: &Path, flags: OFlags) -> Result<OwnedFd> {
    let flags = flags | OFlags::CLOEXEC | OFlags::NOFOLLOW;
    let relative = if relative.as_os_str().is_empty() { Path::new(".") } else { relative };
    #[cfg(target_os = "linux")]
    {
        use rustix::fs::ResolveFlags;
        let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
        match rustix::fs::openat2(dir.as_fd(), relative, flags, Mode::empty(), resolve) {
            Err(Errno::NOSYS | Errno::PERM) => {}
            opened => return opened,
        }
    }
    walk(dir.as_fd(), relative, flags)
}

/// The portable way: component by component.
pub(super) fn walk(dir: BorrowedFd<'_>, relative: &Path, flags: OFlags) -> Result<OwnedFd> {
    let flags = flags | OFlags::CLOEXEC | OFlags::NOFOLLOW;
    let mut held: Option<OwnedFd> = None;
    let mut names = relative.iter().peekable();
    while let Some(name) = names.next() {
        if name == ".." || name == "/" {
            return Err(Errno::XDEV);
        }
        let at = held.as_ref().map_or(dir, AsFd::as_fd);
        let flags = if names.peek().is_some() { SEARCH | OFlags::NOFOLLOW | OFlags::CLOEXEC } else { flags };
        held = Some(rustix::fs::openat(at, name, flags, Mode::empty())?);
    }
    held.ok_or(Errno::NOENT)
}

/// Opens the folder `relative` for changing its entries, creating what is missing.
pub(super) fn create_folders(dir: impl AsFd, relative: &Path) -> Result<OwnedFd> {
    match open(dir.as_fd(), relative, LIST) {
        Err(Errno::NOENT) => {}
        opened => return opened,
    }
    let mut held = open(dir, Path::new(""), LIST)?;
    for name in relative {
        held = create_folder(&held, name)?;
    }
    Ok(held)
}

fn create_folder(dir: &OwnedFd, name: &OsStr) -> Result<OwnedFd> {
    match rustix::fs::mkdirat(dir, name, Mode::from_raw_mode(0o777)) {
        Ok(()) | Err(Errno::EXIST) => open(dir, Path::new(name), LIST),
        Err(error) => Err(error),
    }
}
