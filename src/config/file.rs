//! Reading files that anybody may have written: with a limit, never through a pipe, and within a fence.

use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;

/// Largest file taken, in bytes.
pub(super) const LARGEST: u64 = 1024 * 1024;

/// The text of a file; `None`: there is none. With a fence, a file that really lies outside of that folder is an error.
pub(super) fn text(path: &Path, fence: Option<&Path>) -> Result<Option<String>, String> {
    let file = match open(path) {
        Err(e) if matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        Err(e) => return Err(e.to_string()),
        Ok(file) => file,
    };
    if let Some(fence) = fence
        && !real(path).is_some_and(|path| path.starts_with(fence))
    {
        return Err("it leads out of the project, and is not read".to_owned());
    }
    let found = file.metadata().map_err(|e| e.to_string())?;
    if !found.is_file() {
        return Err("it is no ordinary file".to_owned());
    }
    let mut bytes = Vec::new();
    file.take(LARGEST + 1).read_to_end(&mut bytes).map_err(|e| e.to_string())?;
    if bytes.len() as u64 > LARGEST {
        return Err(format!("it is larger than {LARGEST} bytes, and is not read"));
    }
    String::from_utf8(bytes).map(Some).map_err(|_| "it is not UTF-8, and is not read".to_owned())
}

/// Opens without waiting for whoever may write into a pipe.
fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).custom_flags(OFlags::NONBLOCK.bits() as i32).open(path)
}

/// Where a path really leads.
pub(super) fn real(path: &Path) -> Option<PathBuf> {
    path.canonicalize().ok()
}
