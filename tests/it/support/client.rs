//! A client for tests that decide what to say while they run.

use serde_json::{Value, json};

use super::bench::Bench;
use super::link::Link;

/// Speaks over a [`Link`] and keeps everything it hears, in order.
pub(crate) struct Client {
    pub(crate) link: Link,
    next: u64,
    /// Every line heard, oldest first.
    pub(crate) heard: Vec<Value>,
}

impl Client {
    /// A client that has said nothing yet.
    pub(crate) fn unknown(link: Link) -> Self {
        Self { link, next: 1, heard: Vec::new() }
    }

    /// A client that has said hello.
    pub(crate) async fn hello(link: Link, capabilities: Value) -> Self {
        Self::introduced(link, json!({ "protocolVersion": 1, "clientCapabilities": capabilities })).await
    }

    /// A client of version 2 that has said hello.
    pub(crate) async fn hello_v2(link: Link) -> Self {
        let info = json!({ "name": "test", "version": "1" });
        Self::introduced(link, json!({ "protocolVersion": 2, "info": info })).await
    }

    async fn introduced(link: Link, params: Value) -> Self {
        let mut client = Self::unknown(link);
        client.request("initialize", params).await.unwrap();
        client
    }

    /// A client with a session in the bench's workspace.
    pub(crate) async fn open(link: Link, bench: &Bench) -> (Self, String) {
        let mut client = Self::hello(link, json!({})).await;
        let session = client.session(bench).await;
        (client, session)
    }

    /// One more session.
    pub(crate) async fn session(&mut self, bench: &Bench) -> String {
        let params = json!({ "cwd": bench.cwd(), "mcpServers": [] });
        let reply = self.request("session/new", params).await.unwrap();
        self.until(|line| update(line) == Some("available_commands_update")).await;
        reply["sessionId"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn send(&mut self, message: &Value) {
        self.link.wire.send_line(&message.to_string()).await;
    }

    /// Sends a request and returns its number at once.
    pub(crate) async fn ask(&mut self, method: &str, params: Value) -> u64 {
        let id = self.next;
        self.next += 1;
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params })).await;
        id
    }

    pub(crate) async fn notify(&mut self, method: &str, params: Value) {
        self.send(&json!({ "jsonrpc": "2.0", "method": method, "params": params })).await;
    }

    /// Starts a prompt and returns its number.
    pub(crate) async fn prompt(&mut self, session: &str, text: &str) -> u64 {
        let prompt = json!([{ "type": "text", "text": text }]);
        self.ask("session/prompt", json!({ "sessionId": session, "prompt": prompt })).await
    }

    pub(crate) async fn cancel(&mut self, session: &str) {
        self.notify("session/cancel", json!({ "sessionId": session })).await;
    }

    /// Answers a request of the program's.
    pub(crate) async fn answer(&mut self, request: &Value, result: Value) {
        self.send(&json!({ "jsonrpc": "2.0", "id": request["id"], "result": result })).await;
    }

    /// Sends a request and waits for its result, or its error.
    pub(crate) async fn request(&mut self, method: &str, params: Value) -> Result<Value, Value> {
        let id = self.ask(method, params).await;
        self.reply(id).await
    }

    /// Waits for the reply to a request.
    pub(crate) async fn reply(&mut self, id: u64) -> Result<Value, Value> {
        let line = self.until(|line| line["id"] == id && line.get("method").is_none()).await;
        match line.get("error") {
            Some(error) => Err(error.clone()),
            None => Ok(line["result"].clone()),
        }
    }

    /// Says goodbye; what is still said is heard.
    pub(crate) async fn leave(mut self) {
        self.link.wire.end().await;
        while self.link.wire.json().await.unwrap().is_some() {}
        self.link.finish().await.unwrap();
    }

    /// The next line.
    pub(crate) async fn next(&mut self) -> Value {
        let line = self.link.wire.json().await.unwrap().expect("the connection ended");
        self.heard.push(line.clone());
        line
    }

    /// Reads until a line is the wanted one.
    pub(crate) async fn until(&mut self, wanted: impl Fn(&Value) -> bool) -> Value {
        loop {
            let line = self.next().await;
            if wanted(&line) {
                return line;
            }
        }
    }
}

/// The kind of a `session/update` line.
pub(crate) fn update(line: &Value) -> Option<&str> {
    line["params"]["update"]["sessionUpdate"].as_str()
}

/// The text of an agent's message chunk.
pub(crate) fn said(line: &Value) -> Option<&str> {
    let chunk = update(line) == Some("agent_message_chunk");
    chunk.then(|| line["params"]["update"]["content"]["text"].as_str())?
}
