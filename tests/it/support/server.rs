//! The real program, listening on a free port of this machine.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use adjutant::jsonrpc::MAX_LINE;
use adjutant::transport::{Transport, websocket};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::handshake::client::Response;
use tokio_tungstenite::{WebSocketStream, tungstenite};

use super::bench::Bench;
use super::link::Link;
use super::wire::Wire;

const PATIENCE: Duration = Duration::from_secs(20);

/// A server; its process ends with it.
pub(crate) struct Server {
    pub(crate) child: Child,
    pub(crate) address: SocketAddr,
    /// Where it keeps its token, if it has one.
    pub(crate) note: Option<PathBuf>,
    pub(crate) token: String,
}

impl Server {
    pub(crate) async fn start(bench: &Bench, options: &[&str]) -> Self {
        Self::spawned(&mut Self::command(bench, options)).await
    }

    /// Started by a command of the caller's.
    pub(crate) async fn spawned(command: &mut Command) -> Self {
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let line =
            timeout(PATIENCE, lines.next_line()).await.unwrap().unwrap().expect("it says where it listens");
        // What it logs later is not waited for, and has somewhere to go.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        let rest = line.strip_prefix("adjutant: listening on ").unwrap_or_else(|| panic!("{line}"));
        let address = rest.split([';', ' ']).next().unwrap().parse().unwrap();
        let note = rest.split_once("the token is in ").map(|(_, path)| PathBuf::from(path));
        let content = note.as_ref().map(|path| std::fs::read_to_string(path).unwrap());
        let content = content.map(|text| serde_json::from_str::<Value>(&text).unwrap());
        let token = content.map_or_else(String::new, |note| note["token"].as_str().unwrap().to_owned());
        Self { child, address, note, token }
    }

    /// A server under limits of its own, which `ulimit` understands.
    pub(crate) async fn limited(bench: &Bench, ulimit: &str) -> Self {
        let plain = Self::command(bench, &[]);
        let plain = plain.as_std();
        let mut command = Command::new("/bin/sh");
        command.arg("-c").arg(format!("ulimit {ulimit} && exec \"$0\" \"$@\""));
        command.arg(plain.get_program()).args(plain.get_args()).current_dir(bench.root()).env_clear();
        command.envs(plain.get_envs().filter_map(|(name, value)| Some((name, value?))));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true);
        Self::spawned(&mut command).await
    }

    /// `adjutant acp --port 0` with these options behind it, which win.
    pub(crate) fn command(bench: &Bench, options: &[&str]) -> Command {
        let port: &[_] = if options.contains(&"--port") { &[] } else { &["--port", "0"] };
        let mut command = bench.program(&[&["acp"], port, options].concat());
        command.stdout(Stdio::null());
        command
    }

    /// Tells it to end.
    pub(crate) fn end(&self) {
        let pid = Pid::from_raw(self.child.id().unwrap() as i32).unwrap();
        kill_process(pid, Signal::TERM).unwrap();
    }

    /// Lines over TCP, the hello said.
    pub(crate) async fn tcp(&self) -> Link {
        self.by("tcp", self.connect().await).await
    }

    /// A WebSocket with the token in its header.
    pub(crate) async fn websocket(&self) -> Link {
        self.by("ws", self.connect().await).await
    }

    /// The one or the other over a stream that leads to this address.
    pub(crate) async fn by<S>(&self, scheme: &str, stream: S) -> Link
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        if scheme == "ws" {
            let token = format!("Bearer {}", self.token);
            let opened = self.socket_over(stream, "/acp", &[("authorization", &token)]).await;
            return Link::of(Wire::new(websocket(opened.unwrap().0)));
        }
        let (reader, writer) = tokio::io::split(stream);
        let mut wire = Wire::new(Transport::lines(reader, writer, MAX_LINE));
        wire.send_line(&json!({ "type": "hello", "token": self.token }).to_string()).await;
        Link::of(wire)
    }

    pub(crate) async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Asks for a WebSocket with these headers; `Err` is the status of the refusal.
    pub(crate) async fn upgrade(
        &self,
        path: &str,
        headers: &[(&'static str, &str)],
    ) -> Result<(Transport, Response), u16> {
        let (socket, response) = self.socket(path, headers).await?;
        Ok((websocket(socket), response))
    }

    /// The same as it is, with its pings and its end.
    pub(crate) async fn socket(
        &self,
        path: &str,
        headers: &[(&'static str, &str)],
    ) -> Result<(WebSocketStream<TcpStream>, Response), u16> {
        self.socket_over(self.connect().await, path, headers).await
    }

    async fn socket_over<S>(
        &self,
        stream: S,
        path: &str,
        headers: &[(&'static str, &str)],
    ) -> Result<(WebSocketStream<S>, Response), u16>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let mut request = format!("ws://{}{path}", self.address).into_client_request().unwrap();
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().unwrap());
        }
        match timeout(PATIENCE, tokio_tungstenite::client_async(request, stream)).await.unwrap() {
            Ok(opened) => Ok(opened),
            Err(tungstenite::Error::Http(response)) => Err(response.status().as_u16()),
            Err(e) => panic!("{e}"),
        }
    }

    /// Sends bytes and returns all that comes until the server closes.
    pub(crate) async fn raw(&self, bytes: &[u8]) -> String {
        self.raw_over(self.connect().await, bytes).await
    }

    /// The same over a stream that leads to this address.
    pub(crate) async fn raw_over(
        &self,
        mut stream: impl AsyncRead + AsyncWrite + Unpin,
        bytes: &[u8],
    ) -> String {
        stream.write_all(bytes).await.unwrap();
        let mut answer = Vec::new();
        // A server that closes with our bytes unread resets the connection.
        let _reset =
            timeout(PATIENCE, stream.read_to_end(&mut answer)).await.expect("the connection is closed");
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// Says lines and no more, and returns all that is answered.
    pub(crate) async fn talk(&self, lines: &str) -> String {
        let mut stream = self.connect().await;
        stream.write_all(lines.as_bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
        let mut answer = String::new();
        let answered = timeout(PATIENCE, stream.read_to_string(&mut answer)).await;
        answered.expect("the connection is closed").unwrap();
        answer
    }

    /// One HTTP/1.1 request without a body: the status, and everything that came.
    pub(crate) async fn get(&self, path: &str, headers: &[(&str, &str)]) -> (u16, String) {
        let mut head = format!("GET {path} HTTP/1.1\r\nconnection: close\r\n");
        for (name, value) in headers {
            head.extend([*name, ": ", *value, "\r\n"]);
        }
        let answer = self.raw(format!("{head}\r\n").as_bytes()).await;
        let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
        (status, answer)
    }
}
