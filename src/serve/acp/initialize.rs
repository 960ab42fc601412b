use std::time::Duration;

use jsonrpsee::Extensions;
use jsonrpsee::types::Params;
use serde::Serialize;
use serde_json::json;

use super::client::Client;
use super::params::{Reply, client, parse};
use super::v2;
use super::version::Version;
use crate::acp::lenient::Initialize;
use crate::acp::{
    AgentAuthCapabilities, AgentCapabilities, AuthMethod, AuthMethodAgent, AuthMethodTerminal,
    ClientCapabilities, Implementation, InitializeResponse, LogoutCapabilities, McpCapabilities, Meta,
    PromptCapabilities, ProtocolVersion, SessionAdditionalDirectoriesCapabilities, SessionCapabilities,
    SessionCloseCapabilities, SessionDeleteCapabilities, SessionForkCapabilities, SessionListCapabilities,
    SessionResumeCapabilities,
};

/// The way to sign in without a terminal: what is needed is in the configuration and the environment.
/// Listed first because registries ask for one and `CodeCompanion` always calls the first.
pub(super) const LOCAL: &str = "local";
/// The way to sign in at a terminal, which the client opens: `adjutant login`.
pub(super) const LOGIN: &str = "login";

/// The reply in the version that is spoken from now on.
#[derive(Clone, Serialize)]
#[serde(untagged)]
pub(super) enum Hello {
    V1(Box<InitializeResponse>),
    V2(Box<crate::acp::v2::InitializeResponse>),
}

/// `initialize`: whatever version is asked for, the answer is the best one spoken here. Touches no disk.
pub(super) fn handle(params: &Params<'_>, extensions: &Extensions) -> Reply<Hello> {
    let request: Initialize = parse(params)?;
    let client = client(extensions)?;
    client.introduce(request);
    Ok(match client.version() {
        Version::V1 => Hello::V1(Box::new(reply(&client))),
        Version::V2 => Hello::V2(Box::new(v2::reply(&client))),
    })
}

fn reply(client: &Client) -> InitializeResponse {
    let sessions = SessionCapabilities::new()
        .list(SessionListCapabilities::new())
        .delete(SessionDeleteCapabilities::new())
        .additional_directories(SessionAdditionalDirectoriesCapabilities::new())
        .resume(SessionResumeCapabilities::new())
        .close(SessionCloseCapabilities::new())
        .fork(SessionForkCapabilities::new());
    let capabilities = AgentCapabilities::new()
        .load_session(true)
        .prompt_capabilities(PromptCapabilities::new().image(true).embedded_context(true))
        .mcp_capabilities(McpCapabilities::new().http(true).sse(true))
        .session_capabilities(sessions)
        .auth(AgentAuthCapabilities::new().logout(LogoutCapabilities::new()))
        .meta(client.grace().map(resumption));
    InitializeResponse::new(ProtocolVersion::V1)
        .agent_capabilities(capabilities)
        .auth_methods(auth_methods(client.capabilities()))
        .agent_info(information())
}

/// Who answers.
pub(super) fn information() -> Implementation {
    Implementation::new("adjutant", env!("CARGO_PKG_VERSION")).title("Adjutant".to_owned())
}

/// A connection may outlive its sockets, if its hello asks for that.
fn resumption(grace: Duration) -> Meta {
    let resumable = json!({ "resumable": { "graceSeconds": grace.as_secs() } });
    Meta::from_iter([("adjutant".to_owned(), resumable)])
}

pub(super) fn auth_methods(capabilities: &ClientCapabilities) -> Vec<AuthMethod> {
    let local = AuthMethodAgent::new(LOCAL, "Local configuration")
        .description("Keys come from the configuration, the environment and `adjutant login`".to_owned());
    let (name, description) = ("Sign in", "Stores a provider's key: `adjutant login`".to_owned());
    // Before the protocol had terminals for this, Zed had them by this convention.
    let earlier = capabilities.meta.as_ref().and_then(|meta| meta.get(TERMINAL_AUTH)) == Some(&true.into());
    let meta = earlier.then(terminal_auth);
    let login = if capabilities.auth.terminal {
        let login = AuthMethodTerminal::new(LOGIN, name).args(vec!["login".to_owned()]);
        Some(AuthMethod::Terminal(login.description(description).meta(meta)))
    } else {
        let login = AuthMethodAgent::new(LOGIN, name).description(description).meta(meta);
        earlier.then_some(AuthMethod::Agent(login))
    };
    std::iter::once(AuthMethod::Agent(local)).chain(login).collect()
}

const TERMINAL_AUTH: &str = "terminal-auth";

fn terminal_auth() -> Meta {
    let own = std::env::current_exe().unwrap_or_else(|_| "adjutant".into());
    let run = json!({ "label": "Sign in", "command": own, "args": ["login"], "env": {} });
    Meta::from_iter([(TERMINAL_AUTH.to_owned(), run)])
}
