//! A temporary place with a home, a workspace and a model's script.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;

use adjutant::agent::AgentBackend;
use adjutant::agent::builtin::{Builtin, Caps, Parts};
use adjutant::app;
use adjutant::clock::Clock;
use adjutant::config::{Config, Environment, Flags, Keys, Paths};
use adjutant::engine::{Engine, EngineSource};
use adjutant::permission::Mode;
use adjutant::provider::{Catalogue, Models, Only, scripted};
use adjutant::serve::Doors;
use adjutant::serve::acp::Door;
use adjutant::session::{Sessions, StoredGrants, StoredLedger};
use adjutant::store::{self, Place, Store};
use adjutant::tool::Registry;
use adjutant::workspace::LocalCommands;
use tempfile::TempDir;
use tokio::process::Command;

/// The program under test.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_adjutant");

/// Who answers in a bench's engines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Model {
    Scripted,
    Offline,
    /// Whoever the configuration file names.
    Configured,
}

/// A home, a workspace and a script, gone with the value.
#[derive(Debug)]
pub(crate) struct Bench {
    root: TempDir,
    model: Model,
}

impl Bench {
    /// An empty place with a model that says `script`.
    pub(crate) fn scripted(script: &str) -> Self {
        Self::new(Model::Scripted, script)
    }

    pub(crate) fn new(model: Model, script: &str) -> Self {
        let bench = Self { root: tempfile::tempdir().unwrap(), model };
        for folder in [bench.home(), bench.cwd()] {
            std::fs::create_dir(folder).unwrap();
        }
        std::fs::write(bench.script(), script).unwrap();
        bench
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.root.path().canonicalize().unwrap()
    }

    pub(crate) fn home(&self) -> PathBuf {
        self.root().join("home")
    }

    /// The workspace.
    pub(crate) fn cwd(&self) -> PathBuf {
        self.root().join("work")
    }

    pub(crate) fn script(&self) -> PathBuf {
        self.root().join("script.jsonl")
    }

    /// A file of the workspace, with its folders.
    pub(crate) fn write(&self, path: &str, content: &str) {
        let path = self.cwd().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    pub(crate) fn read(&self, path: &str) -> std::io::Result<String> {
        std::fs::read_to_string(self.cwd().join(path))
    }

    /// Variables of the program's environment.
    pub(crate) fn variables(&self) -> [(&'static str, String); 3] {
        let text = |path: PathBuf| path.to_str().unwrap().to_owned();
        let model = match self.model {
            Model::Scripted => "scripted",
            Model::Offline => "offline",
            Model::Configured => "",
        };
        [
            ("HOME", text(self.home())),
            ("ADJUTANT_MODEL", model.to_owned()),
            ("ADJUTANT_SCRIPT", text(self.script())),
        ]
    }

    /// The program in the root folder, with no terminal.
    pub(crate) fn program(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(PROGRAM);
        command
            .args(arguments)
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .envs(self.variables())
            .current_dir(self.root())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }

    /// A door to an engine put together as the program does it; only what it starts is supervised by the program,
    /// which this process is not.
    pub(crate) fn door(&self) -> Arc<Door> {
        Arc::new(Door::new(self.engine()))
    }

    /// All doors to such an engine.
    pub(crate) fn doors(&self) -> Arc<Doors> {
        self.doors_offering(false)
    }

    /// The same; `v2`: they offer the draft of the protocol's version 2.
    pub(crate) fn doors_offering(&self, v2: bool) -> Arc<Doors> {
        Arc::new(Doors::local(self.engine()).offering(v2))
    }

    fn engine(&self) -> EngineSource {
        let variables = self.variables();
        let environment = Environment::of(variables.each_ref().map(|(name, value)| (*name, value.as_str())));
        app::engine_under(PathBuf::from(PROGRAM), environment, Flags::default())
    }

    /// A door to an engine over a store of the caller's. New sessions are in `mode`.
    pub(crate) fn door_over(&self, store: Arc<dyn Store>, mode: Mode) -> Arc<Door> {
        self.door_under(store, Config { mode, ..Config::default() })
    }

    /// Likewise, under a configuration of the caller's, which is given the bench's home.
    pub(crate) fn door_under(&self, store: Arc<dyn Store>, config: Config) -> Arc<Door> {
        self.door_asking(store, config, Only(scripted::answerer(&self.script()).unwrap()))
    }

    /// Likewise, with a model of the caller's.
    pub(crate) fn door_asking(&self, store: Arc<dyn Store>, config: Config, models: Only) -> Arc<Door> {
        let paths = Paths { home: Some(self.home()), ..Paths::default() };
        let config = Arc::new(Config { paths, ..config });
        door_to(store, config, Arc::new(models))
    }

    /// All doors, for whoever comes, to an engine with room for so many open sessions.
    pub(crate) fn doors_holding(&self, most: usize) -> Arc<Doors> {
        let paths = Paths { home: Some(self.home()), ..Paths::default() };
        let config = Arc::new(Config { paths, ..Config::default() });
        let models = Arc::new(Only(scripted::answerer(&self.script()).unwrap()));
        let register = |store, agent, clock| Sessions::holding(most, store, agent, clock);
        let engine = engine_of(store::open(Place::Memory), config, models, register);
        Arc::new(Doors::shared(EngineSource::new(move || Ok(engine.clone()))))
    }

    /// A door to an engine with the models of a configuration of the caller's, which is given the bench's folders.
    pub(crate) fn door_of(&self, config: Config) -> Arc<Door> {
        let home = self.home();
        let paths = Paths { config: Some(home.join("config")), home: Some(home), ..Paths::default() };
        let config = Arc::new(Config { paths, ..config });
        let models = Arc::new(Catalogue::new(Arc::clone(&config)));
        door_to(store::open(Place::Memory), config, models)
    }
}

fn door_to(store: Arc<dyn Store>, config: Arc<Config>, models: Arc<dyn Models>) -> Arc<Door> {
    let engine = engine_of(store, config, models, Sessions::new);
    Arc::new(Door::new(EngineSource::new(move || Ok(engine.clone()))))
}

fn engine_of(
    store: Arc<dyn Store>,
    config: Arc<Config>,
    models: Arc<dyn Models>,
    register: impl FnOnce(Arc<dyn Store>, Arc<dyn AgentBackend>, Clock) -> Sessions,
) -> Engine {
    let clock = Clock::real();
    let (mode, keys) = (config.mode, Keys::new(Arc::clone(&config)));
    let agent = Builtin::new(Parts {
        config,
        models,
        tools: Registry::standard(),
        processes: LocalCommands::new(Path::new(PROGRAM).to_owned()),
        grants: Arc::new(StoredGrants::new(Arc::clone(&store), clock.clone())),
        ledger: Arc::new(StoredLedger::new(Arc::clone(&store), clock.clone())),
        clock: clock.clone(),
        caps: Caps::default(),
        commands: Vec::new(),
    });
    Engine {
        sessions: register(store, Arc::new(agent), clock),
        commands: Arc::new(LocalCommands::new(Path::new(PROGRAM).to_owned())),
        mode,
        keys,
        warnings: Arc::new([]),
    }
}
