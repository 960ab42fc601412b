//! A connection of the streamable HTTP for who speaks in lines: each is a post, and what is told comes with its stream.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::time::Duration;

use serde_json::Value;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::remote::{Events, Remote};

const PATIENCE: Duration = Duration::from_secs(20);

/// The session that a stream is of; `None`: the connection's own.
pub(crate) type Stream = Option<String>;

/// Posts in order, reads all streams at once. A session's stream is opened when the session is made, or before it is
/// loaded.
pub(crate) struct Streams {
    remote: Remote,
    open: BTreeSet<Stream>,
    /// Requests that are not answered, and the sessions that they name.
    asked: HashMap<String, Stream>,
    /// Answers to posts themselves.
    refusals: VecDeque<Value>,
    sender: mpsc::Sender<(Stream, Option<Value>)>,
    /// Lines of all streams; `None` when one has ended.
    told: mpsc::Receiver<(Stream, Option<Value>)>,
    readers: JoinSet<()>,
}

impl Streams {
    pub(crate) fn new(remote: Remote) -> Self {
        let (sender, told) = mpsc::channel(1024);
        Self {
            remote,
            open: BTreeSet::new(),
            asked: HashMap::new(),
            refusals: VecDeque::new(),
            sender,
            told,
            readers: JoinSet::new(),
        }
    }

    /// Streams that are read.
    pub(crate) fn open(&self) -> &BTreeSet<Stream> {
        &self.open
    }

    /// Posts a message, and waits until it is taken, or refused with the reply that it is owed. The first one is
    /// `initialize`.
    pub(crate) async fn say(&mut self, line: &[u8]) {
        let message: Value = serde_json::from_slice(line).unwrap_or_default();
        if self.remote.id.is_empty() {
            let reply = self.remote.begin(&message).await;
            self.sender.send((None, Some(reply))).await.unwrap();
            return self.read(None).await;
        }
        let session = session(&message["params"]);
        if let Some("session/load" | "session/resume") = message["method"].as_str() {
            self.read(session.clone()).await;
        }
        let (status, text) = self.remote.post_body(line.to_vec(), session.as_deref()).await;
        match (status, message.get("id").is_some(), serde_json::from_str(&text)) {
            (202, true, _) if message.get("method").is_some() => {
                self.asked.insert(message["id"].to_string(), session);
            }
            // What wants no reply may be refused in words.
            (202, ..) | (400, false, Err(_)) => {}
            (400, _, Ok(refusal)) => self.refusals.push_back(refusal),
            _ => panic!("{status} {text}: {}", String::from_utf8_lossy(line)),
        }
    }

    /// The next line of any stream; `Ok(None)` when one has ended, `Err` when none comes in time or it is on a stream where
    /// it does not belong.
    pub(crate) async fn next(&mut self) -> Result<Option<(Stream, Value)>, String> {
        if let Some(refusal) = self.refusals.pop_front() {
            return Ok(Some((None, refusal)));
        }
        let told = timeout(PATIENCE, self.told.recv()).await;
        let told = told.map_err(|_| format!("no line came within {PATIENCE:?}"))?;
        let Some((stream, Some(line))) = told else { return Ok(None) };
        self.judge(&stream, &line)?;
        if let Some(made) = session(&line["result"]) {
            self.read(Some(made)).await;
        }
        Ok(Some((stream, line)))
    }

    /// Ends the connection; what nobody has heard.
    pub(crate) async fn finish(mut self) -> Result<Vec<(Stream, Value)>, String> {
        if !self.remote.id.is_empty() {
            assert_eq!(self.remote.delete().await, 202);
        }
        let mut unheard: Vec<_> = self.refusals.into_iter().map(|line| (None, line)).collect();
        drop(self.sender);
        while let Some((stream, line)) = self.told.recv().await {
            unheard.extend(line.map(|line| (stream, line)));
        }
        while let Some(reader) = self.readers.join_next().await {
            reader.map_err(|e| e.to_string())?;
        }
        Ok(unheard)
    }

    async fn read(&mut self, stream: Stream) {
        if !self.open.insert(stream.clone()) {
            return;
        }
        let events = self.remote.events(stream.as_deref(), None).await.unwrap();
        self.readers.spawn(read(stream, events, self.sender.clone()));
    }

    /// Whether a line is on its stream: its session's if that is read, else the connection's.
    fn judge(&mut self, stream: &Stream, line: &Value) -> Result<(), String> {
        let place = match line["method"].as_str() {
            // It goes behind the request that it takes back.
            Some(method) if method.starts_with("$/") => return Ok(()),
            Some(_) => session(&line["params"]),
            None => self.asked.remove(&line["id"].to_string()).flatten(),
        };
        if *stream == place.filter(|session| self.open.contains(&Some(session.clone()))) {
            return Ok(());
        }
        Err(format!("on the stream of {stream:?}, where it does not belong: {line}"))
    }
}

/// Reads a stream to its end; its numbers are without a gap.
async fn read(stream: Stream, mut events: Events, told: mpsc::Sender<(Stream, Option<Value>)>) {
    let mut last = 0;
    while let Some(event) = events.next().await {
        assert_eq!(event.id, last + 1, "{stream:?}: {}", event.line);
        last = event.id;
        if told.send((stream.clone(), Some(event.line))).await.is_err() {
            return;
        }
    }
    let _finished = told.send((stream, None)).await;
}

fn session(of: &Value) -> Stream {
    of["sessionId"].as_str().map(str::to_owned)
}
