//! A model server made of replies: HTTP/1.1 on a port of this machine.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

const PATIENCE: Duration = Duration::from_secs(20);

/// The first byte of a client that wants TLS (RFC 8446, section 5.1), which this server does not speak.
const TLS_HANDSHAKE: u8 = 22;

/// What the server does with one request.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    /// `None`: not even a status line.
    status: Option<u16>,
    headers: Vec<(String, String)>,
    steps: Vec<Step>,
}

/// A part of a reply's body. A body whose steps are over has ended, as HTTP says it.
#[derive(Debug, Clone)]
enum Step {
    Send(Vec<u8>),
    Pause(Duration),
    /// Nothing more comes, and the connection stays.
    Stall,
    /// The connection is closed in the middle of the body.
    Cut,
    /// The same again and again.
    Forever(Vec<u8>),
}

impl Reply {
    pub(crate) fn new(status: u16, content_type: &str, body: impl AsRef<[u8]>) -> Self {
        let reply = Self { status: Some(status), headers: Vec::new(), steps: Vec::new() };
        reply.header("content-type", content_type).send(body)
    }

    /// The beginning of a stream of events.
    pub(crate) fn stream(events: impl AsRef<[u8]>) -> Self {
        Self::new(200, "text/event-stream", events)
    }

    pub(crate) fn json(status: u16, body: &str) -> Self {
        Self::new(status, "application/json", body)
    }

    /// A connection that is accepted, and no more.
    pub(crate) fn silence() -> Self {
        Self { status: None, headers: Vec::new(), steps: vec![Step::Stall] }
    }

    /// A connection that is closed when the request has come.
    pub(crate) fn nothing() -> Self {
        Self { status: None, headers: Vec::new(), steps: vec![Step::Cut] }
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn send(self, bytes: impl AsRef<[u8]>) -> Self {
        let bytes = bytes.as_ref().to_vec();
        if bytes.is_empty() { self } else { self.then(Step::Send(bytes)) }
    }

    pub(crate) fn pause(self, time: Duration) -> Self {
        self.then(Step::Pause(time))
    }

    pub(crate) fn stall(self) -> Self {
        self.then(Step::Stall)
    }

    pub(crate) fn cut(self) -> Self {
        self.then(Step::Cut)
    }

    pub(crate) fn forever(self, bytes: impl AsRef<[u8]>) -> Self {
        self.then(Step::Forever(bytes.as_ref().to_vec()))
    }

    fn then(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }
}

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) path: String,
    /// By name in small letters.
    pub(crate) headers: HashMap<String, String>,
    /// `null`, if there is none.
    pub(crate) body: Value,
    /// Which connection it came by, from 0.
    pub(crate) connection: usize,
}

/// A server that gives its replies, in order or by what was asked. It ends with the value.
#[derive(Debug)]
pub(crate) struct ModelServer {
    address: SocketAddr,
    shared: Arc<Shared>,
    _accepting: JoinSet<()>,
}

struct Shared {
    answer: Box<dyn Fn(&Asked) -> Reply + Send + Sync>,
    asked: Mutex<Vec<Asked>>,
    /// Clients that closed the connection in the middle of a reply.
    hung_up: watch::Sender<usize>,
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("asked", &self.asked).finish_non_exhaustive()
    }
}

impl ModelServer {
    /// Gives these replies in order, the last one for ever.
    pub(crate) async fn start(replies: impl IntoIterator<Item = Reply>) -> Self {
        let replies = Mutex::new(replies.into_iter().collect::<VecDeque<_>>());
        let next = move |_: &Asked| {
            let mut replies = replies.lock().unwrap();
            let reply = if replies.len() > 1 { replies.pop_front() } else { replies.front().cloned() };
            reply.unwrap_or_else(Reply::nothing)
        };
        Self::answering(next).await
    }

    /// Gives the reply that each request comes to.
    pub(crate) async fn answering(answer: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            answer: Box::new(answer),
            asked: Mutex::default(),
            hung_up: watch::Sender::new(0),
        });
        let mut accepting = JoinSet::new();
        accepting.spawn(accept(listener, Arc::clone(&shared)));
        Self { address, shared, _accepting: accepting }
    }

    /// `http://127.0.0.1:<port>`
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The requests so far.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.shared.asked.lock().unwrap().clone()
    }

    /// How many requests have come so far.
    pub(crate) fn count(&self) -> usize {
        self.shared.asked.lock().unwrap().len()
    }

    /// Waits until so many requests have come.
    pub(crate) async fn until_asked(&self, count: usize) {
        let asked = async {
            while self.count() < count {
                sleep(Duration::from_millis(1)).await;
            }
        };
        timeout(PATIENCE, asked)
            .await
            .unwrap_or_else(|_| panic!("not asked {count} times: {:?}", self.asked()));
    }

    /// Waits until a client has closed its connection in the middle of a reply.
    pub(crate) async fn until_hung_up(&self) {
        let mut hung_up = self.shared.hung_up.subscribe();
        timeout(PATIENCE, hung_up.wait_for(|count| *count > 0)).await.expect("nobody hung up").unwrap();
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    for number in 0.. {
        let (stream, _) = listener.accept().await.unwrap();
        stream.set_nodelay(true).unwrap();
        let connection = Connection { stream, number, shared: Arc::clone(&shared), read: Vec::new() };
        connections.spawn(connection.serve());
    }
}

struct Connection {
    stream: TcpStream,
    number: usize,
    shared: Arc<Shared>,
    /// Bytes of the next request.
    read: Vec<u8>,
}

impl Connection {
    async fn serve(mut self) {
        while let Some(asked) = self.request().await {
            let reply = {
                let mut all = self.shared.asked.lock().unwrap();
                let reply = (self.shared.answer)(&asked);
                all.push(asked);
                reply
            };
            match self.reply(reply).await {
                Some(true) => {}
                Some(false) => return,
                None => return self.shared.hung_up.send_modify(|count| *count += 1),
            }
        }
    }

    /// Reads a request; `None` at the end of the connection.
    async fn request(&mut self) -> Option<Asked> {
        let head = loop {
            if let Some(at) = self.read.windows(4).position(|it| it == b"\r\n\r\n") {
                break self.read.drain(..at + 4).collect::<Vec<u8>>();
            }
            self.more().await?;
            if self.read[0] == TLS_HANDSHAKE {
                self.write(b"HTTP/1.1 400 Bad Request\r\n\r\n").await?;
                return None;
            }
        };
        let head = String::from_utf8(head).unwrap();
        let mut lines = head.lines();
        let mut first = lines.next()?.split(' ').map(str::to_owned);
        let headers = lines.filter_map(|line| line.split_once(": "));
        let headers: HashMap<_, _> =
            headers.map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned())).collect();
        let length = headers.get("content-length").map_or(0, |it| it.parse::<usize>().unwrap());
        while self.read.len() < length {
            self.more().await?;
        }
        let body: Vec<u8> = self.read.drain(..length).collect();
        let body = if body.is_empty() { Value::Null } else { serde_json::from_slice(&body).unwrap() };
        Some(Asked { method: first.next()?, path: first.next()?, headers, body, connection: self.number })
    }

    async fn more(&mut self) -> Option<()> {
        (self.stream.read_buf(&mut self.read).await.ok()? > 0).then_some(())
    }

    /// Sends a reply; whether the connection lasts. `None`: the client has gone.
    async fn reply(&mut self, reply: Reply) -> Option<bool> {
        if let Some(status) = reply.status {
            let mut head = vec![format!("HTTP/1.1 {status} Status\r\ntransfer-encoding: chunked\r\n")];
            head.extend(reply.headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")));
            head.push("\r\n".to_owned());
            self.write(head.concat().as_bytes()).await?;
        }
        for step in reply.steps {
            match step {
                Step::Send(bytes) => self.chunk(&bytes).await?,
                Step::Pause(time) => {
                    // Nobody sends anything before the reply is over.
                    if timeout(time, self.more()).await.is_ok() {
                        return None;
                    }
                }
                Step::Stall => {
                    self.more().await;
                    return None;
                }
                Step::Cut => return Some(false),
                Step::Forever(bytes) => loop {
                    self.chunk(&bytes).await?;
                },
            }
        }
        self.write(b"0\r\n\r\n").await?;
        Some(true)
    }

    async fn chunk(&mut self, bytes: &[u8]) -> Option<()> {
        let chunk = [format!("{:x}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat();
        self.write(&chunk).await
    }

    async fn write(&mut self, bytes: &[u8]) -> Option<()> {
        self.stream.write_all(bytes).await.ok()
    }
}
