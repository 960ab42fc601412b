//! How many files this process may have open, and how many those that it starts.

use std::io;
use std::sync::OnceLock;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// What it was before it was raised. A limit is of a whole process, and so is this.
static BEFORE: OnceLock<u64> = OnceLock::new();

/// Raises the soft limit to the hard one, for this process alone: commands are started with what it was. Returns what is
/// in force, as far as it is a number.
pub fn raise_open_files() -> io::Result<Option<u64>> {
    let limit = getrlimit(Resource::Nofile);
    let (Some(before), true) = (limit.current, limit.current != limit.maximum) else {
        return Ok(limit.current);
    };
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit })?;
    BEFORE.get_or_init(|| before);
    Ok(limit.maximum)
}

/// The soft limit of what is started, where it is another one than ours.
pub(super) fn of_commands() -> Option<u64> {
    BEFORE.get().copied()
}

/// Sets the soft limit of this process.
pub(super) fn lower(files: u64) -> io::Result<()> {
    let limit = getrlimit(Resource::Nofile);
    Ok(setrlimit(Resource::Nofile, Rlimit { current: Some(files), ..limit })?)
}
