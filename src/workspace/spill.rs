//! Whole outputs in files, for those that are too long to be passed on.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Bytes of an output that its file takes.
pub const MAX_SPILL: u64 = 10 * 1024 * 1024;
/// Files in one folder; past that, the oldest goes.
const MAX_FILES: u64 = 100;

/// A file for one output: only its owner reads it, and so does nobody else in its folder. What is written past
/// [`MAX_SPILL`], or when the disk is full, is dropped and counted.
#[derive(Debug)]
pub struct SpillFile {
    path: PathBuf,
    file: File,
    written: u64,
    dropped: u64,
}

/// A file that holds an output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spilled {
    pub path: PathBuf,
    pub bytes: u64,
    /// How many bytes of the output are not in it: its end.
    pub dropped: u64,
}

impl SpillFile {
    /// Creates a folder for such files, with those above it.
    pub fn folder(folder: &Path) -> io::Result<()> {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)
    }

    /// A new file `<number>.txt` in that folder, which is created where it is missing.
    pub fn create(folder: &Path) -> io::Result<Self> {
        Self::folder(folder)?;
        let mut number = last(folder)? + 1;
        loop {
            let path = folder.join(name(number));
            match OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path) {
                Ok(file) => {
                    if let Some(oldest) = number.checked_sub(MAX_FILES) {
                        // Not there if somebody removed it.
                        std::fs::remove_file(folder.join(name(oldest))).ok();
                    }
                    return Ok(Self { path, file, written: 0, dropped: 0 });
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => number += 1,
                Err(error) => return Err(error),
            }
        }
    }

    pub fn write(&mut self, bytes: &[u8]) {
        let room = MAX_SPILL.saturating_sub(self.written).min(bytes.len() as u64);
        let room = if self.dropped > 0 { 0 } else { room as usize };
        let taken = bytes.get(..room).unwrap_or_default();
        let taken = if self.file.write_all(taken).is_ok() { taken.len() as u64 } else { 0 };
        self.written += taken;
        self.dropped += bytes.len() as u64 - taken;
    }

    pub fn finish(self) -> Spilled {
        Spilled { path: self.path, bytes: self.written, dropped: self.dropped }
    }
}

fn name(number: u64) -> String {
    format!("{number}.txt")
}

/// The highest number in a folder; 0 if there is none.
fn last(folder: &Path) -> io::Result<u64> {
    let numbers = std::fs::read_dir(folder)?.flatten().filter_map(|entry| {
        let name = entry.file_name();
        name.to_str()?.strip_suffix(".txt")?.parse::<u64>().ok().filter(|number| *number < u64::MAX / 2)
    });
    Ok(numbers.max().unwrap_or(0))
}
