use std::process::ExitCode;

use serde::Serialize;

use super::args::Providers;
use super::plain::one_line;
use super::{Setup, print, table};
use crate::app;
use crate::config::{Api, Config, KeyPlace, StoredKeys};

/// A provider as programs read it.
#[derive(Serialize)]
struct Row<'a> {
    id: &'a str,
    name: &'a str,
    api: &'static str,
    base_url: &'a str,
    /// Where its key comes from; `null`: it is missing.
    key: Option<String>,
}

/// Lists all providers, and where each one's key comes from.
pub(super) fn run(setup: &Setup, command: &Providers) -> anyhow::Result<ExitCode> {
    let catalogue = app::catalogue(Config::load(&setup.environment, &setup.flags)?);
    let stored = catalogue.keys().file().read().unwrap_or_else(|e| {
        print::note(&format!("adjutant: {e}"));
        StoredKeys::default()
    });
    let key = catalogue.keys().with(&stored);
    let providers = catalogue.providers();
    let rows: Vec<_> = providers
        .iter()
        .map(|provider| Row {
            id: &provider.id,
            name: &provider.name,
            api: api(provider.api),
            base_url: &provider.base_url,
            key: key(provider).map(|key| whence(&key.place)),
        })
        .collect();
    if command.json {
        rows.iter().try_for_each(print::json)?;
        return Ok(ExitCode::SUCCESS);
    }
    let cells = rows.iter().map(|row| {
        let key = row.key.as_deref().unwrap_or("missing");
        [row.id, row.name, row.api, row.base_url, key].map(one_line)
    });
    table::print(["ID", "NAME", "API", "ADDRESS", "KEY"], cells)?;
    Ok(ExitCode::SUCCESS)
}

/// Where a key comes from, for people.
pub(super) fn whence(place: &KeyPlace) -> String {
    match place {
        KeyPlace::NotNeeded => "none needed".to_owned(),
        KeyPlace::Config => "configuration".to_owned(),
        KeyPlace::Variable(name) => name.clone(),
        KeyPlace::File => "stored".to_owned(),
    }
}

fn api(api: Api) -> &'static str {
    match api {
        Api::OpenAiChat => "openai-chat",
        Api::OpenAiResponses => "openai-responses",
        Api::Anthropic => "anthropic",
        Api::Gemini => "gemini",
    }
}
