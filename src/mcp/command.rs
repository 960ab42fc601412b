//! The slash command `/mcp`.

use super::server::Phase;
use super::servers::{Servers, Status};
use super::trust::{Verdict, describe};
use crate::acp::{AvailableCommand, AvailableCommandInput, UnstructuredCommandInput};
use crate::config::Origin;

const USAGE: &str = "Usage: `/mcp`, `/mcp approve <name>`, `/mcp reject <name>`, `/mcp reconnect <name>`.";

pub(super) fn available() -> AvailableCommand {
    let hint = UnstructuredCommandInput::new("approve | reject | reconnect <name>");
    AvailableCommand::new("mcp", "Show MCP servers; approve, reject or reconnect one")
        .input(AvailableCommandInput::Unstructured(hint))
}

/// Carries out what was typed; `None` when it is another command.
pub(super) fn run(servers: &Servers, typed: &str) -> Option<String> {
    let mut words = typed.split_whitespace();
    if words.next() != Some("/mcp") {
        return None;
    }
    Some(match (words.next(), words.next(), words.next()) {
        (None, ..) => servers.status().iter().map(line).collect::<Vec<_>>().join("\n"),
        (Some("approve"), Some(name), None) => judge(servers, name, Verdict::Approved),
        (Some("reject"), Some(name), None) => judge(servers, name, Verdict::Rejected),
        (Some("reconnect"), Some(name), None) => reconnect(servers, name),
        _ => USAGE.to_owned(),
    })
}

fn line(status: &Status) -> String {
    let Status { name, phase, why, tools, prompts, resources } = status;
    let what = match phase {
        Phase::Ready => format!("{tools} tools, {prompts} prompts, {resources} resources"),
        _ => why.clone().unwrap_or_default(),
    };
    let colon = if what.is_empty() { "" } else { ": " };
    format!("- **{name}**: {}{colon}{what}", phase.word())
}

fn judge(servers: &Servers, name: &str, verdict: Verdict) -> String {
    let Some(server) = servers.find(name) else { return unknown(servers, name) };
    if !matches!(server.spec.origin, Origin::Project(_)) {
        return format!("{name} is not of a project and needs no approval.");
    }
    if let Err(error) = servers.trust().record(&server.spec, verdict) {
        return format!("That cannot be remembered: {error}.");
    }
    match verdict {
        Verdict::Approved => {
            if server.state().phase == Phase::Unapproved {
                server.revive();
            }
            format!("Approved, as long as it stays the same:\n\n```\n{}\n```", describe(&server.spec))
        }
        Verdict::Rejected | Verdict::Unknown => format!("{name} is not started and not asked about again."),
    }
}

fn reconnect(servers: &Servers, name: &str) -> String {
    let Some(server) = servers.find(name) else { return unknown(servers, name) };
    match server.state().phase {
        Phase::Failed | Phase::GivenUp => {
            server.revive();
            format!("Connecting to {name} again.")
        }
        phase => format!("{name} is {}.", phase.word()),
    }
}

fn unknown(servers: &Servers, name: &str) -> String {
    let names: Vec<String> = servers.status().into_iter().map(|status| status.name).collect();
    format!("There is no MCP server {name:?}. There are: {}.", names.join(", "))
}
