//! Whether everything that is needed is there: one line for each thing looked at, and what to do about it.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use futures_util::future::join_all;
use serde::Serialize;

use super::args::Doctor;
use super::plain::one_line;
use super::print::PrintError;
use super::{Setup, exit, print};
use crate::app;
use crate::config::{Config, McpTransport, Model, ProviderSettings};
use crate::provider::{Catalogue, Models as _, ProviderError};
use crate::store::ListQuery;

/// What came of looking at one thing.
#[derive(Debug, Serialize)]
struct Finding {
    state: State,
    what: String,
    /// What to do about it.
    #[serde(rename = "do", skip_serializing_if = "Option::is_none")]
    advice: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum State {
    Ok,
    /// It works without.
    Warn,
    Fail,
}

impl Finding {
    fn ok(what: impl Into<String>) -> Self {
        Self { state: State::Ok, what: what.into(), advice: None }
    }

    fn warn(what: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { state: State::Warn, what: what.into(), advice: Some(advice.into()) }
    }

    fn fail(what: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { state: State::Fail, what: what.into(), advice: Some(advice.into()) }
    }

    fn show(&self, json: bool) -> Result<(), PrintError> {
        if json {
            return print::json(self);
        }
        let state = match self.state {
            State::Ok => "ok  ",
            State::Warn => "warn",
            State::Fail => "fail",
        };
        let advice = self.advice.as_ref().map_or_else(String::new, |it| format!(": {}", one_line(it)));
        print::line(&format!("{state}  {}{advice}", one_line(&self.what)))
    }
}

/// Looks at everything and says what it found. The exit code is not 0 when something is broken.
pub(super) async fn run(setup: &Setup, command: &Doctor) -> anyhow::Result<ExitCode> {
    let mut findings = vec![Finding::ok(format!(
        "adjutant {} on {} {}",
        env!("CARGO_PKG_VERSION"),
        std::env::consts::OS,
        std::env::consts::ARCH
    ))];
    match Config::load(&setup.environment, &setup.flags) {
        Ok(config) => {
            findings.push(Finding::ok("the configuration can be read"));
            let cwd = std::env::current_dir()?;
            let problems = config.problems.iter().cloned().chain(config.project(&cwd).problems);
            findings.extend(problems.map(|it| Finding::warn(it, "it is left out until it is mended")));
            findings.extend(servers(setup, &config));
            let catalogue = app::catalogue(config);
            // Who answers depends on what they tell.
            let providers = providers(&catalogue, command.online).await;
            findings.extend(keys(&catalogue));
            findings.extend(providers);
        }
        Err(e) => findings.push(Finding::fail(e.to_string(), "mend the configuration")),
    }
    findings.push(store(setup).await);
    findings.push(shell());
    findings.push(match program(setup, "git") {
        Some(path) => Finding::ok(format!("git is {}", path.display())),
        None => Finding::warn("git is not on the PATH", "install it: most projects need it"),
    });
    findings.iter().try_for_each(|it| it.show(command.json))?;
    let broken = findings.iter().any(|it| it.state == State::Fail);
    Ok(if broken { ExitCode::from(exit::UNAVAILABLE) } else { ExitCode::SUCCESS })
}

/// The default model, and the file that keys are stored in.
fn keys(catalogue: &Catalogue) -> Vec<Finding> {
    let mut findings = Vec::new();
    if let Err(e) = catalogue.keys().file().read() {
        findings.push(Finding::warn(e.to_string(), "see there"));
    }
    let fallback = catalogue.config().fallback.as_deref();
    findings.push(match (catalogue.open(None), fallback) {
        (Ok(answerer), _) if answerer.provider.id() != "offline" => {
            Finding::ok(format!("{} answers", answerer.model.id))
        }
        (Ok(_), _) if catalogue.config().model == Model::Auto && has_keys(catalogue) => {
            Finding::ok("a provider with a key is asked for its models when a session is opened")
        }
        (Ok(_), _) if catalogue.config().model == Model::Auto => Finding::warn(
            "no provider has a key: the command agent answers, without a model",
            "run `adjutant login`, set a variable such as ANTHROPIC_API_KEY, or start a model server on this machine",
        ),
        (Ok(_), _) => Finding::ok("the command agent answers, as it is set"),
        (Err(ProviderError::Unauthorized(text)), Some(fallback)) => {
            Finding::warn(text, format!("until then, {fallback} answers"))
        }
        (Err(e), _) => Finding::fail("the model that is set cannot be used", e.to_string()),
    });
    findings
}

fn has_keys(catalogue: &Catalogue) -> bool {
    let key = |provider: &&ProviderSettings| catalogue.key(provider).ok()?.secret;
    catalogue.providers().iter().any(|provider| key(provider).is_some())
}

/// Providers that can be asked: those on this machine always, others when `online`.
async fn providers(catalogue: &Catalogue, online: bool) -> Vec<Finding> {
    let providers = catalogue.providers();
    let looks = providers.iter().map(|provider| look(catalogue, provider, online));
    join_all(looks).await.into_iter().flatten().collect()
}

async fn look(catalogue: &Catalogue, provider: &ProviderSettings, online: bool) -> Option<Finding> {
    let name = &provider.name;
    let key = catalogue.key(provider).ok()?;
    let here = catalogue.listens(provider).await;
    match (here, online) {
        // Most people have none of these, or one.
        (Some(false), _) if provider.models.is_empty() => return None,
        (Some(false), _) => {
            return Some(Finding::fail(
                format!("{name} does not answer at {}", provider.base_url),
                "start it",
            ));
        }
        (None, false) if key.secret.is_none() => {
            return Some(Finding::ok(format!("{name} needs no key (--online asks it)")));
        }
        (None, false) => return Some(Finding::ok(format!("{name} has a key (--online tries it)"))),
        (Some(true), _) | (None, true) => {}
    }
    Some(match catalogue.ask(provider, key.secret).await {
        Ok(models) => {
            Finding::ok(format!("{name} answers at {}: {} models", provider.base_url, models.len()))
        }
        // Ports of local servers are others' as well.
        Err(e) if here.is_some() && provider.models.is_empty() => Finding::warn(
            format!("something else than {name} answers at {}", provider.base_url),
            e.to_string(),
        ),
        Err(e @ ProviderError::Unauthorized(_)) => {
            Finding::fail(e.to_string(), format!("run `adjutant login {}`", provider.id))
        }
        Err(e) => Finding::fail(e.to_string(), "look at the network, the address and the proxy"),
    })
}

/// Programs that the configuration names.
fn servers(setup: &Setup, config: &Config) -> Vec<Finding> {
    let mut named: Vec<_> = Vec::new();
    for server in &config.servers {
        match &server.transport {
            McpTransport::Stdio { command, .. } => {
                named.push(("MCP server", &server.name, command.expose(), command.as_written()))
            }
            McpTransport::Http { .. } | McpTransport::Sse { .. } => {}
        }
    }
    named.extend(
        config.language_servers.iter().map(|it| ("language server", &it.name, &*it.command, &*it.command)),
    );
    let finding = |(kind, name, command, written): (&str, &String, &str, &str)| match program(setup, command)
    {
        Some(path) => Finding::ok(format!("the {kind} {name} is {}", path.display())),
        None => Finding::fail(
            format!("the {kind} {name} cannot be started: there is no program {written:?}"),
            "install it or take it out of the configuration",
        ),
    };
    named.into_iter().map(finding).collect()
}

/// Whether sessions can be kept.
async fn store(setup: &Setup) -> Finding {
    let paths = setup.environment.paths();
    let Some(path) = paths.sessions() else {
        return Finding::warn("sessions are kept in memory and are gone at the end", "set HOME");
    };
    let folder = path.ancestors().skip(1).find(|folder| folder.exists()).unwrap_or(Path::new("/"));
    if let Err(e) = rustix::fs::access(folder, rustix::fs::Access::WRITE_OK) {
        return Finding::fail(format!("{} cannot be written: {e}", folder.display()), "make it yours");
    }
    if !path.exists() {
        return Finding::ok(format!("sessions are kept in {}", path.display()));
    }
    let store = app::store(&paths);
    let query = ListQuery { cwd: None, cursor: None, limit: 1 };
    match (store.list(query).await, store.warning()) {
        (Ok(_), None) => Finding::ok(format!("sessions are kept in {}", path.display())),
        (Ok(_), Some(warning)) => Finding::warn(warning, "see there"),
        (Err(e), _) => Finding::fail(e.to_string(), "see there"),
    }
}

/// What commands are run with.
fn shell() -> Finding {
    if Path::new("/bin/bash").exists() {
        return Finding::ok("commands run in /bin/bash");
    }
    let advice = "install bash: models write for it";
    if Path::new("/bin/sh").exists() {
        Finding::warn("commands run in /bin/sh", advice)
    } else {
        Finding::fail("there is no shell to run commands in", advice)
    }
}

/// A program by its path or its name, as a shell finds it.
fn program(setup: &Setup, name: &str) -> Option<PathBuf> {
    let runs = |path: &PathBuf| {
        std::fs::metadata(path).is_ok_and(|it| it.is_file() && it.permissions().mode() & 0o111 != 0)
    };
    if name.contains('/') {
        return Some(PathBuf::from(name)).filter(runs);
    }
    let folders = setup.environment.value("PATH")?;
    std::env::split_paths(folders).map(|folder| folder.join(name)).find(runs)
}
