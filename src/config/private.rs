use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;

use super::ConfigError;

/// Largest file taken, in bytes.
const LARGEST: u64 = 1024 * 1024;

/// A file that only its owner can read: keys, sign-ins, approvals. It is read whenever it is asked, so that a change
/// counts at once.
#[derive(Debug, Clone)]
pub struct PrivateFile {
    path: PathBuf,
}

impl PrivateFile {
    pub fn at(path: PathBuf) -> Self {
        Self { path }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What it holds; `None`: there is no such file. One that others can read is not used.
    pub fn read(&self) -> Result<Option<String>, ConfigError> {
        let unreadable = |reason: String| ConfigError::Unreadable { path: self.path.clone(), reason };
        // A pipe would keep whoever opens it waiting for somebody who writes.
        let flags = OFlags::NONBLOCK.bits() as i32;
        let file = match OpenOptions::new().read(true).custom_flags(flags).open(&self.path) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            opened => opened.map_err(|e| unreadable(e.to_string()))?,
        };
        let found = file.metadata().map_err(|e| unreadable(e.to_string()))?;
        if !found.is_file() {
            return Err(unreadable("it is no ordinary file: put one in its place".to_owned()));
        }
        let mode = found.permissions().mode();
        if mode & 0o077 != 0 {
            let path = self.path.display();
            return Err(unreadable(format!("it is not used, because others can read it: chmod 600 {path}")));
        }
        let mut text = String::new();
        file.take(LARGEST).read_to_string(&mut text).map_err(|e| unreadable(e.to_string()))?;
        Ok(Some(text))
    }

    /// Replaces it with what `change` makes of it; whoever reads meanwhile sees the one or the other, whole. One change at
    /// a time, in this process and others: it waits for the one before. Not for async threads.
    pub fn change<E: From<ConfigError>>(
        &self,
        change: impl FnOnce(Option<String>) -> Result<Vec<u8>, E>,
    ) -> Result<(), E> {
        let unwritable =
            |e: io::Error| ConfigError::Unwritable { path: self.path.clone(), reason: e.to_string() };
        let made = DirBuilder::new().recursive(true).mode(0o700).create(folder(&self.path));
        let _alone = made.and_then(|()| lock(folder(&self.path))).map_err(unwritable)?;
        let content = change(self.read()?)?;
        Ok(replace(&self.path, &content).map_err(unwritable)?)
    }

    /// Takes it away, if it holds exactly that. Not for async threads, as [`Self::change`].
    pub fn remove(&self, content: &str) -> Result<(), ConfigError> {
        let failed =
            |e: io::Error| ConfigError::Unwritable { path: self.path.clone(), reason: e.to_string() };
        let _alone = match lock(folder(&self.path)) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
            locked => locked.map_err(failed)?,
        };
        if self.read()?.is_none_or(|kept| kept != content) {
            return Ok(());
        }
        std::fs::remove_file(&self.path).map_err(failed)
    }
}

/// Waits until nobody else changes a file of that folder, and keeps it so.
fn lock(folder: &Path) -> io::Result<File> {
    let folder = File::open(folder)?;
    if let Err(error) = folder.lock() {
        // Some file systems know no locks: there, of two changes at once one may be lost.
        tracing::debug!(%error, "changed without a lock");
    }
    Ok(folder)
}

fn folder(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new("/"))
}

fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let name = path.file_name().unwrap_or_default().display();
    let draft = folder(path).join(format!(".{name}.{}", std::process::id()));
    let mut file = match OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft) {
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {
            // Left behind by a process of the same number that ended in the middle of this.
            std::fs::remove_file(&draft)?;
            OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?
        }
        opened => opened?,
    };
    let written = file.write_all(content).and_then(|()| file.sync_all());
    written.and_then(|()| std::fs::rename(&draft, path)).inspect_err(|_| {
        let _gone = std::fs::remove_file(&draft);
    })
}
