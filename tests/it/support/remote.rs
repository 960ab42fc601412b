//! A client of the streamable HTTP: posts messages, reads event streams.

use std::time::Duration;

use reqwest::header::{ACCEPT, CONTENT_TYPE};
use reqwest::{Body, Client, ClientBuilder, RequestBuilder, Response, Version};
use serde_json::{Value, json};
use tokio::time::timeout;

use super::bench::Bench;
use super::server::Server;

const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) const CONNECTION: &str = "acp-connection-id";
pub(crate) const SESSION: &str = "acp-session-id";

/// A client of HTTP that goes straight to the server, and reads no certificates of this machine for it.
pub(crate) fn http_client() -> ClientBuilder {
    // Another test may have been first.
    let _installed = rustls::crypto::ring::default_provider().install_default();
    Client::builder().no_proxy().tls_certs_only([])
}

/// One connection.
pub(crate) struct Remote {
    http: Client,
    version: Version,
    url: String,
    token: String,
    /// What the server calls it.
    pub(crate) id: String,
    next: u64,
}

/// An event with its number.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Event {
    pub(crate) id: u64,
    pub(crate) line: Value,
}

/// A stream that is being read.
pub(crate) struct Events {
    response: Response,
    read: Vec<u8>,
    /// Comments that came so far.
    pub(crate) comments: Vec<String>,
}

impl Remote {
    /// A client that has said nothing yet.
    pub(crate) fn new(server: &Server) -> Self {
        Self::speaking(Version::HTTP_11, server)
    }

    /// The same of this version of HTTP.
    pub(crate) fn speaking(version: Version, server: &Server) -> Self {
        let http = http_client();
        let http = if version == Version::HTTP_2 { http.http2_prior_knowledge() } else { http.http1_only() };
        Self {
            http: http.build().unwrap(),
            version,
            url: format!("http://{}/acp", server.address),
            token: server.token.clone(),
            id: String::new(),
            next: 2,
        }
    }

    /// A client that has said hello, with nothing open.
    pub(crate) async fn hello(server: &Server) -> Self {
        Self::new(server).introduced().await
    }

    /// The same of one that has said nothing.
    pub(crate) async fn introduced(mut self) -> Self {
        let params = json!({ "protocolVersion": 1, "clientCapabilities": {} });
        let hello = json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params });
        let reply = self.begin(&hello).await;
        assert_eq!((&reply["id"], &reply["result"]["protocolVersion"]), (&json!(1), &json!(1)));
        self
    }

    /// Begins the connection with `initialize`; the reply.
    pub(crate) async fn begin(&mut self, initialize: &Value) -> Value {
        let response = self.request("POST").json(initialize).send().await.unwrap();
        assert_eq!((response.status().as_u16(), response.version()), (200, self.version));
        assert_eq!(response.headers()[CONTENT_TYPE], "application/json");
        response.headers()[CONNECTION].to_str().unwrap().clone_into(&mut self.id);
        response.json().await.unwrap()
    }

    /// A client with a session: the connection's stream, the session's stream and its name.
    pub(crate) async fn open(server: &Server, bench: &Bench) -> (Self, Events, Events, String) {
        let mut remote = Self::hello(server).await;
        let mut connection = remote.events(None, None).await.unwrap();
        let id = remote.ask("session/new", json!({ "cwd": bench.cwd(), "mcpServers": [] }), None).await;
        let reply = connection.reply(id).await;
        let session = reply["result"]["sessionId"].as_str().unwrap().to_owned();
        let events = remote.events(Some(&session), None).await.unwrap();
        (remote, connection, events, session)
    }

    /// The same client with a connection of that name, or with none.
    pub(crate) fn named(self, id: &str) -> Self {
        Self { id: id.to_owned(), ..self }
    }

    /// A request of this connection.
    pub(crate) fn request(&self, method: &str) -> RequestBuilder {
        let request = self.http.request(method.parse().unwrap(), &self.url).bearer_auth(&self.token);
        if self.id.is_empty() { request } else { request.header(CONNECTION, &self.id) }
    }

    /// Posts a message; the status and the text of the answer.
    pub(crate) async fn post(&self, message: &Value, session: Option<&str>) -> (u16, String) {
        self.post_body(message.to_string().into_bytes(), session).await
    }

    /// The same with any body.
    pub(crate) async fn post_body(&self, body: impl Into<Body>, session: Option<&str>) -> (u16, String) {
        let mut request = self.request("POST").header(CONTENT_TYPE, "application/json").body(body);
        if let Some(session) = session {
            request = request.header(SESSION, session);
        }
        let response = timeout(PATIENCE, request.send()).await.unwrap().unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    }

    /// Posts a request that is accepted, and returns its number.
    pub(crate) async fn ask(&mut self, method: &str, params: Value, session: Option<&str>) -> u64 {
        let id = self.next;
        self.next += 1;
        let message = json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params });
        assert_eq!(self.post(&message, session).await, (202, String::new()), "{method}");
        id
    }

    pub(crate) async fn prompt(&mut self, session: &str, text: &str) -> u64 {
        let prompt = json!([{ "type": "text", "text": text }]);
        self.ask("session/prompt", json!({ "sessionId": session, "prompt": prompt }), Some(session)).await
    }

    /// Opens a stream; `Err` is the status and the text of the refusal.
    pub(crate) async fn events(
        &self,
        session: Option<&str>,
        after: Option<u64>,
    ) -> Result<Events, (u16, String)> {
        let mut request = self.request("GET").header(ACCEPT, "text/event-stream");
        if let Some(session) = session {
            request = request.header(SESSION, session);
        }
        if let Some(after) = after {
            request = request.header("last-event-id", after);
        }
        let response = timeout(PATIENCE, request.send()).await.unwrap().unwrap();
        let status = response.status().as_u16();
        if status != 200 {
            return Err((status, response.text().await.unwrap()));
        }
        assert_eq!(response.headers()[CONTENT_TYPE], "text/event-stream");
        Ok(Events { response, read: Vec::new(), comments: Vec::new() })
    }

    /// Ends the connection; the status.
    pub(crate) async fn delete(&self) -> u16 {
        self.request("DELETE").send().await.unwrap().status().as_u16()
    }
}

impl Events {
    /// The next event; `None` at the end.
    pub(crate) async fn next(&mut self) -> Option<Event> {
        let (id, line) = self.text().await?;
        Some(Event { id, line: serde_json::from_str(&line).unwrap() })
    }

    /// Likewise, with its line as it was written.
    pub(crate) async fn text(&mut self) -> Option<(u64, String)> {
        loop {
            if let Some(end) = self.read.windows(2).position(|it| it == b"\n\n") {
                let text: Vec<u8> = self.read.drain(..end + 2).collect();
                let text = String::from_utf8(text).unwrap();
                if let Some(comment) = text.strip_prefix(':') {
                    self.comments.push(comment.trim().to_owned());
                    continue;
                }
                let (id, data) = text.trim_end().split_once('\n').unwrap();
                let id = id.strip_prefix("id: ").unwrap().parse().unwrap();
                return Some((id, data.strip_prefix("data: ").unwrap().to_owned()));
            }
            let chunk = timeout(PATIENCE, self.response.chunk()).await.expect("nothing came");
            // A connection that is cut is over too.
            self.read.extend_from_slice(&chunk.ok().flatten()?);
        }
    }

    /// Reads until a line is the wanted one; all lines read, that one last.
    pub(crate) async fn until(&mut self, wanted: impl Fn(&Value) -> bool) -> Vec<Event> {
        let mut seen = Vec::new();
        loop {
            let event = self.next().await.expect("the stream ended");
            let found = wanted(&event.line);
            seen.push(event);
            if found {
                return seen;
            }
        }
    }

    /// The reply to a request.
    pub(crate) async fn reply(&mut self, id: u64) -> Value {
        self.until(|line| line["id"] == id && line.get("method").is_none()).await.pop().unwrap().line
    }

    /// Reads to the end.
    pub(crate) async fn rest(mut self) -> (Vec<Event>, Vec<String>) {
        let mut seen = Vec::new();
        while let Some(event) = self.next().await {
            seen.push(event);
        }
        (seen, self.comments)
    }
}
