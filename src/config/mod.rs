//! What was set: files, environment and flags become one tree that knows where each value came from (`layer`, `tree`);
//! what the tree may say is `raw`; what it means is [`Config`] for the person, and [`Project`] for the folder they work in.
//!
//! No globals live here, and nothing is read before somebody asks: start-up waits for no file.
//!
//! What always holds: the environment is read here and nowhere else; flags win over the environment, the environment over
//! files, `config.toml` over the files of other agents; an error in `config.toml` names the file, the line and what would
//! be right, and anything wrong elsewhere is a line of `problems`; files of a project run nothing, redirect nothing and
//! loosen nothing.
//!
//! To add a setting: its field in `raw`, whose words become the reference; its meaning in `meaning`; a row in the tests;
//! and, if other agents have it too, its row in `import`.

mod agent;
mod environment;
mod file;
mod import;
mod keys;
mod known;
mod layer;
mod markdown;
mod mcp;
mod meaning;
mod private;
mod problem;
mod project;
mod provider;
mod raw;
mod secret;
mod show;
mod tree;

#[cfg(test)]
mod tests;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use crate::error::ErrorKind;
use crate::permission::{Mode, Rule};
use meaning::Reading;
use problem::Problems;

pub use agent::{AgentProfile, AgentUse, Budget, Budgets, CommandTemplate, LanguageServer, Project};
pub use environment::Environment;
pub use keys::{Key, KeyFile, KeyPlace, Keys, StoredKeys};
pub use mcp::{McpServer, McpTransport, Origin};
pub use private::PrivateFile;
pub use provider::{Api, KeySource, ModelSettings, ProviderLimits, ProviderSettings};
pub use secret::Secret;
pub use show::Setting;

/// The JSON schema of `config.toml`.
pub const SCHEMA: &str = include_str!("../../schema/config.json");

/// What is in force.
#[derive(Debug, Clone, Default)]
pub struct Config {
    pub model: Model,
    /// The model that answers where the chosen one has no key.
    pub fallback: Option<String>,
    /// The mode of new sessions.
    pub mode: Mode,
    pub rules: Vec<Rule>,
    /// Providers that are set, and those that everybody knows.
    pub providers: Vec<ProviderSettings>,
    /// The person's own agents, commands, MCP and language servers.
    pub agents: Vec<AgentProfile>,
    pub commands: Vec<CommandTemplate>,
    pub servers: Vec<McpServer>,
    pub language_servers: Vec<LanguageServer>,
    pub budgets: Budgets,
    /// The person's own folders with skills, in the order of their weight.
    pub skills: Vec<PathBuf>,
    /// What is wrong with what is optional, a line each: told, and otherwise as if it were not there.
    pub problems: Vec<String>,
    pub paths: Paths,
    /// Where keys are looked for.
    pub environment: Environment,
}

/// Who answers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Model {
    /// The first provider with a key, else offline.
    #[default]
    Auto,
    /// That one: `provider/model`.
    Named(String),
    /// The command agent that needs no model.
    Offline,
    /// A script file, for tests and benchmarks.
    Scripted(PathBuf),
}

/// Where things are, after the XDG base directory specification. `None`: there is no home.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Paths {
    pub home: Option<PathBuf>,
    /// Configuration: `config.toml`, `AGENTS.md`.
    pub config: Option<PathBuf>,
    /// Sessions.
    pub data: Option<PathBuf>,
    /// Logs.
    pub state: Option<PathBuf>,
}

/// What is set on the command line, above everything else.
#[derive(Debug, Clone, Default)]
pub struct Flags {
    pub config: Option<PathBuf>,
    pub mode: Option<Mode>,
}

/// What is wrong with a setting.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ConfigError {
    /// A value that means nothing.
    #[error("{0}")]
    Invalid(String),
    /// A file that cannot be read.
    #[error("{path}: {reason}")]
    Unreadable { path: PathBuf, reason: String },
    /// A file that cannot be written.
    #[error("{path} cannot be written: {reason}")]
    Unwritable { path: PathBuf, reason: String },
}

impl ConfigError {
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Invalid(_) => ErrorKind::Invalid,
            Self::Unreadable { .. } | Self::Unwritable { .. } => ErrorKind::Unavailable,
        }
    }
}

impl Flags {
    /// The configuration file: the one that was named, else the usual one. `None`: there is no home.
    pub fn file(&self, environment: &Environment) -> Option<PathBuf> {
        self.named(environment).or_else(|| Some(environment.paths().config?.join("config.toml")))
    }

    /// The file that is read instead of the usual ones.
    fn named(&self, environment: &Environment) -> Option<PathBuf> {
        self.config.clone().or_else(|| environment.value("ADJUTANT_CONFIG").map(PathBuf::from))
    }
}

impl Config {
    /// Puts all layers together. A missing file is an empty one, unless it was named.
    pub fn load(environment: &Environment, flags: &Flags) -> Result<Self, ConfigError> {
        let paths = environment.paths();
        let mut problems = Problems::default();
        let tree = layer::person(environment, flags, &paths, &mut problems)?;
        let raw: raw::Raw = tree::read(&tree, "").map_err(ConfigError::Invalid)?;
        let mut reading =
            Reading { environment, home: paths.home.as_deref(), project: None, problems: &mut problems };
        Ok(Self {
            model: model(environment, raw.model.as_deref())?,
            fallback: raw.fallback.map(|model| known::model(&model)),
            mode: raw.mode.unwrap_or_default(),
            rules: meaning::all_rules(&tree, "").map_err(ConfigError::Invalid)?,
            providers: reading.providers(&tree),
            agents: reading.agents(&tree),
            commands: reading.commands(&tree),
            servers: reading.servers(&tree),
            language_servers: reading.language_servers(&tree),
            budgets: meaning::budgets(&raw.budget, &tree).map_err(ConfigError::Invalid)?,
            skills: paths.skills(),
            problems: problems.into_lines(),
            paths,
            environment: environment.clone(),
        })
    }

    /// What the files of a project set, found from `cwd` upwards to the root of its repository.
    pub fn project(&self, cwd: &Path) -> Project {
        project::read(self, cwd)
    }

    /// Every value in force in a working directory, with where it came from, and what is wrong with what is optional.
    pub fn settings(
        environment: &Environment,
        flags: &Flags,
        cwd: &Path,
    ) -> Result<(Vec<Setting>, Vec<String>), ConfigError> {
        show::settings(environment, flags, cwd)
    }
}

fn model(environment: &Environment, name: Option<&str>) -> Result<Model, ConfigError> {
    let script = || environment.value("ADJUTANT_SCRIPT").map(PathBuf::from);
    match name.unwrap_or("auto") {
        "auto" => Ok(Model::Auto),
        "offline" => Ok(Model::Offline),
        "scripted" => script().map(Model::Scripted).ok_or_else(|| {
            ConfigError::Invalid(
                "the model \"scripted\" needs a script: set ADJUTANT_SCRIPT to its path".into(),
            )
        }),
        name if name.contains('/') => Ok(Model::Named(known::model(name))),
        other => Err(ConfigError::Invalid(format!(
            "model: unknown {other:?}: write provider/model, \"auto\", \"offline\" or \"scripted\""
        ))),
    }
}

impl Paths {
    /// Our own folders, which no tool may write.
    pub fn own(&self) -> Vec<PathBuf> {
        [&self.config, &self.data, &self.state].into_iter().flatten().cloned().collect()
    }

    /// The file that sessions are kept in.
    pub fn sessions(&self) -> Option<PathBuf> {
        self.data.as_deref().map(|data| data.join("sessions.db"))
    }

    /// The person's own folders with skills, those that exist.
    fn skills(&self) -> Vec<PathBuf> {
        let beside = |name: &str| self.config.as_deref().map(|config| config.with_file_name(name));
        let home = |name: &str| self.home.as_deref().map(|home| home.join(name));
        let folders = [
            self.config.as_deref().map(|config| config.join("skills")),
            home(".agents/skills"),
            home(".claude/skills"),
            beside("opencode/skills"),
            beside("opencode/skill"),
        ];
        folders.into_iter().flatten().filter(|folder| folder.is_dir()).collect()
    }

    /// What the person approved of the servers that projects name.
    pub fn approvals(&self) -> Option<PathBuf> {
        self.data.as_deref().map(|data| data.join("trust.json"))
    }

    /// Where a server that listens there writes down how to reach it, while it runs. The name is the port alone for the
    /// one that `127.0.0.1` leads to, of which there is one at a time.
    pub fn server(&self, address: SocketAddr) -> Option<PathBuf> {
        let (ip, port) = (address.ip().to_canonical(), address.port());
        let usual = ip.is_unspecified() || ip == Ipv4Addr::LOCALHOST;
        let name = if usual { port.to_string() } else { SocketAddr::new(ip, port).to_string() };
        self.servers().map(|folder| folder.join(format!("{name}.json")))
    }

    /// Where all of them do.
    pub fn servers(&self) -> Option<PathBuf> {
        self.data.as_deref().map(|data| data.join("servers"))
    }

    /// The certificate that servers of this person vouch for themselves with, and its key.
    pub fn tls(&self) -> Option<PathBuf> {
        self.data.as_deref().map(|data| data.join("tls.pem"))
    }

    /// The person's sign-ins to MCP servers.
    pub fn sign_ins(&self) -> Option<PathBuf> {
        self.config.as_deref().map(|config| config.join("mcp-sign-ins.json"))
    }

    /// The person's own instructions for agents.
    pub fn instructions(&self) -> Option<PathBuf> {
        self.config.as_deref().map(|config: &Path| config.join("AGENTS.md"))
    }
}
