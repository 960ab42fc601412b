//! A server as a child process: one JSON message a line on its standard streams.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use rmcp::RoleClient;
use rmcp::model::{ErrorData, JsonRpcMessage, RequestId};
use rmcp::service::{RxJsonRpcMessage, TxJsonRpcMessage};
use rmcp::transport::Transport;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::unix::pipe;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use super::McpError;
use super::ending::Ending;
use crate::config::Secret;
use crate::workspace::{Command, Exit, Leash, LocalCommands, Piped, WorkspaceError};

/// Longest line taken, in bytes.
const LINE: usize = 16 * 1024 * 1024;
/// How long a server may take to read one message.
const WRITE: Duration = Duration::from_secs(10);
/// How long output is read after the server itself has ended.
const GRACE: Duration = Duration::from_millis(250);
/// How long a server may take to end by itself once it is told nothing more.
const FAREWELL: Duration = Duration::from_millis(200);
/// Requests of a server's that may be unanswered at once.
const ASKED: usize = 64;
const QUEUE: usize = 64;
const CHUNK: usize = 64 * 1024;

/// What a server is started with.
#[derive(Debug)]
pub(super) struct Program<'a> {
    pub(super) command: &'a Secret,
    pub(super) args: &'a [Secret],
    pub(super) env: &'a [(String, Secret)],
    pub(super) cwd: &'a Path,
}

/// The connection to a child process.
pub(super) struct Stdio {
    stdout: pipe::Receiver,
    buffer: BytesMut,
    /// Bytes of the buffer known to hold no line end.
    scanned: usize,
    leash: Option<Leash>,
    /// When reading stops, once the server itself has ended.
    last: Option<(Exit, Instant)>,
    outgoing: mpsc::Sender<Outgoing>,
    asked: Arc<AtomicUsize>,
    ending: Ending,
    closing: CancellationToken,
}

struct Outgoing {
    line: Vec<u8>,
    done: oneshot::Sender<io::Result<()>>,
}

impl Stdio {
    /// Starts the server.
    pub(super) async fn open(
        processes: &LocalCommands,
        program: Program<'_>,
        ending: Ending,
    ) -> Result<Self, McpError> {
        let argv = std::iter::once(program.command).chain(program.args).map(|word| word.expose().to_owned());
        let mut command = Command::new(argv.collect(), program.cwd);
        command.env =
            program.env.iter().map(|(name, value)| (name.clone(), value.expose().to_owned())).collect();
        let opened = processes.open(&command).await;
        let Piped { stdin, stdout, stderr, leash } =
            opened.map_err(|error| McpError::Unavailable(not_started(program.command, error)))?;
        let (outgoing, queue) = mpsc::channel(QUEUE);
        let closing = CancellationToken::new();
        tokio::spawn(write(stdin, queue, ending.clone(), closing.clone()));
        tokio::spawn(drain(stderr, ending.clone()));
        Ok(Self {
            stdout,
            buffer: BytesMut::new(),
            scanned: 0,
            leash: Some(leash),
            last: None,
            outgoing,
            asked: Arc::default(),
            ending,
            closing,
        })
    }

    /// The next line. Loses nothing when it is dropped. `Err` says why there will be none.
    async fn line(&mut self) -> Result<Bytes, String> {
        loop {
            let rest = self.buffer.get(self.scanned..).unwrap_or_default();
            if let Some(end) = memchr::memchr(b'\n', rest).map(|at| at + self.scanned) {
                let line = self.buffer.split_to(end + 1).freeze();
                self.scanned = 0;
                return Ok(line);
            }
            self.scanned = self.buffer.len();
            if self.scanned > LINE {
                return Err(format!("it wrote a line of more than {} MiB", LINE / 1024 / 1024));
            }
            let (ended, until) = (self.last.is_some(), self.last.map_or_else(Instant::now, |(_, at)| at));
            let leash = &mut self.leash;
            let exited = async {
                match leash {
                    Some(leash) => leash.exited().await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                () = self.ending.over().cancelled() => return Err("the connection was given up".into()),
                read = self.stdout.read_buf(&mut self.buffer) => {
                    if !read.is_ok_and(|length| length > 0) {
                        return Err(self.farewell().await);
                    }
                }
                exit = exited, if !ended => self.last = Some((exit, Instant::now() + GRACE)),
                () = sleep_until(until), if ended => return Err(self.farewell().await),
            }
        }
    }

    /// How the server ended, as far as it is known by now.
    async fn farewell(&mut self) -> String {
        if self.last.is_none()
            && let Some(leash) = &mut self.leash
            && let Ok(exit) = timeout(GRACE, leash.exited()).await
        {
            self.last = Some((exit, Instant::now()));
        }
        match self.last {
            Some((Exit::Code(code), _)) => format!("it ended with exit code {code}"),
            Some((Exit::Signal(signal), _)) => format!("it was ended by signal {signal}"),
            Some((Exit::TimedOut | Exit::Cancelled, _)) | None => "it closed its output".to_owned(),
        }
    }
}

/// Why a server was not started, which names it as its file does.
fn not_started(command: &Secret, error: WorkspaceError) -> String {
    let error = match error {
        WorkspaceError::Spawn { source, .. } => {
            WorkspaceError::Spawn { program: command.as_written().to_owned(), source }
        }
        error => error,
    };
    error.to_string()
}

impl Transport<RoleClient> for Stdio {
    type Error = io::Error;

    fn send(
        &mut self,
        item: TxJsonRpcMessage<RoleClient>,
    ) -> impl Future<Output = io::Result<()>> + Send + 'static {
        if matches!(item, JsonRpcMessage::Response(_) | JsonRpcMessage::Error(_)) {
            let counted =
                self.asked.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |asked| asked.checked_sub(1));
            tracing::trace!(unanswered = counted.unwrap_or(0), "an answer to a server");
        }
        let outgoing = self.outgoing.clone();
        async move {
            let mut line = serde_json::to_vec(&item)?;
            line.push(b'\n');
            let (done, sent) = oneshot::channel();
            let gone = || io::Error::from(io::ErrorKind::BrokenPipe);
            outgoing.send(Outgoing { line, done }).await.map_err(|_| gone())?;
            sent.await.map_err(|_| gone())?
        }
    }

    async fn receive(&mut self) -> Option<RxJsonRpcMessage<RoleClient>> {
        loop {
            let line = match self.line().await {
                Ok(line) => line,
                Err(reason) => {
                    self.ending.fail(reason);
                    return None;
                }
            };
            let Some(message) = message(&line) else { continue };
            if matches!(message, JsonRpcMessage::Request(_))
                && self.asked.fetch_add(1, Ordering::Relaxed) >= ASKED
            {
                self.ending.fail(format!("it asked more than {ASKED} things at once"));
                return None;
            }
            return Some(message);
        }
    }

    async fn close(&mut self) -> io::Result<()> {
        self.closing.cancel();
        if let Some(mut leash) = self.leash.take() {
            if self.last.is_none() && timeout(FAREWELL, leash.exited()).await.is_err() {
                tracing::debug!("a server is ended that does not end by itself");
            }
            leash.end().await;
        }
        Ok(())
    }
}

/// Reads a line; what is no message is skipped. A reply that cannot be read is an error reply, so that whoever
/// waits for it hears of it.
fn message(line: &[u8]) -> Option<RxJsonRpcMessage<RoleClient>> {
    let line = line.trim_ascii();
    if line.is_empty() {
        return None;
    }
    let error = match serde_json::from_slice(line) {
        Ok(message) => return Some(message),
        Err(error) => error,
    };
    tracing::debug!(%error, "a server wrote a line that is no message");
    let value: Value = serde_json::from_slice(line).ok()?;
    let reply = value.get("method").is_none();
    let id: RequestId = serde_json::from_value(value.get("id").filter(|_| reply)?.clone()).ok()?;
    let error = ErrorData::internal_error("its reply cannot be read", None);
    Some(JsonRpcMessage::error(error, Some(id)))
}

/// Writes messages in order; a server that does not read is given up.
async fn write(
    mut stdin: pipe::Sender,
    mut queue: mpsc::Receiver<Outgoing>,
    ending: Ending,
    closing: CancellationToken,
) {
    let over = ending.over().clone();
    let working = async {
        while let Some(Outgoing { line, done }) = queue.recv().await {
            let written = timeout(WRITE, stdin.write_all(&line)).await;
            let outcome = written.unwrap_or_else(|_| {
                ending.fail(format!("it read nothing for {} seconds", WRITE.as_secs()));
                Err(io::ErrorKind::TimedOut.into())
            });
            if done.send(outcome).is_err() {
                tracing::trace!("nobody waits for a message to be written");
            }
        }
    };
    tokio::select! {
        () = closing.cancelled() => {}
        () = over.cancelled() => {}
        () = working => {}
    }
}

/// Reads standard error to its end, whatever comes.
async fn drain(mut stderr: pipe::Receiver, ending: Ending) {
    let mut chunk = BytesMut::with_capacity(CHUNK);
    while stderr.read_buf(&mut chunk).await.is_ok_and(|length| length > 0) {
        ending.errors(&chunk);
        chunk.clear();
    }
}
