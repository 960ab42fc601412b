//! The hold on a supervisor.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::process::Stdio;
use std::time::Duration;

use bytes::BytesMut;
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags};
use rustix::process::{Pid, Signal};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::process::{Child, Command};
use tokio::time::timeout;

use super::supervisor::Report;
use super::{Exit, WorkspaceError};

/// How long a process tree that was asked to end is waited for: the supervisor's own patience and a little more.
pub(super) const PATIENCE: Duration = Duration::from_millis(2700);
/// How long the supervisor's last steps are waited for.
const LAST: Duration = Duration::from_millis(100);

/// What ties a process tree to us: letting go of it ends the tree.
#[derive(Debug)]
pub struct Leash {
    supervisor: Child,
    /// Our end of the supervisor's standard input: reports come in, closing it asks for the end.
    lifeline: UnixStream,
    reports: BytesMut,
    leader: Option<Pid>,
    program: String,
}

impl Leash {
    /// Starts a supervisor whose output is set already. `stdin` is what its command is to read: nothing without it.
    pub(super) fn start(
        launch: &mut Command,
        program: &str,
        stdin: Option<OwnedFd>,
    ) -> Result<Self, WorkspaceError> {
        let failed = |source| WorkspaceError::Spawn { program: program.to_owned(), source };
        let (ours, theirs) = std::os::unix::net::UnixStream::pair().map_err(failed)?;
        if let Some(stdin) = stdin {
            hand_over(&ours, &stdin).map_err(failed)?;
        }
        ours.set_nonblocking(true).map_err(failed)?;
        let lifeline = UnixStream::from_std(ours).map_err(failed)?;
        launch.stdin(Stdio::from(OwnedFd::from(theirs)));
        let supervisor = launch.spawn().map_err(|source| WorkspaceError::Spawn {
            program: format!("{} (which supervises {program})", launch.as_std().get_program().display()),
            source,
        })?;
        Ok(Self { supervisor, lifeline, reports: BytesMut::new(), leader: None, program: program.to_owned() })
    }

    /// What the supervisor says next; `None` when it has gone. `Err` when the command could not be started.
    /// Loses nothing when it is dropped.
    pub(super) async fn report(&mut self) -> Result<Option<Report>, WorkspaceError> {
        loop {
            match Report::take(&mut self.reports) {
                Some(Report::Started(pid)) => {
                    self.leader = Pid::from_raw(pid);
                    return Ok(Some(Report::Started(pid)));
                }
                Some(Report::Failed(errno)) => {
                    let source = io::Error::from_raw_os_error(errno);
                    return Err(WorkspaceError::Spawn { program: self.program.clone(), source });
                }
                Some(report) => return Ok(Some(report)),
                None => {}
            }
            if !self.lifeline.read_buf(&mut self.reports).await.is_ok_and(|length| length > 0) {
                return Ok(None);
            }
        }
    }

    /// Waits for the command itself to end. Loses nothing when it is dropped.
    pub async fn exited(&mut self) -> Exit {
        loop {
            match self.report().await {
                Ok(Some(Report::Exited(code))) => return Exit::Code(code),
                Ok(Some(Report::Signaled(signal))) => return Exit::Signal(signal),
                Ok(Some(_)) => {}
                Ok(None) | Err(_) => {
                    self.kill_group();
                    return Exit::Signal(Signal::KILL.as_raw());
                }
            }
        }
    }

    /// Asks for the end of the tree.
    pub(super) async fn ask_end(&mut self) {
        // Fails only when the supervisor has gone, which is the end that was asked for.
        self.lifeline.shutdown().await.ok();
    }

    /// Ends the tree: with a request first, with force two seconds later. Returns when it has gone.
    pub async fn end(mut self) {
        self.ask_end().await;
        if timeout(PATIENCE, self.supervisor.wait()).await.is_err() {
            self.kill_group();
        }
    }

    /// The supervisor died before the command did, so nobody else will end it.
    pub(super) fn kill_group(&self) {
        if let Some(leader) = self.leader {
            rustix::process::kill_process_group(leader, Signal::KILL).ok();
        }
    }

    pub(super) async fn reap(mut self) {
        drop(self.lifeline);
        // Past that the runtime reaps it whenever it does end.
        timeout(LAST, self.supervisor.wait()).await.ok();
    }
}

/// Sends a descriptor ahead of everything else.
fn hand_over(to: &std::os::unix::net::UnixStream, descriptor: &OwnedFd) -> io::Result<()> {
    let mut space = [std::mem::MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut buffer = SendAncillaryBuffer::new(&mut space);
    let descriptors = [descriptor.as_fd()];
    buffer.push(SendAncillaryMessage::ScmRights(&descriptors));
    rustix::net::sendmsg(to, &[io::IoSlice::new(b"i")], &mut buffer, SendFlags::empty())?;
    Ok(())
}
