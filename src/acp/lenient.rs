//! Input types for what real clients send and the schema refuses. Each says who sends it.

use std::path::PathBuf;

use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::{ClientCapabilities, ContentBlock, Implementation, Meta, SessionId, v2};

/// `initialize` of any version: as a number or as text (acplint), or none at all. Some clients (buzz) ask for the
/// draft with the fields of both.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Initialize {
    #[serde(deserialize_with = "version")]
    pub protocol_version: u64,
    #[serde(deserialize_with = "or_default")]
    pub client_capabilities: ClientCapabilities,
    #[serde(deserialize_with = "or_default")]
    pub client_info: Option<Implementation>,
    /// As version 2 has them.
    #[serde(deserialize_with = "or_default")]
    pub capabilities: v2::ClientCapabilities,
    #[serde(deserialize_with = "or_default")]
    pub info: Option<Implementation>,
}

/// `session/new`, and what `load`, `resume` and `fork` share with it: `mcpServers` may be missing, `null`
/// or `{}` (AionUI, avante); `cwd` may be relative (AionUI sends `"."`).
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SessionPlace {
    pub cwd: PathBuf,
    #[serde(default, deserialize_with = "or_default")]
    pub additional_directories: Vec<PathBuf>,
    #[serde(default, deserialize_with = "servers")]
    pub mcp_servers: Vec<Value>,
}

/// A session by its id, with the place it is to be opened in.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OpenSession {
    pub session_id: SessionId,
    #[serde(flatten)]
    pub place: SessionPlace,
    #[serde(rename = "_meta", default)]
    meta: Value,
}

impl OpenSession {
    /// Where its client goes on, as it says: `_meta.adjutant.after`.
    pub fn after(&self) -> Option<&Value> {
        self.meta.pointer("/adjutant/after").filter(|after| !after.is_null())
    }
}

/// A session by its id alone.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OneSession {
    pub session_id: SessionId,
}

/// `session/prompt`: blocks are read one by one, so that an unknown one is named in the error.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Prompt {
    pub session_id: SessionId,
    pub prompt: Vec<Value>,
    #[serde(rename = "_meta", default)]
    meta: Value,
}

impl Prompt {
    /// Whether it waits for the end of a running turn instead of being refused: `_meta.adjutant.queue`.
    pub fn waits(&self) -> bool {
        self.meta.pointer("/adjutant/queue") == Some(&Value::Bool(true))
    }

    /// The blocks as the schema has them, or which one cannot be read and why.
    pub fn blocks(&self) -> Result<Vec<ContentBlock>, String> {
        let block = |(at, value): (usize, &Value)| {
            ContentBlock::deserialize(value).map_err(|e| {
                let kind = value.get("type").and_then(Value::as_str).unwrap_or("none");
                format!("prompt[{at}] (type {kind:?}) is no content block that can be read: {e}")
            })
        };
        self.prompt.iter().enumerate().map(block).collect()
    }
}

/// The answer to `session/request_permission`, of any shape: AionUI sends an outcome `rejected`, others a
/// bare string. Only what is clearly a selection counts as one.
#[derive(Debug, Clone, Deserialize)]
pub struct PermissionAnswer {
    #[serde(default)]
    outcome: Value,
    #[serde(default, rename = "optionId")]
    option: Option<String>,
    #[serde(default, rename = "_meta")]
    meta: Value,
}

impl PermissionAnswer {
    /// Whether the client says that nobody is there to be asked; then its answer is a no.
    pub fn is_unattended(&self) -> bool {
        self.meta.pointer("/adjutant/unattended") == Some(&Value::Bool(true))
    }

    /// The id of the option that was chosen, if one was.
    pub fn selected(&self) -> Option<&str> {
        match &self.outcome {
            Value::String(word) if word == "selected" => self.option.as_deref(),
            Value::Object(outcome) if outcome.get("outcome").and_then(Value::as_str) == Some("selected") => {
                outcome.get("optionId").and_then(Value::as_str)
            }
            _ => None,
        }
    }
}

/// The answer to `elicitation/create`, of any shape: before it was stable, `action` held all of it.
/// Only what is clearly an answer counts as one.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct ElicitationAnswer {
    #[serde(default)]
    action: Value,
    #[serde(default)]
    content: Value,
}

/// What was answered.
#[derive(Debug, Clone, PartialEq)]
pub enum Elicited {
    Accepted(Value),
    Declined,
    Cancelled,
}

impl ElicitationAnswer {
    /// What it comes to; whatever is neither a yes nor a no is none.
    pub fn elicited(self) -> Elicited {
        let (action, content) = match self.action {
            Value::Object(mut inner) => {
                (inner.remove("action").unwrap_or_default(), inner.remove("content").unwrap_or(self.content))
            }
            action => (action, self.content),
        };
        match action.as_str() {
            Some("accept") => Elicited::Accepted(content),
            Some("decline") => Elicited::Declined,
            _ => Elicited::Cancelled,
        }
    }
}

/// Whether the client draws the output of our own commands as a display-only terminal (codex-acp's
/// convention, drawn by Zed): `_meta.terminal_output` is true.
pub fn draws_terminal_output(meta: Option<&Meta>) -> bool {
    meta.and_then(|meta| meta.get("terminal_output")).and_then(Value::as_bool) == Some(true)
}

fn or_default<'de, D: Deserializer<'de>, T: Default + serde::de::DeserializeOwned>(
    from: D,
) -> Result<T, D::Error> {
    let value = Value::deserialize(from)?;
    Ok(T::deserialize(value).unwrap_or_default())
}

fn version<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
    Ok(match Value::deserialize(from)? {
        Value::Number(number) => number.as_u64().unwrap_or(0),
        Value::String(text) => text.trim().parse().unwrap_or(0),
        _ => 0,
    })
}

fn servers<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Value>, D::Error> {
    Ok(match Value::deserialize(from)? {
        Value::Array(servers) => servers,
        _ => Vec::new(),
    })
}
