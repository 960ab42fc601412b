use std::process::ExitCode;

use super::args::Logout;
use super::{Setup, exit, print, providers};
use crate::app;
use crate::config::Config;

/// Forgets stored keys.
pub(super) fn run(setup: &Setup, command: &Logout) -> anyhow::Result<ExitCode> {
    if let Some(server) = command.provider.as_deref().and_then(|it| it.strip_prefix("mcp:")) {
        return super::mcp::logout(setup, server);
    }
    let catalogue = app::catalogue(Config::load(&setup.environment, &setup.flags)?);
    let file = catalogue.keys().file();
    let stored: Vec<_> = file.read()?.ids().map(ToOwned::to_owned).collect();
    let unwanted = match (&command.provider, stored.as_slice()) {
        (Some(id), _) => vec![id.clone()],
        (None, []) => Vec::new(),
        (None, [one]) => vec![one.clone()],
        (None, all) if command.all => all.to_vec(),
        (None, several) => {
            let text = format!("say whose key: {}, or --all", several.join(", "));
            return Ok(print::failure(exit::USAGE, &text));
        }
    };
    let removed = file.remove(|id| unwanted.iter().any(|it| it == id))?;
    match removed.as_slice() {
        [] => print::note("No key was stored."),
        removed => print::note(&format!("Forgotten: {}.", removed.join(", "))),
    }
    for provider in catalogue.providers() {
        let concerned = command.all || unwanted.contains(&provider.id);
        if let Some(key) = catalogue.keys().of(provider)?.filter(|key| concerned && key.secret.is_some()) {
            let whence = providers::whence(&key.place);
            print::note(&format!("{} still has a key: {whence}. Take it away there.", provider.name));
        }
    }
    Ok(ExitCode::SUCCESS)
}
