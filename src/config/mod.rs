//! What the person set: raw files and environment (`raw`), and what they mean ([`Config`]).
//!
//! No globals live here, and nothing is read before somebody asks: start-up waits for no file.
//!
//! What always holds: the environment is read here and nowhere else; an error names the file, the line
//! and what would be right; flags win over the environment, the environment over the file.
//!
//! To add a setting: its field in `raw`, its meaning in [`Config::load`], and a row in the tests.

mod agent;
mod environment;
mod mcp;
mod provider;
mod raw;
mod secret;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use crate::error::ErrorKind;
use crate::permission::{Mode, Rule};

pub use agent::{AgentProfile, AgentUse, Budget, Budgets, CommandTemplate, LanguageServer, Project};
pub use environment::Environment;
pub use mcp::{McpServer, McpTransport, Origin};
pub use provider::{Api, KeySource, ModelSettings, ProviderLimits, ProviderSettings};
pub use secret::Secret;

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
}

impl ConfigError {
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Invalid(_) => ErrorKind::Invalid,
            Self::Unreadable { .. } => ErrorKind::Unavailable,
        }
    }
}

impl Config {
    /// Puts file, environment and flags together. A missing file is an empty one, unless it was named.
    pub fn load(environment: &Environment, flags: &Flags) -> Result<Self, ConfigError> {
        let paths = environment.paths();
        let named = flags.config.clone().or_else(|| environment.value("ADJUTANT_CONFIG").map(PathBuf::from));
        let file = match (&named, &paths.config) {
            (Some(path), _) => raw::read(path, true)?,
            (None, Some(folder)) => raw::read(&folder.join("config.toml"), false)?,
            (None, None) => raw::Raw::default(),
        };
        let mode = match (flags.mode, &file.mode) {
            (Some(mode), _) => mode,
            (None, Some(id)) => Mode::from_id(id).map_err(|e| ConfigError::Invalid(format!("mode: {e}")))?,
            (None, None) => Mode::Default,
        };
        Ok(Self {
            model: model(environment, &file)?,
            fallback: None,
            mode,
            rules: file.permission.rules()?,
            providers: Vec::new(),
            agents: Vec::new(),
            commands: Vec::new(),
            servers: Vec::new(),
            language_servers: Vec::new(),
            budgets: Budgets::default(),
            paths,
            environment: environment.clone(),
        })
    }

    /// What the files of a project set, found from `cwd` upwards to the root of its repository.
    pub fn project(&self, _cwd: &Path) -> Project {
        Project::default()
    }
}

fn model(environment: &Environment, file: &raw::Raw) -> Result<Model, ConfigError> {
    let name = environment.value("ADJUTANT_MODEL").or(file.model.as_deref()).unwrap_or("offline");
    let script = || environment.value("ADJUTANT_SCRIPT").map(PathBuf::from);
    match name {
        "offline" => Ok(Model::Offline),
        "scripted" => script().map(Model::Scripted).ok_or_else(|| {
            ConfigError::Invalid(
                "the model \"scripted\" needs a script: set ADJUTANT_SCRIPT to its path".into(),
            )
        }),
        other => Err(ConfigError::Invalid(format!(
            "model: unknown {other:?}, the models are \"offline\" and \"scripted\""
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

    /// The person's own instructions for agents.
    pub fn instructions(&self) -> Option<PathBuf> {
        self.config.as_deref().map(|config: &Path| config.join("AGENTS.md"))
    }
}
