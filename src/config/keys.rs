//! Whose keys: where they are looked for, and the file that `adjutant login` stores them in.
//!
//! The file is `keys.json` beside `config.toml`, mode 0600: what the keyring of a desktop adds (a lock while nobody is
//! logged in) is not there over ssh, in a container or on a server, where such an agent runs as often, and the crate
//! that speaks to it brings a hundred others. What others can read is not used.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Config, ConfigError, Environment, KeySource, Paths, PrivateFile, ProviderSettings, Secret};

#[cfg(test)]
mod tests;

/// Where keys are looked for.
#[derive(Debug, Clone)]
pub struct Keys {
    config: Arc<Config>,
    file: KeyFile,
}

/// A provider's key, and where it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    pub secret: Option<Secret>,
    pub place: KeyPlace,
}

/// Where a key was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyPlace {
    /// Nowhere: none is needed.
    NotNeeded,
    /// In the configuration.
    Config,
    /// In the environment variable of that name.
    Variable(String),
    /// In the key file.
    File,
}

/// What the key file holds, by the provider's id.
#[derive(Debug, Default)]
pub struct StoredKeys(BTreeMap<String, Secret>);

impl Keys {
    pub fn new(config: Arc<Config>) -> Self {
        Self { file: KeyFile::new(&config.paths), config }
    }

    /// The key file.
    pub fn file(&self) -> &KeyFile {
        &self.file
    }

    /// A provider's key as things are now; `None`: it is missing. `Err` when it may be in a file that is not used.
    pub fn of(&self, provider: &ProviderSettings) -> Result<Option<Key>, ConfigError> {
        match outside_file(provider, &self.config.environment) {
            Some(key) => Ok(Some(key)),
            None => Ok(self.file.read()?.of(provider)),
        }
    }

    /// The same for many providers, with the file read once.
    pub fn with<'a>(&'a self, stored: &'a StoredKeys) -> impl Fn(&ProviderSettings) -> Option<Key> + use<'a> {
        |provider| outside_file(provider, &self.config.environment).or_else(|| stored.of(provider))
    }

    /// Where keys are that no logout can drop: the variables that are set, the configuration.
    pub fn lasting(&self) -> Vec<KeyPlace> {
        let config = &self.config;
        let found = config.providers.iter().filter_map(|it| outside_file(it, &config.environment));
        let mut places = Vec::new();
        for place in found.map(|key| key.place).filter(|place| *place != KeyPlace::NotNeeded) {
            if !places.contains(&place) {
                places.push(place);
            }
        }
        places
    }
}

impl Config {
    /// Whether a provider can be asked: its key is there, or it needs none.
    pub(super) fn has_key(&self, provider: &ProviderSettings) -> bool {
        let stored = || KeyFile::new(&self.paths).read().is_ok_and(|stored| stored.of(provider).is_some());
        outside_file(provider, &self.environment).is_some() || stored()
    }
}

fn outside_file(provider: &ProviderSettings, environment: &Environment) -> Option<Key> {
    match &provider.key {
        KeySource::None => Some(Key { secret: None, place: KeyPlace::NotNeeded }),
        KeySource::Given(secret) => Some(Key { secret: Some(secret.clone()), place: KeyPlace::Config }),
        KeySource::Usual(names) => names.iter().find_map(|name| {
            let secret = Secret::new(environment.value(name)?.trim());
            Some(Key { secret: Some(secret), place: KeyPlace::Variable(name.clone()) })
        }),
    }
}

impl StoredKeys {
    fn of(&self, provider: &ProviderSettings) -> Option<Key> {
        let stored = matches!(provider.key, KeySource::Usual(_)).then(|| self.0.get(&provider.id))?;
        stored.map(|secret| Key { secret: Some(secret.clone()), place: KeyPlace::File })
    }

    /// Whose keys there are.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

/// The file with stored keys. It is read whenever it is asked, so that a login counts at once.
#[derive(Debug, Clone)]
pub struct KeyFile {
    path: Option<PathBuf>,
}

impl KeyFile {
    fn new(paths: &Paths) -> Self {
        Self { path: paths.config.as_deref().map(|folder| folder.join("keys.json")) }
    }

    /// Where it is; `None`: there is no home.
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// What it holds; a missing file holds nothing. One that others can read is not used.
    pub fn read(&self) -> Result<StoredKeys, ConfigError> {
        let Some(path) = &self.path else { return Ok(StoredKeys::default()) };
        let Some(text) = PrivateFile::at(path.clone()).read()? else { return Ok(StoredKeys::default()) };
        Ok(StoredKeys(keys(path, &text)?.into_iter().map(|(id, key)| (id, Secret::new(&key))).collect()))
    }

    /// Stores a provider's key in the place of an earlier one.
    pub fn set(&self, provider: &str, key: &Secret) -> Result<(), ConfigError> {
        self.change(|stored| drop(stored.insert(provider.to_owned(), key.expose().to_owned())))
    }

    /// Forgets the keys of these providers and says which there were.
    pub fn remove(&self, unwanted: impl Fn(&str) -> bool) -> Result<Vec<String>, ConfigError> {
        let mut removed = Vec::new();
        if self.read()?.ids().any(&unwanted) {
            self.change(|stored| {
                removed = stored.extract_if(.., |id, _| unwanted(id)).map(|(id, _)| id).collect();
            })?;
        }
        Ok(removed)
    }

    fn change(&self, change: impl FnOnce(&mut BTreeMap<String, String>)) -> Result<(), ConfigError> {
        let Some(path) = &self.path else {
            return Err(ConfigError::Invalid("there is no home to keep keys in: set HOME".into()));
        };
        PrivateFile::at(path.clone()).change(|text| {
            let mut keys = text.map_or_else(|| Ok(BTreeMap::new()), |text| keys(path, &text))?;
            change(&mut keys);
            serde_json::to_vec_pretty(&keys)
                .map_err(|e| ConfigError::Unwritable { path: path.clone(), reason: e.to_string() })
        })
    }
}

/// The keys in the text of that file.
fn keys(path: &Path, text: &str) -> Result<BTreeMap<String, String>, ConfigError> {
    // What serde says of a wrong file could repeat a part of a key.
    serde_json::from_str(text).map_err(|e| {
        let reason = format!("line {} is not an object of provider and key", e.line());
        ConfigError::Unreadable { path: path.to_owned(), reason }
    })
}
