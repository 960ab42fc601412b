use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::{FlockOperation, OFlags, flock};

use super::fault::busy;
use super::patience::Patience;
use crate::store::StoreError;

/// Why the file cannot be used.
#[derive(Debug)]
pub(super) enum Obstacle {
    /// Nothing can be written there at all (read-only, no such folder, no permission): the reason.
    Unwritable(String),
    /// Anything else.
    Error(StoreError),
}

impl From<StoreError> for Obstacle {
    fn from(error: StoreError) -> Self {
        Self::Error(error)
    }
}

/// A path beside the database: `sessions.db` + `-wal`.
pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// The path with its folder made (0700), resolved and checked: neither folder nor file may belong to
/// somebody else or be open to others, and the file must not be a link.
pub(super) fn secure(path: &Path) -> Result<PathBuf, Obstacle> {
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(StoreError::Unavailable(format!("{} is not a path of a file", path.display())).into());
    };
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
    let folder = made.and_then(|()| fs::canonicalize(folder)).map_err(|error| obstacle(folder, &error))?;
    let about = fs::metadata(&folder).map_err(|error| obstacle(&folder, &error))?;
    if about.mode() & 0o022 != 0 || !ours(about.uid()) {
        return Err(unsafe_place(&folder, "others can write to it: use a folder of your own (chmod 700)"));
    }
    let path = folder.join(name);
    for part in [path.clone(), beside(&path, "-wal"), beside(&path, "-shm"), beside(&path, ".lock")] {
        secure_file(&part)?;
    }
    Ok(path)
}

fn secure_file(path: &Path) -> Result<(), Obstacle> {
    let about = match fs::symlink_metadata(path) {
        Ok(about) => about,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(obstacle(path, &error)),
    };
    if !about.is_file() {
        return Err(unsafe_place(path, "it is not a regular file: move it away"));
    }
    if about.uid() != rustix::process::geteuid().as_raw() {
        return Err(unsafe_place(path, "it belongs to another user: move it away"));
    }
    if about.mode() & 0o077 != 0 {
        let private = fs::Permissions::from_mode(0o600);
        fs::set_permissions(path, private).map_err(|error| obstacle(path, &error))?;
    }
    Ok(())
}

fn ours(uid: u32) -> bool {
    uid == 0 || uid == rustix::process::geteuid().as_raw()
}

fn unsafe_place(path: &Path, why: &str) -> Obstacle {
    StoreError::Unavailable(format!("{} is not used: {why}", path.display())).into()
}

/// What an I/O error on a path means.
pub(super) fn obstacle(path: &Path, error: &io::Error) -> Obstacle {
    let text = format!("cannot write {}: {error}", path.display());
    match error.kind() {
        ErrorKind::ReadOnlyFilesystem
        | ErrorKind::PermissionDenied
        | ErrorKind::NotFound
        | ErrorKind::NotADirectory
        | ErrorKind::AlreadyExists => Obstacle::Unwritable(text),
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            StoreError::Full(format!("{text}: free some space and try again")).into()
        }
        _ => StoreError::Unavailable(text).into(),
    }
}

/// Held while the file is opened, brought to a newer schema or restored; given back when dropped. It is a
/// file of its own: opening and closing the database itself would give up `SQLite`'s locks on it.
pub(super) fn lock(path: &Path, wait: Duration) -> Result<File, Obstacle> {
    let beside = beside(path, ".lock");
    let file = create(&beside, false).map_err(|error| obstacle(&beside, &error))?;
    let mut patience = Patience::new(wait);
    loop {
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Ok(file),
            Err(rustix::io::Errno::WOULDBLOCK) if patience.wait() => {}
            Err(rustix::io::Errno::WOULDBLOCK) => return Err(busy(path).into()),
            // A file system without such locks: SQLite's own have to do.
            Err(_) => return Ok(file),
        }
    }
}

/// A file only we can read, whatever the umask; `new`: there must be none.
pub(super) fn create(path: &Path, new: bool) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).mode(0o600).custom_flags(OFlags::NOFOLLOW.bits().cast_signed());
    if new { options.create_new(true).open(path) } else { options.create(true).truncate(false).open(path) }
}

/// Makes renames in the folder of `path` durable.
pub(super) fn sync_folder(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

/// Which file a path names now.
pub(super) fn identity(path: &Path) -> Option<(u64, u64)> {
    fs::symlink_metadata(path).ok().map(|about| (about.dev(), about.ino()))
}

/// Puts the database and what belongs to it aside as `<name>.damaged-<n>`, and `fresh` in its place. The
/// old file keeps its place until the moment the new one takes it.
pub(super) fn replace(path: &Path, fresh: &Path) -> io::Result<PathBuf> {
    let mut n = 1;
    let aside = loop {
        let aside = beside(path, &format!(".damaged-{n}"));
        match fs::hard_link(path, &aside) {
            Ok(()) => break aside,
            Err(error) if error.kind() == ErrorKind::AlreadyExists => n += 1,
            Err(_) if fs::symlink_metadata(&aside).is_err() => {
                fs::copy(path, &aside)?;
                break aside;
            }
            Err(_) => n += 1,
        }
    };
    for suffix in ["-wal", "-shm"] {
        match fs::rename(beside(path, suffix), beside(&aside, suffix)) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    fs::rename(fresh, path)?;
    sync_folder(path)?;
    Ok(aside)
}

/// Whether the file lies on a file system shared between machines, where WAL's shared memory is a lie.
#[cfg(target_os = "linux")]
pub(super) fn is_remote(path: &Path) -> bool {
    const NFS: i64 = 0x6969;
    const NINE_P: i64 = 0x0102_1997;
    const CIFS: i64 = 0xFF53_4D42;
    const SMB2: i64 = 0xFE53_4D42;
    let Some(folder) = path.parent() else { return false };
    rustix::fs::statfs(folder).is_ok_and(|about| [NFS, NINE_P, CIFS, SMB2].contains(&about.f_type))
}

#[cfg(not(target_os = "linux"))]
pub(super) fn is_remote(_path: &Path) -> bool {
    false
}

/// The same as an error of the store.
pub(super) fn error(path: &Path, error: &io::Error) -> StoreError {
    match obstacle(path, error) {
        Obstacle::Unwritable(text) => StoreError::Unavailable(text),
        Obstacle::Error(error) => error,
    }
}
