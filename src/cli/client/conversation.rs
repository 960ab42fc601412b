use std::path::PathBuf;

use serde::Deserialize;
use serde_json::{Value, json};
use tokio::signal::unix::Signal;

use super::PrintError;
use super::show::Show;
use crate::acp::{PermissionOption, ToolCallUpdate};
use crate::cli::ask;
use crate::event::AskOutcome;
use crate::jsonrpc::Frame;
use crate::permission::Mode;
use crate::remote::leave;
use crate::transport::Transport;

/// What is to be done.
#[derive(Debug)]
pub(super) struct Order {
    pub(super) cwd: PathBuf,
    /// Go on with this one.
    pub(super) session: Option<String>,
    pub(super) mode: Option<Mode>,
    pub(super) text: String,
}

/// Why it has not come to an end of its own.
#[derive(Debug)]
pub(super) enum Failure {
    /// The server has said no, or that it failed.
    Refused(String),
    /// The connection has ended.
    Gone,
    /// The person does not want to wait any longer.
    Left,
    /// The output takes nothing any more.
    Said(PrintError),
}

/// A client's side of one session.
pub(super) struct Conversation {
    transport: Transport,
    pub(super) show: Show,
    interrupt: Signal,
    session: String,
    requests: u64,
    /// Before that, nothing is ours to be cancelled.
    prompted: bool,
    cancelled: bool,
}

/// A line of the server's, as far as it matters.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Line {
    id: Value,
    method: Option<String>,
    params: Value,
    result: Value,
    error: Option<Refusal>,
}

#[derive(Deserialize)]
struct Refusal {
    message: String,
    #[serde(default)]
    data: Value,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Asked {
    tool_call: ToolCallUpdate,
    options: Vec<PermissionOption>,
}

impl Conversation {
    pub(super) fn new(transport: Transport, show: Show, interrupt: Signal) -> Self {
        Self {
            transport,
            show,
            interrupt,
            session: String::new(),
            requests: 0,
            prompted: false,
            cancelled: false,
        }
    }

    /// Goes through it; the stop reason of the turn.
    pub(super) async fn run(&mut self, order: Order) -> Result<String, Failure> {
        let client = json!({ "name": "adjutant", "version": env!("CARGO_PKG_VERSION") });
        let hello = json!({ "protocolVersion": 1, "clientInfo": client, "clientCapabilities": {} });
        self.request("initialize", hello).await?;
        let Order { cwd, session, mode, text } = order;
        if let Some(id) = session {
            let place = json!({ "sessionId": id, "cwd": cwd, "mcpServers": [] });
            self.session = id;
            self.request("session/resume", place).await?;
        } else {
            let place = json!({ "cwd": cwd, "mcpServers": [] });
            let made = self.request("session/new", place).await?;
            made["sessionId"].as_str().unwrap_or_default().clone_into(&mut self.session);
        }
        self.show.session(&self.session);
        if let Some(mode) = mode {
            let mode = json!({ "sessionId": self.session, "modeId": mode.id() });
            self.request("session/set_mode", mode).await?;
        }
        let prompt = json!({ "sessionId": self.session, "prompt": [{ "type": "text", "text": text }] });
        self.show.begin().map_err(Failure::Said)?;
        self.prompted = true;
        let ended = self.request("session/prompt", prompt).await?;
        Ok(ended["stopReason"].as_str().unwrap_or("end_turn").to_owned())
    }

    /// Says that nothing more will come.
    pub(super) async fn leave(&mut self) {
        leave(&mut self.transport).await;
    }

    /// Asks, and does what is wanted on the way to the answer.
    async fn request(&mut self, method: &str, params: Value) -> Result<Value, Failure> {
        self.requests += 1;
        let id = Value::from(self.requests);
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params })).await?;
        loop {
            let frame = tokio::select! {
                frame = self.transport.first() => frame,
                _ = self.interrupt.recv() => {
                    self.cancel().await?;
                    continue;
                }
            };
            let line = match frame {
                Some(Ok(Frame::Line(line) | Frame::Unended(line))) => serde_json::from_slice::<Line>(&line),
                Some(Ok(Frame::TooLong { .. })) => continue,
                Some(Err(_)) | None => return Err(Failure::Gone),
            };
            // What is no message is of no concern.
            let Ok(line) = line else { continue };
            match line.method.as_deref() {
                Some("session/update") => self.update(&line.params["update"]).await?,
                Some("session/request_permission") => self.ask(line).await?,
                Some(_) if line.id.is_null() => {}
                Some(_) => {
                    let error = json!({ "code": -32601, "message": "Method not found" });
                    self.send(&json!({ "jsonrpc": "2.0", "id": line.id, "error": error })).await?;
                }
                None if line.id == id => {
                    return line.error.map_or(Ok(line.result), |error| Err(Failure::Refused(said(&error))));
                }
                None => {}
            }
        }
    }

    /// Shows an update. What nobody reads is not worth going on with.
    async fn update(&mut self, update: &Value) -> Result<(), Failure> {
        match self.show.update(update) {
            Ok(()) => Ok(()),
            Err(e) => {
                let cancel = json!({ "sessionId": self.session });
                self.send(&json!({ "jsonrpc": "2.0", "method": "session/cancel", "params": cancel })).await?;
                Err(Failure::Said(e))
            }
        }
    }

    /// Puts a question to the person, and the answer to the server.
    async fn ask(&mut self, line: Line) -> Result<(), Failure> {
        let Ok(asked) = serde_json::from_value::<Asked>(line.params) else {
            let error = json!({ "code": -32602, "message": "Invalid params" });
            return self.send(&json!({ "jsonrpc": "2.0", "id": line.id, "error": error })).await;
        };
        let chosen = tokio::select! {
            chosen = ask::person(&asked.tool_call, &asked.options) => chosen,
            _ = self.interrupt.recv() => {
                self.cancel().await?;
                AskOutcome::Cancelled
            }
        };
        let meta = json!({ "adjutant": { "unattended": chosen == AskOutcome::Absent } });
        let outcome = match chosen {
            // Nobody has said yes.
            AskOutcome::Cancelled | AskOutcome::Absent if !self.cancelled => AskOutcome::no(&asked.options),
            chosen => chosen,
        };
        let outcome = match outcome {
            AskOutcome::Selected { option } => json!({ "outcome": "selected", "optionId": option }),
            AskOutcome::Cancelled | AskOutcome::Absent => json!({ "outcome": "cancelled" }),
        };
        let result = json!({ "outcome": outcome, "_meta": meta });
        self.send(&json!({ "jsonrpc": "2.0", "id": line.id, "result": result })).await
    }

    async fn cancel(&mut self) -> Result<(), Failure> {
        if !self.prompted || std::mem::replace(&mut self.cancelled, true) {
            return Err(Failure::Left);
        }
        let params = json!({ "sessionId": self.session });
        self.send(&json!({ "jsonrpc": "2.0", "method": "session/cancel", "params": params })).await
    }

    async fn send(&mut self, message: &Value) -> Result<(), Failure> {
        self.transport.say(message).await.map_err(|_| Failure::Gone)
    }
}

/// What an error says to people.
fn said(error: &Refusal) -> String {
    match error.data["details"].as_str() {
        Some(details) => format!("{}: {details}", error.message),
        None => error.message.clone(),
    }
}
