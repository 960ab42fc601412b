//! The process between us and a command, so that nothing a command starts outlives its owner.
//!
//! Our own executable, started again with [`ARGUMENT`] first, becomes the supervisor of one command. Its
//! standard input is a socket to the owner: reports go out on it, and its end of file means "end it", whether
//! the owner asks or has died. On Linux the supervisor is a subreaper: whatever a descendant does (fork twice,
//! start a session, ignore signals), it ends up as our child when its parent goes, and is found.
//!
//! Plain threads and blocking calls only: it must start in a millisecond and cost nothing while it waits.

use std::ffi::OsString;
use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use bytes::{Buf, BytesMut};
use rustix::io::Errno;
use rustix::process::{Pid, Resource, Rlimit, WaitOptions, WaitStatus};

mod descendants;
mod descriptors;

use super::open_files;
use descendants::Tree;

/// The first argument of a supervisor; `--` and the command line follow.
pub const ARGUMENT: &str = "__supervise";
/// Follows it when the command is to read what the owner sends: the owner hands that descriptor over first.
pub(super) const READS: &str = "--reads";
/// Follows that, with the number of files that the command may have open: the owner may have more.
pub(super) const FILES: &str = "--files";

/// From the request to end until force is used.
const PATIENCE: Duration = Duration::from_secs(2);
/// The same for what a command leaves behind when it ends by itself.
const LEFTOVERS: Duration = Duration::from_millis(100);
/// How long force is used, and how often.
const FORCE: Duration = Duration::from_millis(500);
const ROUND: Duration = Duration::from_millis(5);

/// What a supervisor tells its owner: one letter and a number, five bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Report {
    /// The process id of the command, which is its group as well.
    Started(i32),
    /// The command could not be started; the operating system's error number.
    Failed(i32),
    Exited(i32),
    Signaled(i32),
}

impl Report {
    const LENGTH: usize = 5;

    pub(super) fn encode(self) -> [u8; Self::LENGTH] {
        let (tag, number) = match self {
            Self::Started(pid) => (b'p', pid),
            Self::Failed(errno) => (b'f', errno),
            Self::Exited(code) => (b'c', code),
            Self::Signaled(signal) => (b's', signal),
        };
        let [a, b, c, d] = number.to_be_bytes();
        [tag, a, b, c, d]
    }

    /// Takes one report from what was received, once it is complete.
    pub(super) fn take(received: &mut BytesMut) -> Option<Self> {
        if received.len() < Self::LENGTH {
            return None;
        }
        let (tag, number) = (received.get_u8(), received.get_i32());
        Some(match tag {
            b'p' => Self::Started(number),
            b'c' => Self::Exited(number),
            b's' => Self::Signaled(number),
            _ => Self::Failed(number),
        })
    }

    fn of(status: WaitStatus) -> Self {
        match (status.exit_status(), status.terminating_signal()) {
            (_, Some(signal)) => Self::Signaled(signal),
            (code, None) => Self::Exited(code.unwrap_or_default()),
        }
    }

    fn send(self) {
        // An owner that is gone hears nothing; its end of file has been seen by then.
        rustix::io::write(rustix::stdio::stdin(), &self.encode()).ok();
    }
}

/// Runs a command line ([`READS`], [`FILES`] and `--` may stand before it) under supervision. Exits with the code of the
/// command, with 128 and the signal that ended it, or with 126 or 127 when it could not be started.
pub fn main(command_line: impl IntoIterator<Item = OsString>) -> ExitCode {
    let Orders { reads, files, argv } = Orders::take(command_line);
    // A new session has no terminal: nothing can ask there, and its interrupts do not come here.
    rustix::process::setsid().ok();
    #[cfg(target_os = "linux")]
    rustix::process::set_child_subreaper(Some(rustix::process::getpid())).ok();
    rustix::process::setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) }).ok();
    files.and_then(|files| open_files::lower(files).ok());
    let stdin = || if reads { descriptors::handed_over().map(Stdio::from) } else { Ok(Stdio::null()) };
    let started = stdin().and_then(|stdin| start(&descriptors::without_leaks(argv)?, stdin));
    match started {
        Ok(leader) => supervise(leader),
        Err(error) => {
            Report::Failed(error.raw_os_error().unwrap_or(Errno::INVAL.raw_os_error())).send();
            ExitCode::from(if error.kind() == io::ErrorKind::NotFound { 127 } else { 126 })
        }
    }
}

/// What stands in a supervisor's own command line.
struct Orders {
    reads: bool,
    files: Option<u64>,
    argv: Vec<OsString>,
}

impl Orders {
    fn take(command_line: impl IntoIterator<Item = OsString>) -> Self {
        let mut words = command_line.into_iter().peekable();
        let reads = words.next_if(|word| word == READS).is_some();
        let files = words.next_if(|word| word == FILES).and_then(|_| words.next()?.to_str()?.parse().ok());
        words.next_if(|word| word == "--");
        Self { reads, files, argv: words.collect() }
    }
}

fn start(argv: &[OsString], stdin: Stdio) -> io::Result<Pid> {
    let (program, rest) = argv.split_first().ok_or(io::ErrorKind::InvalidInput)?;
    let child = Command::new(program).args(rest).stdin(stdin).process_group(0).spawn()?;
    Ok(Pid::from_child(&child))
}

/// What the two waiting threads report.
enum Happened {
    /// The owner wants the end, or is gone.
    Released,
    /// The command itself ended; whether that was the last of its processes.
    Left { report: Report, last: bool },
    /// No child is left, so no descendant either.
    Empty,
}

fn supervise(leader: Pid) -> ExitCode {
    Report::Started(leader.as_raw_pid()).send();
    let (happened, events) = sync_channel(4);
    let released = happened.clone();
    std::thread::spawn(move || watch_owner(&released));
    std::thread::spawn(move || reap(leader, &happened));

    let tree = Tree::new(leader);
    let mut force_at: Option<Instant> = None;
    let mut rounds = FORCE.as_millis() / ROUND.as_millis();
    while rounds > 0 {
        let event = match force_at {
            None => events.recv().map_err(|_| RecvTimeoutError::Disconnected),
            Some(at) => events.recv_timeout(at.saturating_duration_since(Instant::now())),
        };
        match event {
            Ok(Happened::Released) => {
                tree.end(true);
                force_at = Some(Instant::now() + PATIENCE);
            }
            Ok(Happened::Left { report, last }) => {
                report.send();
                if !(last && tree.is_gone()) {
                    sweep(&tree, &events, force_at);
                }
                return exit_code(report);
            }
            Ok(Happened::Empty) => {}
            Err(RecvTimeoutError::Timeout) => {
                tree.kill(true);
                force_at = Some(Instant::now() + ROUND);
                rounds -= 1;
            }
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    ExitCode::FAILURE
}

/// Ends what the command left behind; `force_at` is when the patience of an earlier request ends.
fn sweep(tree: &Tree, events: &Receiver<Happened>, force_at: Option<Instant>) {
    let force_at = force_at.unwrap_or_else(|| {
        tree.end(false);
        Instant::now() + LEFTOVERS
    });
    let mut wait = force_at.saturating_duration_since(Instant::now());
    while !emptied(events, wait) || !tree.is_gone() {
        if Instant::now() > force_at + FORCE {
            return;
        }
        tree.kill(false);
        wait = ROUND;
    }
}

/// Waits for the last child to go; true once none is left.
fn emptied(events: &Receiver<Happened>, wait: Duration) -> bool {
    let until = Instant::now() + wait;
    loop {
        match events.recv_timeout(until.saturating_duration_since(Instant::now())) {
            Ok(Happened::Empty) | Err(RecvTimeoutError::Disconnected) => return true,
            Err(RecvTimeoutError::Timeout) => return false,
            Ok(_) => {}
        }
    }
}

fn watch_owner(happened: &SyncSender<Happened>) {
    let mut byte = [0];
    while let Ok(1..) | Err(Errno::INTR) = rustix::io::read(rustix::stdio::stdin(), &mut byte) {}
    // Refused only after the supervisor has finished.
    happened.send(Happened::Released).ok();
}

/// Reaps every child, the inherited ones too, until none is left.
fn reap(leader: Pid, happened: &SyncSender<Happened>) {
    loop {
        match rustix::process::wait(WaitOptions::empty()) {
            Ok(Some((pid, status))) if pid == leader => {
                let last = rustix::process::wait(WaitOptions::NOHANG).is_err();
                happened.send(Happened::Left { report: Report::of(status), last }).ok();
            }
            Ok(_) | Err(Errno::INTR) => {}
            Err(_) => break,
        }
    }
    happened.send(Happened::Empty).ok();
}

fn exit_code(report: Report) -> ExitCode {
    let code = match report {
        Report::Exited(code) => code,
        Report::Signaled(signal) => 128 + signal,
        Report::Started(_) | Report::Failed(_) => 1,
    };
    ExitCode::from(u8::try_from(code).unwrap_or(u8::MAX))
}
