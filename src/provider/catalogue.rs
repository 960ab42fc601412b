//! The models of all providers that are set or known, and who is asked for each.
//!
//! Nothing is read or connected before somebody asks. A provider of which nothing is known but its key is asked for its
//! list when a session is opened, and so is a server on this machine where nobody else would answer. Keys are looked up
//! at every question, so that a login counts at once; what talks to a provider is kept, with its connections, until its
//! key is another one.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::{BoxFuture, join_all};
use tokio::time::timeout;

use self::told::Told;
use super::remote::Remote;
use super::{Answerer, Effort, ModelInfo, Models, Price, Provider, ProviderError, local, offline, table};
use crate::config::{Config, Key, KeySource, Keys, Model, ModelSettings, ProviderSettings, Secret};

mod told;

#[cfg(test)]
mod tests;

/// Who is asked first when nothing is set; all others follow as the configuration names them.
const ORDER: [&str; 8] =
    ["anthropic", "openai", "google", "openrouter", "deepseek", "mistral", "xai", "groq"];

/// A provider of which the table knows no more than the way to it.
const ROUTER: &str = "openrouter";

/// How long a session waits for who is to tell its models.
const PATIENCE: Duration = Duration::from_secs(2);
/// Tokens that fit into the context of a model on this machine that nothing is known of: what is too much is cut off
/// there without a word.
const LOCAL_CONTEXT: u64 = 32_768;

/// Most names that an error proposes.
const PROPOSED: usize = 3;

/// The models of all providers.
#[derive(Debug)]
pub struct Catalogue {
    config: Arc<Config>,
    keys: Keys,
    remotes: Mutex<HashMap<String, Line>>,
    told: Told,
}

/// Who talks to a provider, and with which key.
#[derive(Debug)]
struct Line {
    key: Option<Secret>,
    remote: Arc<Remote>,
}

/// A model that was chosen, before anything is built to ask it.
enum Choice<'a> {
    Offline,
    Remote { provider: &'a ProviderSettings, key: Option<Secret>, model: Box<ModelInfo> },
}

impl Catalogue {
    pub fn new(config: Arc<Config>) -> Self {
        Self {
            keys: Keys::new(Arc::clone(&config)),
            config,
            remotes: Mutex::default(),
            told: Told::default(),
        }
    }

    /// What was set.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Where keys are looked for.
    pub fn keys(&self) -> &Keys {
        &self.keys
    }

    /// All providers, in the order in which one with a key is looked for.
    pub fn providers(&self) -> Vec<&ProviderSettings> {
        let mut providers: Vec<_> = self.config.providers.iter().collect();
        let place = |id: &str| ORDER.iter().position(|known| *known == id).unwrap_or(ORDER.len());
        providers.sort_by_key(|provider| place(&provider.id));
        providers
    }

    /// The provider of that id; `Err` proposes those that may be meant.
    pub fn provider(&self, id: &str) -> Result<&ProviderSettings, ProviderError> {
        self.config.providers.iter().find(|provider| provider.id == id).ok_or_else(|| {
            let ids: Vec<_> = self.config.providers.iter().map(|provider| provider.id.as_str()).collect();
            ProviderError::Misconfigured(format!(
                "unknown provider {id:?}{}: `adjutant providers` lists those there are",
                meant(id, &ids)
            ))
        })
    }

    /// What is known of a provider's models without asking it, its default first.
    pub fn known(&self, provider: &ProviderSettings) -> Vec<ModelInfo> {
        let table = table::of(&provider.id).map(|row| row.wire);
        let set = provider.models.iter().map(|set| set.id.clone());
        let told = self.told.of(&provider.id);
        let told = told.iter().map(|listed| listed.wire.clone());
        let mut wires = HashSet::new();
        let each_once = table.chain(set).chain(told).filter(|wire| wires.insert(wire.clone()));
        each_once.map(|wire| self.info(provider, &wire)).collect()
    }

    /// What is known of one model: what is set, else what the table says, else what its provider told, else safe
    /// assumptions.
    pub fn info(&self, provider: &ProviderSettings, wire: &str) -> ModelInfo {
        let info = table::find(&provider.id, wire).unwrap_or_else(|| {
            let unknown = ModelInfo::unknown(&provider.id, wire);
            let context = if local::port(provider).is_some() { LOCAL_CONTEXT } else { unknown.context };
            let assumed = ModelInfo { context, ..unknown };
            let told = self.told.of(&provider.id);
            match told.iter().find(|listed| listed.wire == wire) {
                Some(listed) => listed.of(assumed),
                None => assumed,
            }
        });
        match provider.models.iter().find(|model| model.id == wire) {
            Some(set) => adjusted(info, set),
            None => info,
        }
    }

    /// Whether something listens where a provider on this machine would; `None`: it is not on this machine, or wants a
    /// key.
    pub async fn listens(&self, provider: &ProviderSettings) -> Option<bool> {
        local::listens(provider).await
    }

    /// Asks a provider for its models, in its order, and keeps what it tells.
    pub async fn ask(
        &self,
        provider: &ProviderSettings,
        key: Option<Secret>,
    ) -> Result<Vec<ModelInfo>, ProviderError> {
        self.asking(provider, key).await?;
        let told = self.told.of(&provider.id);
        Ok(told.iter().map(|listed| self.info(provider, &listed.wire)).collect())
    }

    /// The same as work that can go on when nobody waits for it any more.
    fn asking(
        &self,
        provider: &ProviderSettings,
        key: Option<Secret>,
    ) -> impl Future<Output = Result<(), ProviderError>> + Send + use<> {
        let (told, remote, id) = (self.told.clone(), self.remote(provider, key), provider.id.clone());
        async move { remote.models().await.map(|listed| told.keep(&id, listed)) }
    }

    /// Asks those on this machine that listen; others may be found there as well, and nothing is said of them.
    async fn ask_here(&self, provider: &ProviderSettings) {
        if local::listens(provider).await == Some(true)
            && let Err(e) = self.ask(provider, None).await
        {
            tracing::debug!(provider = provider.id, error = %e, "no model server");
        }
    }

    /// Who talks to a provider with this key: the same as before unless the key is another one.
    pub fn remote(&self, provider: &ProviderSettings, key: Option<Secret>) -> Arc<Remote> {
        let mut remotes = self.remotes.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(line) = remotes.get(&provider.id).filter(|line| line.key == key) {
            return Arc::clone(&line.remote);
        }
        let remote = Arc::new(Remote::new(provider, key.clone()));
        remotes.insert(provider.id.clone(), Line { key, remote: Arc::clone(&remote) });
        remote
    }

    /// The provider's key; `Err` says how to give it.
    pub fn key(&self, provider: &ProviderSettings) -> Result<Key, ProviderError> {
        let key = self.keys.of(provider).map_err(|e| ProviderError::Unauthorized(e.to_string()))?;
        key.ok_or_else(|| missing(provider))
    }

    fn choose(&self, id: Option<&str>) -> Result<Choice<'_>, ProviderError> {
        match (id, &self.config.model) {
            (Some(id), _) => self.named(id),
            (None, Model::Named(id)) => self.named(id),
            (None, Model::Auto) => Ok(self.first().unwrap_or(Choice::Offline)),
            (None, Model::Offline | Model::Scripted(_)) => Ok(Choice::Offline),
        }
    }

    fn named(&self, id: &str) -> Result<Choice<'_>, ProviderError> {
        if id == offline::ID {
            return Ok(Choice::Offline);
        }
        let Some((provider, wire)) = id.split_once('/').filter(|(_, wire)| !wire.is_empty()) else {
            return Err(self.unknown(id));
        };
        let provider = self.provider(provider)?;
        let key = self.key(provider)?.secret;
        Ok(Choice::Remote { provider, key, model: Box::new(self.info(provider, wire)) })
    }

    /// The default of the first provider that has a key and a model.
    fn first(&self) -> Option<Choice<'_>> {
        self.with_keys().into_iter().find_map(|(provider, key)| {
            let model = self.known(provider).into_iter().next()?;
            Some(Choice::Remote { provider, key: key.secret, model: Box::new(model) })
        })
    }

    /// Providers that can be asked. A key file that is not used counts as empty here: whoever misses its keys is told.
    fn with_keys(&self) -> Vec<(&ProviderSettings, Key)> {
        let stored = self.keys.file().read().unwrap_or_default();
        let key = self.keys.with(&stored);
        self.providers().into_iter().filter_map(|provider| Some((provider, key(provider)?))).collect()
    }

    fn unknown(&self, id: &str) -> ProviderError {
        let known = self.config.providers.iter().flat_map(|provider| self.known(provider));
        let ids: Vec<_> = known.map(|model| model.id).collect();
        let ids: Vec<_> = ids.iter().map(String::as_str).chain([offline::ID]).collect();
        ProviderError::Misconfigured(format!(
            "unknown model {id:?}{}: `adjutant models` lists those there are",
            meant(id, &ids)
        ))
    }
}

impl Models for Catalogue {
    fn look(&self) -> BoxFuture<'_, Vec<String>> {
        Box::pin(async {
            let with_keys = self.with_keys();
            let nobody = || with_keys.iter().all(|(provider, _)| self.known(provider).is_empty());
            let is_unanswered = self.config.model == Model::Auto && nobody();
            let (here, there): (Vec<_>, Vec<_>) =
                with_keys.into_iter().partition(|(provider, _)| local::port(provider).is_some());
            let unknown = there.into_iter().filter(|(provider, _)| {
                let is_known = provider.id != ROUTER && !self.known(provider).is_empty();
                !is_known && !self.told.has(&provider.id)
            });
            let asking: Vec<_> =
                unknown.map(|(provider, key)| tokio::spawn(self.asking(provider, key.secret))).collect();
            if !is_unanswered {
                return Vec::new();
            }
            let here = join_all(here.iter().map(|(provider, _)| self.ask_here(provider)));
            // Who takes longer is there for the next session.
            let (_, asked) = tokio::join!(timeout(PATIENCE, here), timeout(PATIENCE, join_all(asking)));
            let asked = asked.unwrap_or_default().into_iter().flatten();
            asked.filter_map(|asked| asked.err().map(|e| e.to_string())).collect()
        })
    }

    fn usable(&self) -> Vec<Arc<ModelInfo>> {
        let default = match self.choose(None) {
            Ok(Choice::Remote { model, .. }) => Some(*model),
            Ok(Choice::Offline) => Some(offline::model()),
            Err(_) => None,
        };
        let known = self.with_keys().into_iter().flat_map(|(provider, _)| self.known(provider));
        let rest = known.chain([offline::model()]);
        let rest: Vec<_> = rest.filter(|model| default.as_ref().is_none_or(|it| it.id != model.id)).collect();
        default.into_iter().chain(rest).map(Arc::new).collect()
    }

    fn open(&self, id: Option<&str>) -> Result<Answerer, ProviderError> {
        Ok(match self.choose(id)? {
            Choice::Offline => offline::answerer(),
            Choice::Remote { provider, key, model } => {
                let provider: Arc<dyn Provider> = self.remote(provider, key);
                Answerer { model: Arc::from(model), provider }
            }
        })
    }
}

fn adjusted(info: ModelInfo, set: &ModelSettings) -> ModelInfo {
    let price =
        |[input, output, cache_read, cache_write]: [f64; 4]| Price { input, output, cache_read, cache_write };
    let efforts = |set: &Vec<String>| set.iter().filter_map(|effort| Effort::from_id(effort)).collect();
    ModelInfo {
        name: set.name.clone().unwrap_or(info.name),
        context: set.context.unwrap_or(info.context),
        output: set.output.unwrap_or(info.output),
        price: set.price.map(price).or(info.price),
        images: set.images.unwrap_or(info.images),
        tools: set.tools.unwrap_or(info.tools),
        efforts: set.efforts.as_ref().map_or(info.efforts, efforts),
        ..info
    }
}

fn missing(provider: &ProviderSettings) -> ProviderError {
    let ProviderSettings { id, name, .. } = provider;
    let variables = match &provider.key {
        KeySource::Usual(names) if !names.is_empty() => format!("set {} or ", names.join(" or ")),
        KeySource::Usual(_) | KeySource::None | KeySource::Given(_) => String::new(),
    };
    ProviderError::Unauthorized(format!("no key for {name}: {variables}run `adjutant login {id}`"))
}

/// A proposal to put behind an unknown name, if any known one is like it.
fn meant(unknown: &str, known: &[&str]) -> String {
    match similar::get_close_matches(unknown, known, PROPOSED, 0.6).as_slice() {
        [] => String::new(),
        near => format!(", did you mean {}?", near.join(", ")),
    }
}
