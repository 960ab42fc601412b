use std::time::Duration;

use super::text::variable;
use super::{Reading, fault};
use crate::config::known::{KNOWN, Known};
use crate::config::provider::{Api, KeySource, ModelSettings, ProviderLimits, ProviderSettings};
use crate::config::raw;
use crate::config::secret::Secret;
use crate::config::tree::Node;

impl Reading<'_> {
    /// All providers: the known ones in their order, then the others.
    pub(in crate::config) fn providers(&mut self, tree: &Node) -> Vec<ProviderSettings> {
        let mut providers = self.entries(tree, "provider", Self::provider);
        let order = |id: &str| KNOWN.iter().position(|known| known.id == id).unwrap_or(KNOWN.len());
        providers.sort_by_key(|provider| order(&provider.id));
        providers
    }

    fn provider(
        &mut self,
        id: &str,
        raw: raw::Provider,
        node: &Node,
    ) -> Result<Option<ProviderSettings>, String> {
        let key = format!("provider.{id}");
        let Some(base_url) = &raw.base_url else {
            return Err(fault(&node.place, &key, "it is not known, so it needs a `base_url`"));
        };
        let place = node.part("base_url").unwrap_or(node);
        let base_url = self.secret(base_url, place, &format!("{key}.base_url"))?;
        let base_url = base_url.expose().trim_end_matches('/').to_owned();
        if !(base_url.starts_with("https://") || base_url.starts_with("http://")) {
            return Err(fault(
                &place.place,
                &format!("{key}.base_url"),
                "it does not begin with https:// or http://",
            ));
        }
        let headers = self.secrets(node, "headers", &key).unwrap_or_else(|reason| {
            self.problems.line(&reason);
            Vec::new()
        });
        Ok(Some(ProviderSettings {
            id: id.to_owned(),
            name: raw.name.clone().unwrap_or_else(|| id.to_owned()),
            api: raw.api.unwrap_or(Api::OpenAiChat),
            key: self.key(id, &raw, node, &base_url),
            base_url,
            headers,
            limits: limits(&raw),
            models: raw.model.into_iter().map(|(id, model)| model_settings(id, model)).collect(),
        }))
    }

    /// A key that cannot be read is looked for where such keys usually are.
    fn key(&mut self, id: &str, raw: &raw::Provider, node: &Node, base_url: &str) -> KeySource {
        let usual = || match Known::of(id) {
            Some(known) if known.keys.is_empty() => KeySource::None,
            Some(known) => KeySource::Usual(known.keys.iter().map(|name| (*name).to_owned()).collect()),
            None if is_here(base_url) => KeySource::None,
            None => KeySource::Usual(vec![usual_variable(id)]),
        };
        match raw.key.as_deref() {
            None => usual(),
            Some("") => KeySource::None,
            Some(written) => {
                if let Some(name) = variable(written) {
                    return KeySource::Usual(vec![name.to_owned()]);
                }
                let place = node.part("key").unwrap_or(node);
                match self.secret(written, place, &format!("provider.{id}.key")) {
                    Ok(secret) => KeySource::Given(Secret::new(secret.expose())),
                    Err(reason) => {
                        self.problems.line(&reason);
                        usual()
                    }
                }
            }
        }
    }
}

/// `MY_PROVIDER_API_KEY`.
fn usual_variable(id: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' };
    let name: String = id.chars().map(plain).collect();
    format!("{name}_API_KEY")
}

/// Whether an address is on this machine.
fn is_here(url: &str) -> bool {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let host = rest.split('/').next().unwrap_or_default();
    ["localhost", "127.", "[::1]"].iter().any(|here| host.starts_with(here))
}

fn limits(raw: &raw::Provider) -> ProviderLimits {
    let usual = ProviderLimits::default();
    let seconds = |set: Option<u64>, usual: Duration| {
        set.map_or(usual, |set| Duration::from_secs(set.clamp(1, 86_400)))
    };
    ProviderLimits {
        connect: seconds(raw.connect_timeout, usual.connect),
        idle: seconds(raw.idle_timeout, usual.idle),
        total: seconds(raw.total_timeout, usual.total),
        retries: raw.retries.map_or(usual.retries, |retries| retries.min(usual.retries)),
    }
}

fn model_settings(id: String, raw: raw::Model) -> ModelSettings {
    ModelSettings {
        id,
        name: raw.name,
        context: raw.context,
        output: raw.output,
        price: raw.price,
        images: raw.images,
        tools: raw.tools,
        efforts: raw.efforts,
    }
}
