//! The table of methods: the one registry of version 1, in the order of the protocol's page, and the choice among those
//! of all versions.

use jsonrpsee::RpcModule;
use jsonrpsee::core::RegisterMethodError;
use jsonrpsee::core::server::Methods;

use super::version::Version;
use super::{
    EngineSource, authenticate, initialize, logout, session_cancel, session_close, session_delete,
    session_fork, session_list, session_load, session_new, session_prompt, session_resume,
    session_set_config_option, session_set_mode, session_set_model, v2,
};
use crate::acp::{AGENT_METHOD_NAMES as AGENT, method};

/// Every method served, by its name on the wire.
pub const METHODS: &[&str] = &[
    AGENT.initialize,
    AGENT.authenticate,
    AGENT.logout,
    AGENT.session_new,
    AGENT.session_load,
    AGENT.session_resume,
    AGENT.session_fork,
    AGENT.session_list,
    AGENT.session_close,
    AGENT.session_delete,
    AGENT.session_set_mode,
    AGENT.session_set_config_option,
    method::SESSION_SET_MODEL,
    AGENT.session_prompt,
    AGENT.session_cancel,
];

/// The registries of a door, by version.
#[derive(Debug, Clone)]
pub(super) struct Tables {
    v1: Methods,
    v2: Option<Methods>,
}

impl Tables {
    pub(super) fn v1(engine: &EngineSource) -> Self {
        Self { v1: methods(engine, register), v2: None }
    }

    pub(super) fn with_v2(self, engine: &EngineSource) -> Self {
        Self { v2: Some(methods(engine, v2::register)), ..self }
    }

    /// The newest version that is spoken.
    pub(super) fn newest(&self) -> Version {
        if self.v2.is_some() { Version::V2 } else { Version::V1 }
    }

    pub(super) fn of(&self, version: Version) -> &Methods {
        match (version, &self.v2) {
            (Version::V2, Some(v2)) => v2,
            (Version::V1, _) | (Version::V2, None) => &self.v1,
        }
    }
}

/// A registry over an engine. A method that could not be entered is missing, and the log says so.
fn methods(
    engine: &EngineSource,
    register: fn(&mut RpcModule<EngineSource>) -> Result<(), RegisterMethodError>,
) -> Methods {
    let mut module = RpcModule::new(engine.clone());
    if let Err(e) = register(&mut module) {
        tracing::error!(error = %e, "a method is registered twice");
    }
    module.into()
}

fn register(module: &mut RpcModule<EngineSource>) -> Result<(), RegisterMethodError> {
    module
        .register_method(AGENT.initialize, |params, _, extensions| initialize::handle(&params, extensions))?;
    module.register_method(AGENT.authenticate, |params, engine, _| authenticate::handle(&params, engine))?;
    module.register_method(AGENT.logout, |_, engine, _| logout::handle(engine))?;
    module.register_async_method(AGENT.session_new, session_new::handle)?;
    module.register_async_method(AGENT.session_load, session_load::handle)?;
    module.register_async_method(AGENT.session_resume, session_resume::handle)?;
    module.register_async_method(AGENT.session_fork, session_fork::handle)?;
    module.register_async_method(AGENT.session_list, session_list::handle)?;
    module.register_async_method(AGENT.session_close, session_close::handle)?;
    module.register_async_method(AGENT.session_delete, session_delete::handle)?;
    module.register_async_method(AGENT.session_set_mode, session_set_mode::handle)?;
    module.register_async_method(AGENT.session_set_config_option, session_set_config_option::handle)?;
    module.register_async_method(method::SESSION_SET_MODEL, session_set_model::handle)?;
    module.register_async_method(AGENT.session_prompt, session_prompt::handle)?;
    module.register_async_method(AGENT.session_cancel, session_cancel::handle)?;
    Ok(())
}
