//! The engine as the program puts it together, with a scripted model, and a client at its door over memory.

use std::time::{Duration, Instant};

use adjutant::app;
use adjutant::config::{Environment, Flags};
use adjutant::jsonrpc::{Frame, MAX_LINE};
use adjutant::rpc::Limits;
use adjutant::serve::acp::Door;
use adjutant::store::Place;
use adjutant::transport::{self, Transport};
use futures_util::StreamExt;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::AsyncWriteExt;
use tokio_util::sync::CancellationToken;

/// Says as many words as it is asked for, 20 bytes each.
const SCRIPT: &str = r#"{"when":"^stream (\\d+)$","answer":[{"repeat":{"n":"$1","size":20}}]}"#;

/// A client of an engine that lives in this process.
pub(crate) struct Client {
    wire: Transport,
    next: u64,
    folder: TempDir,
}

impl Client {
    /// Opens a door to an engine that keeps its sessions there, and says hello.
    pub(crate) async fn hello(sessions: &Place) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let script = folder.path().join("script.jsonl");
        std::fs::write(&script, SCRIPT).unwrap();
        // Without a folder for data, sessions are kept in memory.
        let data = match sessions {
            Place::Memory => "",
            Place::File(path) => path.parent().unwrap().to_str().unwrap(),
        };
        let environment = Environment::of([
            ("ADJUTANT_MODEL", "scripted"),
            ("ADJUTANT_SCRIPT", script.to_str().unwrap()),
            ("ADJUTANT_DATA_DIR", data),
        ]);
        let door = Door::new(app::engine(environment, Flags::default()));
        let (wire, far) = transport::memory(MAX_LINE);
        tokio::spawn(async move { door.serve(far, Limits::default(), CancellationToken::new()).await });
        let mut client = Self { wire, next: 1, folder };
        client.request("initialize", &json!({ "protocolVersion": 1, "clientCapabilities": {} })).await;
        client
    }

    /// Sends a request and reads until its reply, which it returns whole.
    pub(crate) async fn request(&mut self, method: &str, params: &Value) -> Value {
        let id = self.next;
        self.next += 1;
        let mut line = json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }).to_string();
        line.push('\n');
        self.wire.outgoing.write_all(line.as_bytes()).await.unwrap();
        self.wire.outgoing.flush().await.unwrap();
        let reply = format!(r#"{{"jsonrpc":"2.0","id":{id},"#);
        loop {
            let Some(Ok(Frame::Line(line))) = self.wire.incoming.next().await else { unreachable!() };
            if line.starts_with(reply.as_bytes()) {
                return serde_json::from_slice(&line).unwrap();
            }
        }
    }

    /// How long a new session takes for one prompt, from its line to the reply, every update read.
    pub(crate) async fn prompt(&mut self, text: &str) -> Duration {
        let place = json!({ "cwd": self.folder.path(), "mcpServers": [] });
        let session = self.request("session/new", &place).await["result"]["sessionId"].clone();
        let prompt = json!([{ "type": "text", "text": text }]);
        let start = Instant::now();
        let reply = self.request("session/prompt", &json!({ "sessionId": session, "prompt": prompt })).await;
        let taken = start.elapsed();
        assert_eq!(reply["result"]["stopReason"], "end_turn", "{reply}");
        self.request("session/close", &json!({ "sessionId": session })).await;
        taken
    }
}
