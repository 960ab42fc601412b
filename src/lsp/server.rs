//! One server that runs: what it was told, and what it said.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::task::AbortOnDropHandle;

use super::diagnostic::{self, Finding};
use super::message::{self, Incoming};
use super::{Launch, LspError, Streams, codec};
use crate::config::LanguageServer;
use crate::uri;

/// How long a server may take to get ready.
const STARTING: Duration = Duration::from_mins(1);
/// How long more is waited for when every file has been spoken of: some servers speak twice.
const SETTLING: Duration = Duration::from_millis(100);
/// How long a server may take to end in order.
const ENDING: Duration = Duration::from_millis(500);
/// Files that are open at a server.
const OPEN: usize = 100;
/// Messages waiting to be written.
const QUEUE: usize = 64;
/// Messages and bytes of a server between two changes.
const MESSAGES: usize = 20_000;
const BYTES: usize = 64 * 1024 * 1024;

/// A file and what is in it.
#[derive(Debug)]
pub(super) struct Document {
    pub(super) path: PathBuf,
    pub(super) text: String,
}

/// A running server. It ends when this goes.
pub(super) struct Server {
    outgoing: mpsc::Sender<Vec<u8>>,
    shared: Arc<Shared>,
    last_id: AtomicU64,
    started: Instant,
    _tasks: [AbortOnDropHandle<()>; 2],
    _hold: Box<dyn std::any::Any + Send + Sync>,
}

/// What the task that reads and those who wait for it have in common.
#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    /// Counts what happened.
    news: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct State {
    phase: Phase,
    /// What it sent since the last change.
    messages: usize,
    bytes: usize,
    /// Versions of the files that are open, and the change in which each was last told.
    open: HashMap<PathBuf, (i64, u64)>,
    changes: u64,
    /// What it said of each open file, and of which version.
    published: HashMap<PathBuf, (i64, Vec<Finding>)>,
    /// Requests that wait for an answer, and the answers.
    asked: HashMap<u64, Option<Result<Value, String>>>,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Phase {
    #[default]
    Starting,
    Ready {
        /// Whether it can be asked for diagnostics.
        pull: bool,
    },
    Gone,
    Malformed(&'static str),
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server").field("phase", &self.shared.lock().phase).finish_non_exhaustive()
    }
}

impl Server {
    /// Starts a server and greets it. Its answer is not waited for.
    pub(super) async fn start(
        settings: &LanguageServer,
        root: &Path,
        launch: &dyn Launch,
    ) -> Result<Self, LspError> {
        let Streams { input, output, hold } = launch.launch(settings, root).await?;
        let (outgoing, queue) = mpsc::channel(QUEUE);
        let shared = Arc::new(Shared { state: Mutex::default(), news: watch::Sender::new(0) });
        let reader = tokio::spawn(read(output, Arc::clone(&shared), outgoing.clone()));
        let writer = tokio::spawn(write(queue, input));
        let server = Self {
            outgoing,
            shared,
            last_id: AtomicU64::new(message::INITIALIZE),
            started: Instant::now(),
            _tasks: [AbortOnDropHandle::new(reader), AbortOnDropHandle::new(writer)],
            _hold: hold,
        };
        server.shared.lock().asked.insert(message::INITIALIZE, None);
        server.send(&message::initialize(root), Instant::now() + ENDING).await?;
        Ok(server)
    }

    /// Whether it has not answered the greeting and may yet do so.
    pub(super) fn is_starting(&self) -> bool {
        self.shared.lock().phase == Phase::Starting && self.started.elapsed() < STARTING
    }

    /// Tells of changed files and returns what it says of them; `None` when it says nothing until the deadline.
    pub(super) async fn diagnose(
        &self,
        documents: Vec<Document>,
        deadline: Instant,
    ) -> Result<Option<Vec<Finding>>, LspError> {
        {
            let mut state = self.shared.lock();
            (state.messages, state.bytes) = (0, 0);
        }
        let pull =
            |state: &mut State| if let Phase::Ready { pull } = state.phase { Some(pull) } else { None };
        let Some(pull) = self.until(deadline, pull).await? else { return Ok(None) };
        let mut wanted = Vec::with_capacity(documents.len());
        for document in documents {
            wanted.push((self.tell(&document, deadline).await?, document.path));
        }
        if pull { self.asked(&wanted, deadline).await } else { self.published(&wanted, deadline).await }
    }

    /// Tells of one file as it is now; returns its version.
    async fn tell(&self, document: &Document, deadline: Instant) -> Result<i64, LspError> {
        let (version, closed) = self.shared.lock().open(&document.path);
        if let Some(closed) = closed {
            self.send(&message::did_close(&closed), deadline).await?;
        }
        let told = if version == 1 {
            message::did_open(document, version)
        } else {
            message::did_change(document, version)
        };
        self.send(&told, deadline).await?;
        self.send(&message::did_save(&document.path), deadline).await?;
        Ok(version)
    }

    /// Waits until it has spoken of each file by itself.
    async fn published(
        &self,
        wanted: &[(i64, PathBuf)],
        deadline: Instant,
    ) -> Result<Option<Vec<Finding>>, LspError> {
        let all = |state: &mut State| {
            let of = |(version, path): &(i64, PathBuf)| {
                let (spoken_of, findings) = state.published.get(path)?;
                (spoken_of >= version).then(|| findings.clone())
            };
            wanted.iter().map(of).collect::<Option<Vec<_>>>().map(|all| all.concat())
        };
        let Some(mut findings) = self.until(deadline, all).await? else { return Ok(None) };
        let mut news = self.shared.news.subscribe();
        while Instant::now() < deadline {
            let settled = deadline.min(Instant::now() + SETTLING);
            if !timeout_at(settled, news.changed()).await.is_ok_and(|changed| changed.is_ok()) {
                break;
            }
            findings = all(&mut self.shared.lock()).unwrap_or(findings);
        }
        Ok(Some(findings))
    }

    /// Asks for each file.
    async fn asked(
        &self,
        wanted: &[(i64, PathBuf)],
        deadline: Instant,
    ) -> Result<Option<Vec<Finding>>, LspError> {
        let mut requests = Vec::with_capacity(wanted.len());
        for (_, path) in wanted {
            let id = self.last_id.fetch_add(1, Ordering::Relaxed) + 1;
            self.shared.lock().asked.insert(id, None);
            requests.push((id, path));
            self.send(&message::diagnostic(id, path), deadline).await?;
        }
        let answered = |state: &mut State| {
            let all = requests.iter().all(|(id, _)| state.asked.get(id).is_some_and(Option::is_some));
            all.then(|| requests.iter().map(|(id, _)| state.asked.remove(id).flatten()).collect::<Vec<_>>())
        };
        let answers = self.until(deadline, answered).await;
        // Nobody waits for what comes too late.
        self.shared.lock().asked.clear();
        let Some(answers) = answers? else { return Ok(None) };
        // Some of what such a server finds it only tells by itself.
        let told = {
            let state = self.shared.lock();
            let of = |(_, path): &(i64, PathBuf)| state.published.get(path).map(|told| told.1.clone());
            wanted.iter().filter_map(of).flatten().collect::<Vec<_>>()
        };
        let of = |(answer, (_, path)): (Option<Result<Value, String>>, &(u64, &PathBuf))| {
            let report = answer.and_then(Result::ok).unwrap_or_default();
            diagnostic::read(path, report.get("items").unwrap_or(&Value::Null))
        };
        Ok(Some(answers.into_iter().zip(&requests).flat_map(of).chain(told).collect()))
    }

    /// Waits for something to be so; `None` if it is not until the deadline.
    async fn until<T>(
        &self,
        deadline: Instant,
        mut is_so: impl FnMut(&mut State) -> Option<T>,
    ) -> Result<Option<T>, LspError> {
        let mut news = self.shared.news.subscribe();
        loop {
            {
                let mut state = self.shared.lock();
                match state.phase {
                    Phase::Gone => return Err(LspError::Gone),
                    Phase::Malformed(what) => return Err(LspError::Malformed(what)),
                    Phase::Starting | Phase::Ready { .. } => {}
                }
                if let Some(found) = is_so(&mut state) {
                    return Ok(Some(found));
                }
            }
            if timeout_at(deadline, news.changed()).await.is_err() {
                return Ok(None);
            }
        }
    }

    /// A server that takes nothing until the deadline is as good as gone.
    async fn send(&self, message: &Value, deadline: Instant) -> Result<(), LspError> {
        let message = codec::frame(message.to_string().as_bytes());
        // Past the deadline there may still be room.
        let sent = timeout_at(deadline.max(Instant::now() + SETTLING), self.outgoing.send(message)).await;
        if sent.is_ok_and(|sent| sent.is_ok()) { Ok(()) } else { Err(LspError::Gone) }
    }

    /// Asks it to end; what it has not done in time, the end of its hold does.
    pub(super) async fn end(&self) {
        let deadline = Instant::now() + ENDING;
        let id = self.last_id.fetch_add(1, Ordering::Relaxed) + 1;
        self.shared.lock().asked.insert(id, None);
        let farewell = async {
            self.send(&message::shutdown(id), deadline).await?;
            self.until(deadline, |state| state.asked.get(&id)?.as_ref().map(drop)).await?;
            self.send(&message::exit(), deadline).await?;
            self.until(deadline, |_| None::<()>).await
        };
        // That it has gone is what was wanted.
        timeout(2 * ENDING, farewell).await.ok();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ended(&self, why: &LspError) {
        let phase = if let LspError::Malformed(what) = why { Phase::Malformed(what) } else { Phase::Gone };
        self.lock().phase = phase;
        self.news.send_modify(|count| *count += 1);
    }
}

impl State {
    /// The version of a file that is told now, and the file that must be closed for it.
    fn open(&mut self, path: &Path) -> (i64, Option<PathBuf>) {
        self.changes += 1;
        let change = self.changes;
        let known = self.open.entry(path.to_owned()).or_insert((0, change));
        *known = (known.0 + 1, change);
        let version = known.0;
        if self.open.len() <= OPEN {
            return (version, None);
        }
        let oldest = self.open.iter().min_by_key(|(_, (_, change))| *change).map(|(path, _)| path.clone());
        if let Some(path) = &oldest {
            self.open.remove(path);
            self.published.remove(path);
        }
        (version, oldest)
    }

    /// Takes in a message; returns what is to be said to it.
    fn take(&mut self, message: Incoming) -> Result<Option<Value>, LspError> {
        match message {
            Incoming::Answer { id: message::INITIALIZE, result } if self.phase == Phase::Starting => {
                self.asked.remove(&message::INITIALIZE);
                let result = result.map_err(|_| LspError::Malformed("a refusal to start"))?;
                let pull = result.pointer("/capabilities/diagnosticProvider");
                self.phase = Phase::Ready { pull: pull.is_some_and(Value::is_object) };
                Ok(Some(message::initialized()))
            }
            Incoming::Answer { id, result } => {
                if let Some(answer) = self.asked.get_mut(&id) {
                    *answer = Some(result);
                }
                Ok(None)
            }
            Incoming::Request { id, method, params } => Ok(Some(message::answer(&id, &method, &params))),
            Incoming::Notice { method, params } if method == "textDocument/publishDiagnostics" => {
                self.publish(&params);
                Ok(None)
            }
            Incoming::Notice { .. } => Ok(None),
        }
    }

    /// What it says of a file that is open; of others nothing is kept.
    fn publish(&mut self, params: &Value) {
        let path = params.get("uri").and_then(Value::as_str).and_then(uri::path);
        let Some(path) = path else { return };
        let Some((current, _)) = self.open.get(&path).copied() else { return };
        let version = params.get("version").and_then(Value::as_i64).unwrap_or(current);
        let findings = diagnostic::read(&path, params.get("diagnostics").unwrap_or(&Value::Null));
        self.published.insert(path, (version, findings));
    }
}

/// Reads until the end, or until what comes is no longer the protocol.
async fn read(
    output: Box<dyn AsyncRead + Send + Unpin>,
    shared: Arc<Shared>,
    outgoing: mpsc::Sender<Vec<u8>>,
) {
    let mut output = BufReader::new(output);
    let why = loop {
        let content = match codec::read(&mut output).await {
            Ok(Some(content)) => content,
            Ok(None) => break LspError::Gone,
            Err(error) => break error,
        };
        match take(&shared, &content) {
            Ok(None) => {}
            Ok(Some(reply)) => {
                // Who sends requests and reads no answers gets none.
                outgoing.try_send(codec::frame(reply.to_string().as_bytes())).ok();
            }
            Err(error) => break error,
        }
        shared.news.send_modify(|count| *count += 1);
        // Somebody who never stops must not keep the thread.
        tokio::task::yield_now().await;
    };
    shared.ended(&why);
}

fn take(shared: &Shared, content: &[u8]) -> Result<Option<Value>, LspError> {
    {
        let mut state = shared.lock();
        (state.messages, state.bytes) = (state.messages + 1, state.bytes + content.len());
        if state.messages > MESSAGES || state.bytes > BYTES {
            return Err(LspError::Malformed("more than can be read"));
        }
    }
    let message = Incoming::parse(content)?;
    shared.lock().take(message)
}

async fn write(mut queue: mpsc::Receiver<Vec<u8>>, mut input: Box<dyn AsyncWrite + Send + Unpin>) {
    while let Some(message) = queue.recv().await {
        if input.write_all(&message).await.is_err() || input.flush().await.is_err() {
            break;
        }
    }
}
