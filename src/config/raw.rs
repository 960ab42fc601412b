//! The configuration file as it is written.

use std::io;
use std::path::Path;

use serde::Deserialize;

use super::ConfigError;
use crate::permission::Rule;

/// Largest file taken, in bytes.
const LARGEST: u64 = 1024 * 1024;

/// `config.toml`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Raw {
    /// Who answers.
    pub(super) model: Option<String>,
    /// The mode of new sessions.
    pub(super) mode: Option<String>,
    #[serde(default)]
    pub(super) permission: Permission,
}

/// `[permission]`: lists of rules, such as `allow = ["bash(cargo test:*)"]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Permission {
    allow: Vec<String>,
    ask: Vec<String>,
    deny: Vec<String>,
}

impl Permission {
    pub(super) fn rules(&self) -> Result<Vec<Rule>, ConfigError> {
        let lists = [("allow", &self.allow), ("ask", &self.ask), ("deny", &self.deny)];
        let rules = lists.into_iter().flat_map(|(word, rules)| rules.iter().map(move |text| (word, text)));
        rules
            .map(|(word, text)| {
                Rule::parse(word, text)
                    .map_err(|e| ConfigError::Invalid(format!("permission.{word}: {text:?}: {e}")))
            })
            .collect()
    }
}

/// Reads a file; a missing one is empty unless it was asked for by name.
pub(super) fn read(path: &Path, named: bool) -> Result<Raw, ConfigError> {
    let unreadable = |reason: String| ConfigError::Unreadable { path: path.to_owned(), reason };
    match std::fs::metadata(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound && !named => return Ok(Raw::default()),
        Err(e) => return Err(unreadable(e.to_string())),
        Ok(found) if found.len() > LARGEST => {
            return Err(unreadable(format!("{} bytes, more than {LARGEST}", found.len())));
        }
        Ok(_) => {}
    }
    let text = std::fs::read_to_string(path).map_err(|e| unreadable(e.to_string()))?;
    toml::from_str(&text).map_err(|e| unreadable(e.to_string().trim_end().to_owned()))
}
