//! Signing in: a provider's key, asked for without showing it, tried, and stored.

use std::io::{IsTerminal, Read};
use std::process::ExitCode;

use anyhow::{Context as _, bail};

use super::args::Login;
use super::plain::one_line;
use super::{Setup, exit, hidden, print};
use crate::app;
use crate::config::{Config, KeyPlace, KeySource, ProviderSettings, Secret};
use crate::provider::{Catalogue, ProviderError};

/// Longest key taken, in bytes.
const LONGEST: u64 = 8 * 1024;

/// Asks for a provider's key and stores it.
pub(super) async fn run(setup: &Setup, command: Login) -> anyhow::Result<ExitCode> {
    if let Some(server) = command.provider.as_deref().and_then(|it| it.strip_prefix("mcp:")) {
        return super::mcp::login(setup, server).await;
    }
    let catalogue = app::catalogue(Config::load(&setup.environment, &setup.flags)?);
    let provider = match &command.provider {
        Some(id) => catalogue.provider(id)?,
        None => choose(&catalogue).await?,
    };
    if provider.key == KeySource::None {
        return Ok(print::failure(exit::USAGE, &format!("{} needs no key", provider.name)));
    }
    let Some(key) = ask(provider, command.key_stdin).await? else {
        return Ok(print::failure(exit::CANCELLED, "cancelled: nothing was stored"));
    };
    if !command.no_check {
        match catalogue.remote(provider, Some(key.clone())).models().await {
            Ok(_) => print::note("The key works."),
            Err(e @ ProviderError::Unauthorized(_)) => return Err(e).context("nothing was stored"),
            Err(e) => print::note(&format!("The key could not be tried, and is stored as it is: {e}")),
        }
    }
    catalogue.keys().file().set(&provider.id, &key)?;
    print::note(&format!("The key for {} is stored{}.", provider.name, place(&catalogue)));
    if let Some(key) = catalogue.keys().of(provider)?
        && key.place != KeyPlace::File
    {
        print::note(&format!(
            "{} comes first: as long as it is set, it is used.",
            super::providers::whence(&key.place)
        ));
    }
    Ok(ExitCode::SUCCESS)
}

fn place(catalogue: &Catalogue) -> String {
    catalogue.keys().file().path().map_or_else(String::new, |path| format!(" in {}", path.display()))
}

/// Lets the person choose a provider by its number or its id.
async fn choose(catalogue: &Catalogue) -> anyhow::Result<&ProviderSettings> {
    if !std::io::stdin().is_terminal() {
        bail!(ProviderError::Misconfigured(
            "say which provider: adjutant login <PROVIDER> --key-stdin".into()
        ));
    }
    let providers: Vec<_> =
        catalogue.providers().into_iter().filter(|provider| provider.key != KeySource::None).collect();
    for (at, provider) in providers.iter().enumerate() {
        print::note(&format!("{:>3}  {}", at + 1, one_line(&provider.name)));
    }
    print::question("Whose key? ");
    let answer = tokio::task::spawn_blocking(|| {
        let mut line = String::new();
        std::io::stdin().read_line(&mut line).map(|_| line)
    });
    let answer = answer.await??;
    let chosen = answer.trim().parse::<usize>().ok().and_then(|at| providers.get(at.checked_sub(1)?));
    Ok(match chosen {
        Some(provider) => provider,
        None => catalogue.provider(answer.trim())?,
    })
}

/// The key; `None`: the person thought better of it.
async fn ask(provider: &ProviderSettings, from_stdin: bool) -> anyhow::Result<Option<Secret>> {
    let terminal = std::io::stdin().is_terminal();
    if !from_stdin && !terminal {
        bail!(ProviderError::Misconfigured("there is no terminal to ask at: use --key-stdin".into()));
    }
    let hide = !from_stdin;
    if hide {
        print::question(&format!("Key for {} (it is not shown): ", provider.name));
    }
    let typed = tokio::task::spawn_blocking(move || {
        if hide {
            return hidden::line();
        }
        let mut text = String::new();
        std::io::stdin().lock().take(LONGEST).read_to_string(&mut text).map(|_| Some(text))
    });
    let typed = typed.await?.context("the key cannot be read")?;
    if hide {
        print::note("");
    }
    typed.map(|typed| key(&typed)).transpose()
}

/// A key as it may stand in a header.
fn key(typed: &str) -> anyhow::Result<Secret> {
    let key = typed.trim();
    if key.is_empty() || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
        bail!(ProviderError::Misconfigured("that is no key: it is one word without blanks".into()));
    }
    Ok(Secret::new(key))
}
