//! What the two sides of version 2 tell of themselves. What is asked for is read by version 1's `initialize`.

use super::super::client::Client;
use super::super::initialize::{auth_methods, information};
use super::alike::alike;
use crate::acp::{
    AuthCapabilities, AuthMethod, BooleanConfigOptionCapabilities, ClientCapabilities,
    ClientSessionCapabilities, CompactionCapabilities, ElicitationCapabilities, ElicitationFormCapabilities,
    ElicitationUrlCapabilities, Meta, NoticeCapabilities, ProtocolVersion, SessionConfigOptionsCapabilities,
    v2,
};

/// What a client of version 2 can do, in the words of version 1: it lends neither files nor terminals, shows the
/// agent's own, and takes without a word what others have to ask for.
pub(in crate::serve::acp) fn capabilities(told: &v2::ClientCapabilities) -> ClientCapabilities {
    let options = SessionConfigOptionsCapabilities::new().boolean(BooleanConfigOptionCapabilities::new());
    let session = ClientSessionCapabilities::new()
        .compaction(CompactionCapabilities::new())
        .config_options(options)
        .notices(NoticeCapabilities::new());
    let elicitation = told.elicitation.as_ref().map(|told| {
        let form = told.form.is_some().then(ElicitationFormCapabilities::new);
        let url = told.url.is_some().then(ElicitationUrlCapabilities::new);
        ElicitationCapabilities::new().form(form).url(url)
    });
    let terminal = told.auth.as_ref().is_some_and(|auth| auth.terminal.is_some());
    ClientCapabilities::new()
        .session(session)
        .elicitation(elicitation)
        .auth(AuthCapabilities::new().terminal(terminal))
        .meta(Meta::from_iter([("terminal_output".to_owned(), true.into())]))
}

/// The reply to `initialize`. Touches no disk.
pub(in crate::serve::acp) fn reply(client: &Client) -> v2::InitializeResponse {
    let prompt = v2::PromptCapabilities::new()
        .image(v2::PromptImageCapabilities::new())
        .embedded_context(v2::PromptEmbeddedContextCapabilities::new());
    let mcp = v2::McpCapabilities::new()
        .stdio(v2::McpStdioCapabilities::new())
        .http(v2::McpHttpCapabilities::new());
    let session = v2::SessionCapabilities::new()
        .prompt(prompt)
        .mcp(mcp)
        .delete(v2::SessionDeleteCapabilities::new())
        .additional_directories(v2::SessionAdditionalDirectoriesCapabilities::new())
        .fork(v2::SessionForkCapabilities::new());
    let methods = auth_methods(client.capabilities()).into_iter().filter_map(method);
    let information = alike(&information()).unwrap_or_else(|| v2::Implementation::new("adjutant", ""));
    v2::InitializeResponse::new(ProtocolVersion::V2, information)
        .capabilities(v2::AgentCapabilities::new().session(session))
        .auth_methods(methods.collect())
}

fn method(method: AuthMethod) -> Option<v2::AuthMethod> {
    match method {
        AuthMethod::Agent(it) => {
            let agent = v2::AuthMethodAgent::new(it.id.0, it.name).description(it.description);
            Some(v2::AuthMethod::Agent(agent))
        }
        AuthMethod::Terminal(it) => {
            let terminal = v2::AuthMethodTerminal::new(it.id.0, it.name).description(it.description);
            Some(v2::AuthMethod::Terminal(terminal.args(it.args)))
        }
        _ => None,
    }
}
