use std::process::ExitCode;

use futures_util::future::join_all;
use serde::Serialize;

use super::args::Models;
use super::plain::one_line;
use super::{Setup, exit, print, table};
use crate::app;
use crate::config::{Config, Key, ProviderSettings};
use crate::provider::{Catalogue, Effort, ModelInfo, Models as _};

/// A model as programs read it.
#[derive(Serialize)]
struct Row<'a> {
    id: &'a str,
    name: &'a str,
    context: u64,
    output: u64,
    /// US dollars for a million tokens: input, output, read from the cache, written to it.
    price: Option<[f64; 4]>,
    images: bool,
    tools: bool,
    efforts: Vec<&'static str>,
    state: State,
    default: bool,
}

/// Whether a model can be asked now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum State {
    Ready,
    NoKey,
    /// Its server is on this machine, and does not run.
    NotRunning,
}

impl State {
    fn text(self) -> &'static str {
        match self {
            Self::Ready => "",
            Self::NoKey => "no key",
            Self::NotRunning => "not running",
        }
    }
}

/// Lists models: those that are known, and those that their providers tell of.
pub(super) async fn run(setup: &Setup, command: Models) -> anyhow::Result<ExitCode> {
    let catalogue = app::catalogue(Config::load(&setup.environment, &setup.flags)?);
    let providers = match &command.provider {
        Some(id) => vec![catalogue.provider(id)?],
        None => catalogue.providers(),
    };
    let listed = join_all(providers.iter().map(|provider| list(&catalogue, provider, command.refresh))).await;
    let usable = catalogue.usable();
    let default = catalogue.open(None).ok().map(|answerer| answerer.model.id.clone());
    let offline = usable.iter().filter(|model| command.provider.is_none() && !model.id.contains('/'));
    let mut models: Vec<_> = listed.into_iter().flatten().collect();
    models.extend(offline.map(|model| (ModelInfo::clone(model), State::Ready)));
    if models.is_empty() {
        return Ok(print::failure(exit::UNAVAILABLE, "no model is known there: --refresh asks"));
    }
    let rows: Vec<_> = models.iter().map(|(model, state)| row(model, *state, default.as_deref())).collect();
    if command.json {
        rows.iter().try_for_each(print::json)?;
        return Ok(ExitCode::SUCCESS);
    }
    table::print(["MODEL", "NAME", "CONTEXT", "IN/OUT", ""], rows.iter().map(cells))?;
    Ok(ExitCode::SUCCESS)
}

/// A provider's models. Servers on this machine are asked for theirs, others only with
/// `refresh`.
async fn list(catalogue: &Catalogue, provider: &ProviderSettings, refresh: bool) -> Vec<(ModelInfo, State)> {
    let mut models = catalogue.known(provider);
    let here = catalogue.listens(provider).await;
    let (key, state) = match catalogue.key(provider) {
        Ok(_) if here == Some(false) => (None, State::NotRunning),
        Ok(key) => (Some(key), State::Ready),
        Err(_) => (None, State::NoKey),
    };
    if let Some(Key { secret, .. }) = key.filter(|_| refresh || here == Some(true)) {
        match catalogue.ask(provider, secret).await {
            Ok(told) => models = told,
            Err(e) => print::note(&format!("adjutant: {e}")),
        }
    }
    models.into_iter().map(|model| (model, state)).collect()
}

fn row<'a>(model: &'a ModelInfo, state: State, default: Option<&str>) -> Row<'a> {
    Row {
        id: &model.id,
        name: &model.name,
        context: model.context,
        output: model.output,
        price: model.price.map(|it| [it.input, it.output, it.cache_read, it.cache_write]),
        images: model.images,
        tools: model.tools,
        efforts: model.efforts.iter().copied().map(Effort::id).collect(),
        state,
        default: default == Some(&model.id),
    }
}

fn cells(row: &Row<'_>) -> [String; 5] {
    let price = row.price.map_or_else(String::new, |[input, output, ..]| format!("${input} / ${output}"));
    let context = if row.context == 0 { String::new() } else { format!("{}k", row.context / 1000) };
    let state = if row.default { "default" } else { row.state.text() };
    [one_line(row.id), one_line(row.name), context, price, state.to_owned()]
}
