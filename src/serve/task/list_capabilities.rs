use serde::Serialize;

use super::error::{Code, Failure};
use super::work::{KINDS, own_folder};
use super::{METHODS, Shared};
use crate::agent::{OptionKind, Settings};

/// What can be asked for.
#[derive(Debug, Serialize)]
pub(super) struct Capabilities {
    methods: [&'static str; METHODS.len()],
    /// Categories that `execute_task` can be restricted to.
    tools: Vec<&'static str>,
    agents: Vec<String>,
    models: Vec<String>,
}

/// `list_capabilities`: agents and models as they are in the server's own folder.
pub(super) fn handle(shared: &Shared) -> Result<Capabilities, Failure> {
    let engine = shared.engine.engine().map_err(|why| Failure::new(Code::TaskFailed, &why))?;
    let settings = Settings { mode: engine.mode, options: Vec::new() };
    let offered = engine.sessions.backend().options(&own_folder()?, &settings);
    let values = |kind| {
        let values = offered.iter().filter(|option| option.kind == kind).flat_map(|option| &option.values);
        values.map(|value| value.id.clone()).collect()
    };
    Ok(Capabilities {
        methods: METHODS,
        tools: KINDS.iter().map(|(name, _)| *name).collect(),
        agents: values(OptionKind::Agent),
        models: values(OptionKind::Model),
    })
}
