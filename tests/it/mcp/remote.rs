//! A remote MCP server on a port of this machine: streamable HTTP, the transport before it, and an authorization
//! server beside them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_util::task::AbortOnDropHandle;

/// A request as it came.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) line: String,
    /// By name in small letters.
    pub(super) headers: HashMap<String, String>,
    pub(super) body: String,
}

/// What is asked of whoever wants in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Gate {
    Open,
    /// Nothing without a token that was given out last.
    Tokens,
    /// Everything but calls, and what follows one: that is never answered.
    Hung,
}

pub(super) struct Remote {
    pub(super) address: String,
    shared: Arc<Shared>,
    _serving: AbortOnDropHandle<()>,
}

struct Shared {
    address: String,
    gate: Gate,
    asked: Mutex<Vec<Asked>>,
    /// The open stream of events.
    events: Mutex<Option<mpsc::Sender<String>>>,
    /// How many tokens were given out.
    tokens: Mutex<usize>,
}

impl Remote {
    pub(super) async fn start(gate: Gate) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let shared = Arc::new(Shared {
            address: address.clone(),
            gate,
            asked: Mutex::default(),
            events: Mutex::default(),
            tokens: Mutex::default(),
        });
        let serving = Arc::clone(&shared);
        let serving = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(Arc::clone(&serving).connection(stream));
            }
        });
        Self { address, shared, _serving: AbortOnDropHandle::new(serving) }
    }

    /// Requests whose first line begins like this.
    pub(super) fn asked(&self, beginning: &str) -> Vec<Asked> {
        let asked = self.shared.asked.lock().unwrap();
        asked.iter().filter(|it| it.line.starts_with(beginning)).cloned().collect()
    }

    /// Lets no token in that was given out so far.
    pub(super) fn forget_tokens(&self) {
        *self.shared.tokens.lock().unwrap() += 100;
    }
}

async fn read(stream: &mut TcpStream) -> Option<Asked> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(at) = bytes.windows(4).position(|it| it == b"\r\n\r\n") {
            break at + 4;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let mut lines = head.lines();
    let line = lines.next()?.to_owned();
    let headers: HashMap<_, _> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
        .collect();
    let length = headers.get("content-length").map_or(0, |length| length.parse().unwrap());
    while bytes.len() < end + length {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
    Some(Asked { line, headers, body: String::from_utf8(bytes[end..].to_vec()).unwrap() })
}

impl Shared {
    async fn connection(self: Arc<Self>, mut stream: TcpStream) {
        let Some(asked) = read(&mut stream).await else { return };
        self.asked.lock().unwrap().push(asked.clone());
        let is_hung = ["tools/call", "notifications/cancelled"].iter().any(|it| asked.body.contains(it));
        if self.gate == Gate::Hung && is_hung {
            return std::future::pending().await;
        }
        let words: Vec<&str> = asked.line.split(' ').collect();
        let path = words[1].split('?').next().unwrap();
        if words[0] == "GET" && path == "/sse" {
            return self.events(stream).await;
        }
        let (status, more, body) = self.answer(words[0], path, &asked).await;
        let length = body.len();
        let head =
            format!("HTTP/1.1 {status}\r\n{more}content-length: {length}\r\nconnection: close\r\n\r\n");
        let _gone = stream.write_all(format!("{head}{body}").as_bytes()).await;
    }

    async fn events(&self, mut stream: TcpStream) {
        let (sender, mut events) = mpsc::channel::<String>(16);
        *self.events.lock().unwrap() = Some(sender);
        let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";
        let first = "event: endpoint\ndata: /messages?session=1\n\n";
        let _gone = stream.write_all(format!("{head}: hello\n\n{first}").as_bytes()).await;
        while let Some(event) = events.recv().await {
            if stream.write_all(format!("event: message\ndata: {event}\n\n").as_bytes()).await.is_err() {
                return;
            }
        }
    }

    async fn answer(&self, method: &str, path: &str, asked: &Asked) -> (&'static str, String, String) {
        let json_type = "content-type: application/json\r\n".to_owned();
        let ok = |body: Value| ("200 OK", json_type.clone(), body.to_string());
        let address = &self.address;
        let token = format!("Bearer token-{}", self.tokens.lock().unwrap());
        let welcome = self.gate != Gate::Tokens || asked.headers.get("authorization") == Some(&token);
        match (method, path) {
            ("POST", "/mcp" | "/messages") if !welcome => {
                let challenge = format!(
                    "www-authenticate: Bearer resource_metadata=\"{address}/.well-known/oauth-protected-resource\"\r\n"
                );
                ("401 Unauthorized", challenge, String::new())
            }
            ("POST", "/mcp") => match reply(&asked.body) {
                Some(reply) => ok(reply),
                None => ("202 Accepted", String::new(), String::new()),
            },
            ("POST", "/messages") => {
                let events = self.events.lock().unwrap().clone().unwrap();
                if let Some(reply) = reply(&asked.body) {
                    events.send(reply.to_string()).await.unwrap();
                }
                ("202 Accepted", String::new(), "Accepted".to_owned())
            }
            ("POST", "/away") => (
                "307 Temporary Redirect",
                format!("location: {}/mcp\r\n", address.replace("127.0.0.1", "localhost")),
                String::new(),
            ),
            ("POST", "/here") => ("307 Temporary Redirect", "location: /mcp\r\n".to_owned(), String::new()),
            ("GET", "/.well-known/oauth-protected-resource") => {
                ok(json!({"resource": format!("{address}/mcp"), "authorization_servers": [address]}))
            }
            ("GET", "/.well-known/oauth-authorization-server") => ok(json!({
                "issuer": address,
                "authorization_endpoint": format!("{address}/authorize"),
                "token_endpoint": format!("{address}/token"),
                "registration_endpoint": format!("{address}/register"),
                "response_types_supported": ["code"],
                "grant_types_supported": ["authorization_code", "refresh_token"],
                "code_challenge_methods_supported": ["S256"],
                "token_endpoint_auth_methods_supported": ["none"],
            })),
            ("POST", "/register") => {
                let asked: Value = serde_json::from_str(&asked.body).unwrap();
                ok(
                    json!({"client_id": "client-1", "redirect_uris": asked["redirect_uris"], "token_endpoint_auth_method": "none"}),
                )
            }
            ("POST", "/token") => {
                let mut tokens = self.tokens.lock().unwrap();
                *tokens += 1;
                ok(
                    json!({"access_token": format!("token-{tokens}"), "token_type": "Bearer", "expires_in": 3600, "refresh_token": "refresh-1"}),
                )
            }
            _ => ("404 Not Found", String::new(), String::new()),
        }
    }
}

/// What the server says to a message; nothing to a notification.
fn reply(body: &str) -> Option<Value> {
    let message: Value = serde_json::from_str(body).ok()?;
    let id = message.get("id")?;
    let result = match message["method"].as_str()? {
        "initialize" => json!({
            "protocolVersion": "2025-03-26", "capabilities": {"tools": {}},
            "serverInfo": {"name": "remote", "version": "1"},
        }),
        "tools/list" => json!({"tools": [{"name": "echo", "inputSchema": {"type": "object"}}]}),
        "tools/call" => {
            json!({"content": [{"type": "text", "text": message["params"]["arguments"].to_string()}]})
        }
        _ => {
            return Some(
                json!({"jsonrpc": "2.0", "id": id, "error": {"code": -32601, "message": "no such method"}}),
            );
        }
    };
    Some(json!({"jsonrpc": "2.0", "id": id, "result": result}))
}
