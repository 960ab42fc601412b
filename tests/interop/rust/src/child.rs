//! The binary as a child over real pipes, as the lines that the client speaks. Every line in either direction
//! goes to a transcript, with `>` before the client's and `<` before the agent's.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::{Sink, SinkExt, Stream, StreamExt, future};
use tokio::process::{Child, Command};
use tokio_util::codec::{FramedRead, FramedWrite, LinesCodec, LinesCodecError};

/// Where lines are noted. Clones share the file.
#[derive(Clone)]
pub struct Transcript(Arc<Mutex<File>>);

impl Transcript {
    pub fn create(path: &Path) -> io::Result<Self> {
        Ok(Self(Arc::new(Mutex::new(File::create(path)?))))
    }

    fn note(&self, mark: char, line: &str) -> io::Result<()> {
        writeln!(self.0.lock().unwrap_or_else(PoisonError::into_inner), "{mark} {line}")
    }
}

/// What an agent is started with: it keeps everything below `home`.
pub struct Place {
    pub binary: PathBuf,
    pub script: PathBuf,
    pub home: PathBuf,
    pub project: PathBuf,
}

impl Place {
    /// Starts the agent on pipes; killed if it is dropped while it runs.
    pub fn start(&self) -> io::Result<Child> {
        self.command().stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()
    }

    /// `adjutant acp`, with nothing of our own environment but where programs are.
    pub fn command(&self) -> Command {
        let mut command = Command::new(&self.binary);
        command
            .arg("acp")
            .current_dir(&self.project)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", &self.home)
            .env("ADJUTANT_MODEL", "scripted")
            .env("ADJUTANT_SCRIPT", &self.script)
            .kill_on_drop(true);
        command
    }
}

/// Lines to the agent and lines from it.
pub fn lines(
    child: &mut Child,
    transcript: &Transcript,
) -> io::Result<(
    impl Sink<String, Error = io::Error> + Send + use<>,
    impl Stream<Item = io::Result<String>> + Send + use<>,
)> {
    let gone = || io::Error::other("the child has no such pipe");
    let (stdin, stdout) = (child.stdin.take().ok_or_else(gone)?, child.stdout.take().ok_or_else(gone)?);
    let (ours, theirs) = (transcript.clone(), transcript.clone());
    let sink = SinkExt::<String>::sink_map_err(FramedWrite::new(stdin, LinesCodec::new()), broken)
        .with(move |line: String| future::ready(ours.note('>', &line).map(|()| line)));
    let stream = FramedRead::new(stdout, LinesCodec::new()).map(move |line| {
        let line = line.map_err(broken)?;
        theirs.note('<', &line).map(|()| line)
    });
    Ok((sink, stream))
}

fn broken(error: LinesCodecError) -> io::Error {
    match error {
        LinesCodecError::Io(error) => error,
        LinesCodecError::MaxLineLengthExceeded => io::Error::other("a line is too long"),
    }
}
