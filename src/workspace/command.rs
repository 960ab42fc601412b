//! What to run and what came of it.

use std::fmt::Debug;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{Captured, WorkspaceError};

/// Something that runs commands: this machine, or a client's terminal.
pub trait Commands: Send + Sync + Debug {
    /// Runs a command to its end. `output` gets standard output and standard error in the order they came; a
    /// receiver that is slow or gone loses live output and never holds up the command. Cancelling ends the
    /// whole process tree and is not an error; so does dropping the future.
    fn run(
        &self,
        command: Command,
        output: mpsc::Sender<Live>,
        cancel: CancellationToken,
    ) -> BoxFuture<'_, Result<Finished, WorkspaceError>>;
}

/// What can be shown of a command while it runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Live {
    /// More output.
    Output(Bytes),
    /// It runs in this terminal of the client, which shows it by itself.
    Terminal(String),
}

/// A command line and where it runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// The program and its arguments; the program is looked up in `PATH`.
    pub argv: Vec<String>,
    /// An existing folder.
    pub cwd: PathBuf,
    /// Variables on top of the inherited few.
    pub env: Vec<(String, String)>,
    pub limits: Limits,
    /// A folder for the whole output where it is longer than what is kept; see [`SpillFile`](super::SpillFile).
    pub spill: Option<Arc<Path>>,
}

impl Command {
    pub fn new(argv: Vec<String>, cwd: impl Into<PathBuf>) -> Self {
        Self { argv, cwd: cwd.into(), env: Vec::new(), limits: Limits::default(), spill: None }
    }

    /// A script for `bash`, or `sh` where there is none; not a login shell, so no profile is read.
    pub fn shell(script: impl Into<String>, cwd: impl Into<PathBuf>) -> Self {
        let bash = Path::new("/bin/bash");
        let shell = if bash.exists() { "/bin/bash" } else { "/bin/sh" };
        Self::new(vec![shell.to_owned(), "-c".to_owned(), script.into()], cwd)
    }
}

/// How long a command may run and how much of its output is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Wall-clock time until the command is ended.
    pub wall: Duration,
    /// Bytes of output kept: half from its beginning, half from its end. The rest is counted.
    pub keep: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { wall: Duration::from_mins(2), keep: 256 * 1024 }
    }
}

/// A command that has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finished {
    pub exit: Exit,
    pub output: Captured,
    pub elapsed: Duration,
    /// The client terminal it ran in, if it did.
    pub terminal: Option<String>,
}

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    Code(i32),
    Signal(i32),
    TimedOut,
    Cancelled,
}
