//! The messages of the protocol that are needed here, by hand: what we say, and what is said to us.

use std::path::Path;

use serde_json::{Value, json};

use super::LspError;
use super::server::Document;
use crate::uri;

/// The number of our first request; those after it count up.
pub(super) const INITIALIZE: u64 = 0;

/// Something a server sent.
#[derive(Debug)]
pub(super) enum Incoming {
    /// The answer to a request of ours; `Err` is an error in its own words.
    Answer {
        id: u64,
        result: Result<Value, String>,
    },
    /// A request, which is owed an answer.
    Request {
        id: Value,
        method: String,
        params: Value,
    },
    Notice {
        method: String,
        params: Value,
    },
}

impl Incoming {
    pub(super) fn parse(content: &[u8]) -> Result<Self, LspError> {
        let malformed = LspError::Malformed("what is no JSON-RPC");
        let Ok(Value::Object(mut message)) = serde_json::from_slice(content) else { return Err(malformed) };
        let id = message.remove("id");
        let params = message.remove("params").unwrap_or_default();
        match (message.remove("method"), id) {
            (Some(Value::String(method)), Some(id)) => Ok(Self::Request { id, method, params }),
            (Some(Value::String(method)), None) => Ok(Self::Notice { method, params }),
            (None, Some(id)) => {
                let result = match message.remove("error") {
                    Some(error) => {
                        Err(error.get("message").and_then(Value::as_str).unwrap_or_default().to_owned())
                    }
                    None => Ok(message.remove("result").unwrap_or_default()),
                };
                Ok(Self::Answer { id: id.as_u64().ok_or(malformed)?, result })
            }
            _ => Err(malformed),
        }
    }
}

fn request(id: u64, method: &str, params: &Value) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params})
}

fn notice(method: &str, params: &Value) -> Value {
    json!({"jsonrpc": "2.0", "method": method, "params": params})
}

pub(super) fn initialize(root: &Path) -> Value {
    let uri = uri::of(root);
    let name = root.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let capabilities = json!({
        "general": {"positionEncodings": ["utf-16"]},
        "textDocument": {
            "synchronization": {"didSave": true},
            "publishDiagnostics": {"versionSupport": true},
            "diagnostic": {"dynamicRegistration": false, "relatedDocumentSupport": false},
        },
        "workspace": {"configuration": true, "workspaceFolders": true},
    });
    let params = json!({
        "processId": std::process::id(),
        "clientInfo": {"name": "adjutant", "version": env!("CARGO_PKG_VERSION")},
        "rootUri": uri,
        "workspaceFolders": [{"uri": uri, "name": name}],
        "capabilities": capabilities,
    });
    request(INITIALIZE, "initialize", &params)
}

pub(super) fn initialized() -> Value {
    notice("initialized", &json!({}))
}

pub(super) fn did_open(document: &Document, version: i64) -> Value {
    let item = json!({
        "uri": uri::of(&document.path),
        "languageId": language(&document.path),
        "version": version,
        "text": document.text,
    });
    notice("textDocument/didOpen", &json!({"textDocument": item}))
}

pub(super) fn did_change(document: &Document, version: i64) -> Value {
    let item = json!({"uri": uri::of(&document.path), "version": version});
    notice(
        "textDocument/didChange",
        &json!({"textDocument": item, "contentChanges": [{"text": document.text}]}),
    )
}

pub(super) fn did_save(path: &Path) -> Value {
    notice("textDocument/didSave", &json!({"textDocument": {"uri": uri::of(path)}}))
}

pub(super) fn did_close(path: &Path) -> Value {
    notice("textDocument/didClose", &json!({"textDocument": {"uri": uri::of(path)}}))
}

pub(super) fn diagnostic(id: u64, path: &Path) -> Value {
    request(id, "textDocument/diagnostic", &json!({"textDocument": {"uri": uri::of(path)}}))
}

pub(super) fn shutdown(id: u64) -> Value {
    request(id, "shutdown", &Value::Null)
}

pub(super) fn exit() -> Value {
    notice("exit", &Value::Null)
}

/// The answer to a request of the server: no setting is known here, and nothing is done that it asks for.
pub(super) fn answer(id: &Value, method: &str, params: &Value) -> Value {
    let result = match method {
        "workspace/configuration" => {
            let items = params.get("items").and_then(Value::as_array).map_or(0, Vec::len);
            Value::Array(vec![Value::Null; items])
        }
        "workspace/applyEdit" => json!({"applied": false}),
        "client/registerCapability"
        | "client/unregisterCapability"
        | "window/workDoneProgress/create"
        | "window/showMessageRequest"
        | "workspace/workspaceFolders"
        | "workspace/diagnostic/refresh" => Value::Null,
        _ => {
            let error = json!({"code": -32601, "message": "not offered by this client"});
            return json!({"jsonrpc": "2.0", "id": id, "error": error});
        }
    };
    json!({"jsonrpc": "2.0", "id": id, "result": result})
}

/// The identifier of a file's language, which is mostly the ending of its name.
fn language(path: &Path) -> &str {
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    match ending {
        "rs" => "rust",
        "ts" | "mts" | "cts" => "typescript",
        "tsx" => "typescriptreact",
        "js" | "mjs" | "cjs" => "javascript",
        "jsx" => "javascriptreact",
        "py" | "pyi" => "python",
        "h" => "c",
        "cc" | "cxx" | "hpp" | "hh" => "cpp",
        "cs" => "csharp",
        "rb" => "ruby",
        "sh" | "bash" => "shellscript",
        "md" => "markdown",
        "yml" => "yaml",
        "ex" | "exs" => "elixir",
        "kt" => "kotlin",
        "hs" => "haskell",
        other => other,
    }
}
