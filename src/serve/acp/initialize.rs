use jsonrpsee::Extensions;
use jsonrpsee::types::Params;

use super::params::{Reply, client, parse};
use crate::acp::lenient::Initialize;
use crate::acp::{
    AgentAuthCapabilities, AgentCapabilities, AuthMethod, AuthMethodAgent, Implementation,
    InitializeResponse, LogoutCapabilities, PromptCapabilities, ProtocolVersion,
    SessionAdditionalDirectoriesCapabilities, SessionCapabilities, SessionCloseCapabilities,
    SessionDeleteCapabilities, SessionForkCapabilities, SessionListCapabilities, SessionResumeCapabilities,
};

/// The one way to sign in: nothing to do, what is needed is in the configuration and the environment.
/// Listed because registries ask for one and `CodeCompanion` always calls the first.
pub(super) const LOCAL: &str = "local";

/// `initialize`: whatever version is asked for, the answer is the one spoken here. Touches no disk.
pub(super) fn handle(params: &Params<'_>, extensions: &Extensions) -> Reply<InitializeResponse> {
    let request: Initialize = parse(params)?;
    client(extensions)?.introduce(request);
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
        .session_capabilities(sessions)
        .auth(AgentAuthCapabilities::new().logout(LogoutCapabilities::new()));
    let local = AuthMethodAgent::new(LOCAL, "Local configuration").description(
        "Nothing to sign in to: keys come from the configuration and the environment".to_owned(),
    );
    let info = Implementation::new("adjutant", env!("CARGO_PKG_VERSION")).title("Adjutant".to_owned());
    Ok(InitializeResponse::new(ProtocolVersion::V1)
        .agent_capabilities(capabilities)
        .auth_methods(vec![AuthMethod::Agent(local)])
        .agent_info(info))
}
