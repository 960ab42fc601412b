//! The composition root: the only place where every concrete thing is named together. It builds, it is
//! never passed around.

use std::path::PathBuf;
use std::sync::Arc;

use crate::acp::{AvailableCommand, AvailableCommandInput, SessionId, UnstructuredCommandInput};
use crate::agent::builtin::{self, Builtin, Caps, Parts};
use crate::clock::Clock;
use crate::config::{Config, Environment, Flags, Keys, Model, Paths};
use crate::engine::{Engine, EngineSource};
use crate::provider::offline::{self, SlashCommand};
use crate::provider::{Catalogue, Models, Only, scripted};
use crate::session::{Sessions, StoredGrants, StoredLedger};
use crate::store::{self, Place, Store};
use crate::tool::Registry;
use crate::workspace::LocalCommands;

/// The engine as the environment, the configuration and the flags want it, built when it is first needed.
pub fn engine(environment: Environment, flags: Flags) -> EngineSource {
    engine_under(own_executable(), environment, flags)
}

/// The same with another executable that supervises what is started.
pub fn engine_under(supervisor: PathBuf, environment: Environment, flags: Flags) -> EngineSource {
    EngineSource::new(move || {
        let config = Config::load(&environment, &flags).map_err(|e| e.to_string())?;
        build(config, LocalCommands::new(supervisor.clone()))
    })
}

/// The store alone, for commands that only look.
pub fn store(paths: &Paths) -> Arc<dyn Store> {
    store::open(paths.sessions().map_or(Place::Memory, Place::File))
}

/// Removes what is kept of a deleted session beside the store.
pub fn forget(paths: &Paths, session: &SessionId) {
    if let Some(data) = &paths.data {
        builtin::forget(data, session);
    }
}

fn build(config: Config, processes: LocalCommands) -> Result<Engine, String> {
    let mut warnings = config.problems.clone();
    if config.paths.data.is_none() {
        warnings.push(
            "No home directory: sessions are kept in memory and are gone at the end. Set HOME.".to_owned(),
        );
    }
    let store = store(&config.paths);
    let clock = Clock::real();
    let (mode, config) = (config.mode, Arc::new(config));
    let keys = Keys::new(Arc::clone(&config));
    if let Err(e) = keys.file().read() {
        warnings.push(e.to_string());
    }
    let models = models(&config)?;
    let commands = commands();
    let agent = Builtin::new(Parts {
        config,
        models,
        tools: Registry::standard(),
        processes: processes.clone(),
        grants: Arc::new(StoredGrants::new(Arc::clone(&store), clock.clone())),
        ledger: Arc::new(StoredLedger::new(Arc::clone(&store), clock.clone())),
        clock: clock.clone(),
        caps: Caps::default(),
        commands,
    });
    Ok(Engine {
        sessions: Sessions::new(store, Arc::new(agent), clock),
        commands: Arc::new(processes),
        mode,
        keys,
        warnings: warnings.into(),
    })
}

/// Where servers run, for commands that only look.
pub fn processes() -> LocalCommands {
    LocalCommands::new(own_executable())
}

/// All models there are, for commands that only look.
pub fn catalogue(config: Config) -> Catalogue {
    Catalogue::new(Arc::new(config))
}

fn models(config: &Arc<Config>) -> Result<Arc<dyn Models>, String> {
    Ok(match &config.model {
        Model::Offline | Model::Auto | Model::Named(_) => Arc::new(Catalogue::new(Arc::clone(config))),
        Model::Scripted(path) => Arc::new(Only(scripted::answerer(path).map_err(|e| e.to_string())?)),
    })
}

/// What the command agent understands.
fn commands() -> Vec<AvailableCommand> {
    let command = |known: &SlashCommand| {
        let command = AvailableCommand::new(known.name, known.description);
        let input =
            known.hint.map(|hint| AvailableCommandInput::Unstructured(UnstructuredCommandInput::new(hint)));
        command.input(input)
    };
    offline::commands().iter().map(command).collect()
}

/// Commands are run under our own executable as their supervisor: the very one that runs now, also when
/// another one was installed in its place meanwhile.
fn own_executable() -> PathBuf {
    if cfg!(target_os = "linux") {
        return PathBuf::from("/proc/self/exe");
    }
    std::env::current_exe().unwrap_or_else(|_| PathBuf::from("adjutant"))
}
