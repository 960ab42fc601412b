//! The MCP servers that a client names for a session, as clients really write them.

use std::time::Duration;

use serde_json::Value;

use super::version::Version;
use crate::config::{McpServer, McpTransport, Origin, Secret};

/// How long a server may take to say hello, and one call may take.
const STARTUP: Duration = Duration::from_secs(15);
const TIMEOUT: Duration = Duration::from_mins(2);

/// Version 2 has a request refused that names a server behind a transport which was not offered.
pub(super) fn admit(version: Version, list: &[Value]) -> Result<(), String> {
    if version == Version::V1 {
        return Ok(());
    }
    let kind = |server: &Value| server.get("type").and_then(Value::as_str).map(str::to_owned);
    match list.iter().filter_map(kind).find(|kind| kind != "stdio" && kind != "http") {
        Some(kind) => {
            Err(format!("mcpServers: {kind:?} is no transport that is spoken here, only stdio and http"))
        }
        None => Ok(()),
    }
}

/// Those that can be read, and a line about each of the others.
pub(super) fn read(list: &[Value]) -> (Vec<McpServer>, Vec<String>) {
    let mut servers = Vec::new();
    let mut problems = Vec::new();
    for value in list {
        match server(value) {
            Ok(server) => servers.push(server),
            Err(why) => {
                let name = value.get("name").and_then(Value::as_str).unwrap_or("without a name");
                problems.push(format!("The MCP server {name:?} cannot be used: {why}"));
            }
        }
    }
    (servers, problems)
}

fn server(value: &Value) -> Result<McpServer, &'static str> {
    let text = |field: &str| value.get(field).and_then(Value::as_str).filter(|text| !text.is_empty());
    let name = text("name").ok_or("its `name` is missing")?.to_owned();
    let pairs = |field: &str| pairs(value.get(field));
    let address = || text("url").map(Secret::new).ok_or("its `url` is missing");
    let transport = match (text("type"), text("command")) {
        (Some("http" | "streamable-http" | "streamableHttp"), _) => {
            McpTransport::Http { url: address()?, headers: pairs("headers")? }
        }
        (Some("sse"), _) => McpTransport::Sse { url: address()?, headers: pairs("headers")? },
        (None | Some("stdio"), Some(command)) => {
            McpTransport::Stdio { command: command.into(), args: args(value)?, env: pairs("env")?, cwd: None }
        }
        (None, None) if text("url").is_some() => {
            McpTransport::Http { url: address()?, headers: pairs("headers")? }
        }
        (None | Some("stdio"), None) => return Err("its `command` is missing"),
        (Some(_), _) => return Err("its `type` is none of stdio, http and sse"),
    };
    Ok(McpServer { name, transport, startup: STARTUP, timeout: TIMEOUT, origin: Origin::Client })
}

fn args(value: &Value) -> Result<Vec<Secret>, &'static str> {
    let wrong = "its `args` are no list of texts";
    match value.get("args") {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Array(args)) => {
            args.iter().map(|arg| arg.as_str().map(Secret::new).ok_or(wrong)).collect()
        }
        Some(_) => Err(wrong),
    }
}

/// Names and values: a list of `{name, value}`, as the protocol has it, or an object, as configuration files do.
fn pairs(value: Option<&Value>) -> Result<Vec<(String, Secret)>, &'static str> {
    let wrong = "its `env` or `headers` are no names and values";
    let pair = |name: Option<&str>, value: Option<&Value>| {
        let value = value.and_then(Value::as_str).ok_or(wrong)?;
        Ok((name.filter(|name| !name.is_empty()).ok_or(wrong)?.to_owned(), Secret::new(value)))
    };
    match value {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Array(list)) => {
            list.iter().map(|it| pair(it.get("name").and_then(Value::as_str), it.get("value"))).collect()
        }
        Some(Value::Object(fields)) => {
            fields.iter().map(|(name, value)| pair(Some(name), Some(value))).collect()
        }
        Some(_) => Err(wrong),
    }
}
