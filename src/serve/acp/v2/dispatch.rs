//! The table of methods of version 2, in the order of the protocol's page.

use jsonrpsee::RpcModule;
use jsonrpsee::core::RegisterMethodError;

use super::super::{
    EngineSource, authenticate, initialize, logout, session_cancel, session_close, session_delete,
    session_list, session_prompt,
};
use super::{
    session_fork, session_new, session_resume, session_set_config_option, terminal_cancel, tool_call_cancel,
};
use crate::acp::v2::AGENT_METHOD_NAMES as AGENT;

/// Every method served, by its name on the wire.
pub const METHODS: &[&str] = &[
    AGENT.initialize,
    AGENT.auth_login,
    AGENT.auth_logout,
    AGENT.session_new,
    AGENT.session_resume,
    AGENT.session_fork,
    AGENT.session_list,
    AGENT.session_close,
    AGENT.session_delete,
    AGENT.session_set_config_option,
    AGENT.session_prompt,
    AGENT.session_cancel,
    AGENT.tool_call_cancel,
    AGENT.terminal_cancel,
];

/// Enters them. What version 2 only names otherwise, or asks and answers in the same words, is version 1's.
pub(in crate::serve::acp) fn register(
    module: &mut RpcModule<EngineSource>,
) -> Result<(), RegisterMethodError> {
    module
        .register_method(AGENT.initialize, |params, _, extensions| initialize::handle(&params, extensions))?;
    module.register_method(AGENT.auth_login, |params, engine, _| authenticate::handle(&params, engine))?;
    module.register_method(AGENT.auth_logout, |_, engine, _| logout::handle(engine))?;
    module.register_async_method(AGENT.session_new, session_new::handle)?;
    module.register_async_method(AGENT.session_resume, session_resume::handle)?;
    module.register_async_method(AGENT.session_fork, session_fork::handle)?;
    module.register_async_method(AGENT.session_list, session_list::handle)?;
    module.register_async_method(AGENT.session_close, session_close::handle)?;
    module.register_async_method(AGENT.session_delete, session_delete::handle)?;
    module.register_async_method(AGENT.session_set_config_option, session_set_config_option::handle)?;
    module.register_async_method(AGENT.session_prompt, session_prompt::handle)?;
    module.register_async_method(AGENT.session_cancel, session_cancel::handle)?;
    module.register_method(AGENT.tool_call_cancel, |params, _, extensions| {
        tool_call_cancel::handle(&params, extensions)
    })?;
    module.register_method(AGENT.terminal_cancel, |params, _, extensions| {
        terminal_cancel::handle(&params, extensions)
    })?;
    Ok(())
}
