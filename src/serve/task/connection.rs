//! One client, from its first line to its last.

use std::future::pending;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use serde::Serialize;
use serde_json::Map;
use tokio::io::AsyncWriteExt;
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::error::{Code, Failure};
use super::message::{self, Request};
use super::open::OpenRequests;
use super::{METHODS, Shared, cancel_task, execute_task, list_capabilities};
use crate::jsonrpc::{Frame, RawId};
use crate::transport::{Incoming, Outgoing, Transport};

/// Items queued for writing; who has more waits, and nothing more is read.
const OUTBOX: usize = 64;
/// Bytes that are written at once, about.
const CHUNK: usize = 256 * 1024;
/// How long tasks may take to wind up when the client has gone, or the server ends.
const DRAIN: Duration = Duration::from_secs(2);
/// How often a client that says no more is told that its tasks go on: one that has gone is noticed by it.
const KEEPALIVE: Duration = Duration::from_secs(1);

/// What the requests of a client share.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) shared: Arc<Shared>,
    /// Whole lines, on their way out.
    pub(super) outbox: mpsc::Sender<Bytes>,
    /// The server ends.
    pub(super) stop: CancellationToken,
    /// The server ends, or the client has gone.
    pub(super) over: CancellationToken,
    /// Tasks that end with the client.
    pub(super) tasks: TaskTracker,
    /// Tasks that go on when it has gone.
    pub(super) detached: TaskTracker,
    /// Tasks that are not answered yet, by their requests.
    pub(super) open: OpenRequests,
}

/// Serves until the client has said its last and has its answers. `Err` when writing failed.
pub(super) async fn serve(
    shared: Arc<Shared>,
    transport: Transport,
    stop: CancellationToken,
) -> io::Result<()> {
    let (outbox, lines) = mpsc::channel(OUTBOX);
    let over = stop.child_token();
    let done = CancellationToken::new();
    let (tasks, detached, open) = (TaskTracker::new(), TaskTracker::new(), OpenRequests::default());
    let connection = Connection { shared, outbox, stop, over: over.clone(), tasks, detached, open };
    let reading = async {
        connection.read(transport.incoming).await;
        connection.wind_up().await;
        done.cancel();
    };
    let writing = async {
        let written = tokio::select! {
            written = write(transport.outgoing, lines, &done) => written,
            () = overdue(&over, &done) => Err(io::ErrorKind::TimedOut.into()),
        };
        over.cancel();
        written
    };
    let ((), written) = tokio::join!(reading, writing);
    written
}

impl Connection {
    async fn read(&self, mut incoming: Incoming) {
        loop {
            let line = match self.over.run_until_cancelled(incoming.next()).await.flatten() {
                Some(Ok(Frame::Line(line) | Frame::Unended(line))) => line,
                Some(Ok(Frame::TooLong { limit })) => {
                    let failure = Failure::invalid(&format!("the line is longer than {limit} bytes"));
                    self.say(message::error(&RawId::null(), &failure)).await;
                    continue;
                }
                Some(Err(e)) => {
                    tracing::debug!(error = %e, "reading failed");
                    self.over.cancel();
                    return;
                }
                None => return,
            };
            if let Some(answer) = self.take(&line) {
                self.say(answer).await;
            }
        }
    }

    /// What is answered at once; `None`: later.
    fn take(&self, line: &[u8]) -> Option<Bytes> {
        let Request { id, method, params } = match message::read(line) {
            Ok(request) => request,
            Err((id, failure)) => return Some(message::error(&id, &failure)),
        };
        match method.as_ref() {
            "ping" => Some(answer(&id, Ok("pong"))),
            "execute_task" => match execute_task::handle(self, &id, params) {
                Ok(()) => None,
                Err(failure) => Some(message::error(&id, &failure)),
            },
            "cancel_task" => match cancel_task::handle(&self.shared.register, params) {
                Ok((said, task)) => {
                    // Ahead of what comes of it, if there is room for it now.
                    let unsaid = self.outbox.try_send(answer(&id, Ok(said)));
                    task.cancel();
                    unsaid.err().map(TrySendError::into_inner)
                }
                Err(failure) => Some(message::error(&id, &failure)),
            },
            "get_status" => Some(answer(&id, Ok(self.shared.register.status()))),
            "list_capabilities" => Some(answer(&id, list_capabilities::handle(&self.shared))),
            other => {
                let other: String = other.chars().take(100).collect();
                let text = format!("no method {other:?}: there are {}", METHODS.join(", "));
                Some(message::error(&id, &Failure::new(Code::MethodNotFound, &text)))
            }
        }
    }

    /// Waits for the tasks of a client that says no more: it may still listen, which only shows when it is spoken to.
    async fn wind_up(&self) {
        let alive = async {
            let mut line = Vec::new();
            message::event("keepalive", &Map::new(), &mut line);
            let line = Bytes::from(line);
            loop {
                sleep(KEEPALIVE).await;
                self.say(line.clone()).await;
            }
        };
        self.tasks.close();
        self.detached.close();
        let answered = async {
            self.tasks.wait().await;
            tokio::select! {
                () = self.detached.wait() => {}
                () = self.left() => {}
            }
        };
        tokio::select! {
            () = answered => {}
            () = alive, if self.shared.lasting => {}
            () = overdue(&self.over, &self.over) => tracing::warn!(tasks = self.tasks.len(), "tasks did not end in time"),
        }
    }

    /// Waits until the client has gone, and with it whoever would hear of detached tasks. The server's end is another one.
    async fn left(&self) {
        self.over.cancelled().await;
        if self.stop.is_cancelled() {
            pending::<()>().await;
        }
    }

    async fn say(&self, line: Bytes) {
        if self.outbox.send(line).await.is_err() {
            tracing::debug!("an answer came when its client had gone");
        }
    }
}

/// Nobody waits any more, and nothing but the end is left to come, since longer than is granted.
async fn overdue(over: &CancellationToken, done: &CancellationToken) {
    over.cancelled().await;
    done.cancelled().await;
    sleep(DRAIN).await;
}

fn answer<T: Serialize>(id: &RawId, outcome: Result<T, Failure>) -> Bytes {
    match outcome {
        Ok(result) => message::response(id, &result),
        Err(failure) => message::error(id, &failure),
    }
}

/// Writes what is queued, together where it came together, until `done` and all of it is written.
async fn write(
    mut outgoing: Outgoing,
    mut lines: mpsc::Receiver<Bytes>,
    done: &CancellationToken,
) -> io::Result<()> {
    let mut buffer = Vec::new();
    loop {
        let next = tokio::select! {
            biased;
            next = lines.recv() => next,
            () = done.cancelled(), if !lines.is_closed() => {
                lines.close();
                continue;
            }
        };
        let Some(next) = next else { break };
        buffer.extend_from_slice(&next);
        while buffer.len() < CHUNK
            && let Ok(more) = lines.try_recv()
        {
            buffer.extend_from_slice(&more);
        }
        outgoing.write_all(&buffer).await?;
        outgoing.flush().await?;
        buffer.clear();
        buffer.shrink_to(CHUNK);
    }
    outgoing.shutdown().await
}
