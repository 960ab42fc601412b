//! Commands on this machine, each under a supervisor of its own (see [`supervisor`]).

use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use futures_util::future::BoxFuture;
use rustix::process::Signal;
use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use super::environment;
use super::leash::{Leash, PATIENCE};
use super::open_files;
use super::supervisor::{self, Report};
use super::{Capture, Command, Commands, Exit, Finished, Live, WorkspaceError};

/// How long output is read after the command itself has ended.
const GRACE: Duration = Duration::from_millis(250);
/// The longest a command can be given: a bound for the arithmetic, not for the command.
const FOREVER: Duration = Duration::from_hours(24 * 365);
/// How long a receiver with a full queue is waited for.
const LAST: Duration = Duration::from_millis(100);

const CHUNK: usize = 64 * 1024;
/// The most live output held for a receiver that does not keep up.
const BACKLOG: usize = 256 * 1024;

/// Runs commands as processes of this machine.
///
/// A command reads nothing (standard input is empty), writes to one pipe, leads its own process group, and
/// inherits no descriptor and only a few harmless variables. It and all its descendants end when the run does,
/// is cancelled or dropped, and when this process dies in whatever way.
#[derive(Debug, Clone)]
pub struct LocalCommands {
    supervisor: PathBuf,
    environment: Vec<(OsString, OsString)>,
}

impl LocalCommands {
    /// `supervisor` is an executable whose `main` hands over to [`supervisor::main`], usually our own.
    pub fn new(supervisor: PathBuf) -> Self {
        Self { supervisor, environment: environment::inherited(std::env::vars_os()) }
    }

    /// The supervisor of a command, with no stream set but those that are the same for all.
    pub(super) fn supervised(
        &self,
        command: &Command,
        reads: bool,
    ) -> Result<tokio::process::Command, WorkspaceError> {
        if command.argv.is_empty() {
            let source = io::Error::new(io::ErrorKind::InvalidInput, "the command line is empty");
            return Err(WorkspaceError::Spawn { program: String::new(), source });
        }
        if !command.cwd.is_dir() {
            return Err(WorkspaceError::NotFound { path: command.cwd.clone() });
        }
        let mut launch = tokio::process::Command::new(&self.supervisor);
        launch.arg(supervisor::ARGUMENT).args(reads.then_some(supervisor::READS));
        if let Some(files) = open_files::of_commands() {
            launch.arg(supervisor::FILES).arg(files.to_string());
        }
        launch.arg("--").args(&command.argv).current_dir(&command.cwd);
        launch.env_clear().envs(self.environment.iter().cloned()).envs(command.env.iter().cloned());
        Ok(launch)
    }

    fn launch(&self, command: &Command) -> Result<Run, WorkspaceError> {
        let program = command.argv.first().map_or("", String::as_str);
        let failed = |source| WorkspaceError::Spawn { program: program.to_owned(), source };
        let mut launch = self.supervised(command, false)?;
        let (output, errors_and_output) = io::pipe().map_err(failed)?;
        let output = pipe::Receiver::from_owned_fd(output.into()).map_err(failed)?;
        launch.stdout(errors_and_output.try_clone().map_err(failed)?).stderr(errors_and_output);
        Ok(Run { leash: Leash::start(&mut launch, program, None)?, output })
    }
}

impl Commands for LocalCommands {
    fn run(
        &self,
        command: Command,
        output: mpsc::Sender<Live>,
        cancel: CancellationToken,
    ) -> BoxFuture<'_, Result<Finished, WorkspaceError>> {
        Box::pin(async move {
            let started = Instant::now();
            let mut capture = Capture::new(command.limits.keep).spilling(command.spill.as_deref());
            let mut live = View { output, backlog: BytesMut::new(), lost: 0 };
            let deadline = started + command.limits.wall.min(FOREVER);
            let exit = if cancel.is_cancelled() {
                Exit::Cancelled
            } else {
                self.launch(&command)?.watch(deadline, cancel, &mut capture, &mut live).await?
            };
            live.finish().await;
            Ok(Finished { exit, output: capture.finish(), elapsed: started.elapsed(), terminal: None })
        })
    }
}

/// One command under way.
struct Run {
    leash: Leash,
    output: pipe::Receiver,
}

/// What has happened so far.
struct Progress {
    /// Why we asked for the end, if we did.
    asked: Option<Exit>,
    /// How the command itself ended.
    left: Option<Exit>,
    supervised: bool,
    reading: bool,
    /// When to stop waiting.
    until: Option<Instant>,
}

impl Progress {
    fn running(&self) -> bool {
        self.asked.is_none() && self.left.is_none() && self.supervised
    }

    fn limit(&mut self, wait: Duration) {
        let until = Instant::now() + wait;
        self.until = Some(self.until.map_or(until, |known| known.min(until)));
    }
}

impl Run {
    async fn watch(
        mut self,
        deadline: Instant,
        cancel: CancellationToken,
        capture: &mut Capture,
        live: &mut View,
    ) -> Result<Exit, WorkspaceError> {
        let mut now = Progress { asked: None, left: None, supervised: true, reading: true, until: None };
        let mut chunk = BytesMut::with_capacity(CHUNK);
        while now.supervised || now.reading {
            let until = now.until.unwrap_or(deadline + PATIENCE);
            tokio::select! {
                biased;
                () = cancel.cancelled(), if now.running() => self.ask(Exit::Cancelled, &mut now).await,
                () = sleep_until(deadline), if now.running() => self.ask(Exit::TimedOut, &mut now).await,
                () = sleep_until(until), if !now.running() => break,
                report = self.leash.report(), if now.supervised => self.heard(report?, &mut now),
                read = self.output.read_buf(&mut chunk), if now.reading => {
                    now.reading = read.is_ok_and(|length| length > 0);
                    if now.reading {
                        capture.push(&chunk);
                        live.offer(&chunk);
                        chunk.clear();
                    }
                }
            }
        }
        self.drain(&mut chunk, capture, live);
        self.leash.reap().await;
        Ok(now.asked.or(now.left).unwrap_or(Exit::Signal(Signal::KILL.as_raw())))
    }

    async fn ask(&mut self, why: Exit, now: &mut Progress) {
        now.asked = Some(why);
        now.limit(PATIENCE);
        self.leash.ask_end().await;
    }

    fn heard(&mut self, report: Option<Report>, now: &mut Progress) {
        match report {
            Some(Report::Exited(code)) => now.left = Some(Exit::Code(code)),
            Some(Report::Signaled(signal)) => now.left = Some(Exit::Signal(signal)),
            Some(Report::Started(_) | Report::Failed(_)) => {}
            None => {
                now.supervised = false;
                now.limit(GRACE);
                if now.left.is_none() {
                    self.leash.kill_group();
                }
            }
        }
        // A tree that was asked to end may take its time to do so in order.
        if now.left.is_some() && now.asked.is_none() {
            now.limit(GRACE);
        }
    }

    /// Takes what is in the pipe already, as far as one pipe can hold.
    fn drain(&self, chunk: &mut BytesMut, capture: &mut Capture, live: &mut View) {
        for _ in 0..16 {
            chunk.clear();
            match self.output.try_read_buf(chunk) {
                Ok(1..) => {
                    capture.push(chunk);
                    live.offer(chunk);
                }
                _ => break,
            }
        }
    }
}

/// The live view of an output, for a receiver that may be slow.
struct View {
    output: mpsc::Sender<Live>,
    backlog: BytesMut,
    lost: u64,
}

impl View {
    fn offer(&mut self, chunk: &[u8]) {
        self.backlog.extend_from_slice(chunk);
        match self.output.try_reserve() {
            Ok(permit) => permit.send(Live::Output(take(&mut self.backlog, &mut self.lost))),
            Err(mpsc::error::TrySendError::Closed(())) => self.backlog.clear(),
            Err(mpsc::error::TrySendError::Full(())) => {
                let excess = self.backlog.len().saturating_sub(BACKLOG);
                self.backlog.advance(excess);
                self.lost += excess as u64;
            }
        }
    }

    async fn finish(mut self) {
        if self.backlog.is_empty() {
            return;
        }
        if let Ok(Ok(permit)) = timeout(LAST, self.output.reserve()).await {
            permit.send(Live::Output(take(&mut self.backlog, &mut self.lost)));
        }
    }
}

fn take(backlog: &mut BytesMut, lost: &mut u64) -> Bytes {
    let bytes = backlog.split().freeze();
    match std::mem::take(lost) {
        0 => bytes,
        lost => [format!("\n… {lost} bytes not shown …\n").as_bytes(), &bytes].concat().into(),
    }
}
