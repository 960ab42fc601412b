//! A client of the Agent Client Protocol over any transport, and the program that it is a client of.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use adjutant::config::Secret;
use adjutant::jsonrpc::{Frame, MAX_LINE};
use adjutant::remote::{self, Server};
use adjutant::tls::Trust;
use adjutant::transport::Transport;
use bytes::Bytes;
use futures_util::StreamExt;
use memchr::memmem;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, Command};

use super::model::{self, order};

/// The program, on pipes or as a server; it ends with the value.
pub(crate) struct Program {
    folder: TempDir,
    pub(crate) child: Child,
    address: String,
    token: String,
}

impl Program {
    /// Configured to ask the model at that address.
    fn command(model: &str, arguments: &[&str]) -> (Command, TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let settings = folder.path().join("config.toml");
        let text = format!(
            "model = \"bench/m\"\nmode = \"full\"\n[provider.bench]\nbase_url = \"http://{model}/v1\"\nkey = \"x\"\n\
             model.\"m\" = {{ context = 100_000_000, output = 100_000 }}\n"
        );
        std::fs::write(&settings, text).unwrap();
        let program =
            std::env::var_os("ADJUTANT").map_or(env!("CARGO_BIN_EXE_adjutant").into(), PathBuf::from);
        let mut command = Command::new(program);
        command.args(arguments).current_dir(folder.path()).kill_on_drop(true);
        command.env("HOME", folder.path()).env("ADJUTANT_CONFIG", settings);
        command.env("ADJUTANT_DATA_DIR", folder.path().join("data"));
        (command, folder)
    }

    /// A server on a free port.
    pub(crate) async fn serve(model: &str) -> Self {
        let (mut command, folder) = Self::command(model, &["acp", "--port", "0", "--log", "error"]);
        let mut child = command.stdin(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let line = lines.next_line().await.unwrap().unwrap();
        let address = line.split("listening on ").nth(1).unwrap().split(';').next().unwrap().to_owned();
        let note = line.split("the token is in ").nth(1).unwrap();
        let note: Value = serde_json::from_slice(&std::fs::read(note).unwrap()).unwrap();
        // What it logs later has somewhere to go.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Self { folder, child, address, token: note["token"].as_str().unwrap().to_owned() }
    }

    /// The program on pipes, greeted.
    pub(crate) async fn pipes(model: &str) -> (Self, Acp) {
        let (command, folder) = Self::command(model, &["acp", "--log", "error"]);
        Self::greeted(command, folder).await
    }

    async fn greeted(mut command: Command, folder: TempDir) -> (Self, Acp) {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let wire = Transport::lines(child.stdout.take().unwrap(), child.stdin.take().unwrap(), MAX_LINE);
        let program = Self { folder, child, address: String::new(), token: String::new() };
        let acp = Acp::greet(wire).await;
        (program, acp)
    }

    /// The server as an agent on pipes: `adjutant connect`.
    pub(crate) async fn attached(&self, model: &str) -> (Self, Acp) {
        let (mut command, folder) = Self::command(model, &["connect", &format!("ws://{}", self.address)]);
        command.env("ADJUTANT_TOKEN", &self.token);
        Self::greeted(command, folder).await
    }

    /// A connection by `tcp` or `ws`.
    pub(crate) async fn connect(&self, scheme: &str) -> Transport {
        let address = format!("{scheme}://{}", self.address).parse().unwrap();
        let token = Some(Secret::new(&self.token));
        let server = Server { address, token, trust: Trust::System, max_line: MAX_LINE };
        remote::connect(&server).await.unwrap()
    }

    pub(crate) async fn acp(&self, scheme: &str) -> Acp {
        Acp::greet(self.connect(scheme).await).await
    }

    pub(crate) fn folder(&self) -> &str {
        self.folder.path().to_str().unwrap()
    }

    /// Kilobytes that the process holds: its proportional share (`Pss`).
    pub(crate) fn memory(&self) -> u64 {
        let path = format!("/proc/{}/smaps_rollup", self.child.id().unwrap());
        let held = std::fs::read_to_string(path).unwrap();
        let line = held.lines().find_map(|line| line.strip_prefix("Pss:")).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }
}

pub(crate) struct Acp {
    wire: Transport,
    next: u64,
}

impl Acp {
    async fn greet(wire: Transport) -> Self {
        let mut acp = Self { wire, next: 1 };
        acp.request("initialize", json!({ "protocolVersion": 1, "clientCapabilities": {} })).await;
        acp
    }

    /// Sends a request, and returns its id.
    pub(crate) async fn send(&mut self, method: &str, params: Value) -> u64 {
        let id = self.next;
        self.next += 1;
        let line = json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params });
        self.wire.outgoing.write_all(format!("{line}\n").as_bytes()).await.unwrap();
        self.wire.outgoing.flush().await.unwrap();
        id
    }

    pub(crate) async fn line(&mut self) -> Bytes {
        match self.wire.incoming.next().await.unwrap().unwrap() {
            Frame::Line(line) | Frame::Unended(line) => line,
            Frame::TooLong { .. } => Bytes::new(),
        }
    }

    /// Reads to the reply, and returns it with the number of lines before.
    pub(crate) async fn reply(&mut self, id: u64) -> (Value, usize) {
        let wanted = format!(r#"{{"jsonrpc":"2.0","id":{id},"#);
        let mut before = 0;
        loop {
            let line = self.line().await;
            if line.starts_with(wanted.as_bytes()) {
                return (serde_json::from_slice(&line).unwrap(), before);
            }
            before += 1;
        }
    }

    pub(crate) async fn request(&mut self, method: &str, params: Value) -> Value {
        let id = self.send(method, params).await;
        let (reply, _) = self.reply(id).await;
        assert!(reply.get("error").is_none(), "{reply}");
        reply["result"].clone()
    }

    pub(crate) async fn new_session(&mut self, folder: &str) -> String {
        let made = self.request("session/new", json!({ "cwd": folder, "mcpServers": [] })).await;
        made["sessionId"].as_str().unwrap().to_owned()
    }

    /// Begins a turn that streams so much, and returns its id.
    pub(crate) async fn prompt(&mut self, session: &str, count: usize, gap: Duration) -> u64 {
        let text = order(count, gap);
        let prompt = json!({ "sessionId": session, "prompt": [{ "type": "text", "text": text }] });
        self.send("session/prompt", prompt).await
    }

    /// Reads a turn to its end: for each piece, microseconds from the model's sending it to here.
    pub(crate) async fn follow(&mut self, id: u64, delays: &mut Vec<u64>) {
        let wanted = format!(r#"{{"jsonrpc":"2.0","id":{id},"#);
        loop {
            let line = self.line().await;
            if line.starts_with(wanted.as_bytes()) {
                return;
            }
            delays.extend(sent_at(&line).map(|sent| model::now().saturating_sub(sent)));
        }
    }
}

/// When the model sent the last piece of an update.
fn sent_at(line: &[u8]) -> Option<u64> {
    memmem::find(line, b"agent_message_chunk")?;
    let at = memmem::rfind(line, b"@")?;
    std::str::from_utf8(line.get(at + 1..at + 16)?).ok()?.parse().ok()
}
