//! MCP servers: what is set here, what a person approves of it, what it offers, and signing in.

use std::io::IsTerminal;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;

use super::args::{Approve, Mcp, Remote};
use super::plain::{one_line, visible};
use super::{Setup, exit, print, table};
use crate::app;
use crate::config::{Config, McpServer, McpTransport, Origin};
use crate::mcp::{self, Phase, Servers, Trust, Verdict, describe};
use crate::tool::{Registry, Tool};
use crate::workspace::Workspace;

pub(super) async fn run(setup: &Setup, command: Mcp) -> anyhow::Result<ExitCode> {
    let here = Here::look(setup)?;
    match command {
        Mcp::List => here.list(),
        Mcp::Approve(command) => here.approve(command).await,
        Mcp::Reject { name } => here.reject(&name),
        Mcp::Tools { name } => here.tools(name.as_deref()).await,
        Mcp::Login(remote) => here.login(&remote).await,
        Mcp::Logout(remote) => here.logout(&remote),
    }
}

/// Signs in to a server: `adjutant login mcp:<name>` means the same.
pub(super) async fn login(setup: &Setup, name: &str) -> anyhow::Result<ExitCode> {
    Here::look(setup)?.login(&Remote { name: name.to_owned(), url: None }).await
}

/// Forgets the sign-in to a server: `adjutant logout mcp:<name>` means the same.
pub(super) fn logout(setup: &Setup, name: &str) -> anyhow::Result<ExitCode> {
    Here::look(setup)?.logout(&Remote { name: name.to_owned(), url: None })
}

/// What is set in the current directory.
struct Here {
    config: Config,
    servers: Vec<McpServer>,
    trust: Trust,
}

impl Here {
    fn look(setup: &Setup) -> anyhow::Result<Self> {
        let mut config = Config::load(&setup.environment, &setup.flags)?;
        let project = config.project(&std::env::current_dir()?);
        for problem in config.problems.iter().chain(&project.problems) {
            print::note(&one_line(problem));
        }
        let servers = std::mem::take(&mut config.servers).into_iter().chain(project.servers).collect();
        let trust = Trust::at(config.paths.approvals());
        Ok(Self { config, servers, trust })
    }

    /// The server of that name; `Err` is the failure as it is told.
    fn find(&self, name: &str) -> Result<&McpServer, ExitCode> {
        self.named(name).ok_or_else(|| self.unknown(name, ""))
    }

    /// The server that somebody signs in to: one that is set here, or any at that address.
    fn remote(&self, remote: &Remote) -> Result<McpServer, ExitCode> {
        let Remote { name, url } = remote;
        let Some(url) = url else {
            let hint = "; to sign in to one that the editor names, add --url URL";
            return self.named(name).cloned().ok_or_else(|| self.unknown(name, hint));
        };
        Ok(McpServer {
            name: name.clone(),
            transport: McpTransport::Http { url: url.as_str().into(), headers: Vec::new() },
            // Nothing connects to it here.
            startup: Duration::ZERO,
            timeout: Duration::ZERO,
            origin: Origin::Client,
        })
    }

    fn named(&self, name: &str) -> Option<&McpServer> {
        self.servers.iter().find(|server| server.name == name)
    }

    /// Tells that there is no such server.
    fn unknown(&self, name: &str, hint: &str) -> ExitCode {
        let known: Vec<_> = self.servers.iter().map(|server| one_line(&server.name)).collect();
        let known = if known.is_empty() { "none is set here".to_owned() } else { known.join(", ") };
        print::failure(exit::USAGE, &format!("there is no MCP server {name:?}; there are: {known}{hint}"))
    }

    fn list(&self) -> anyhow::Result<ExitCode> {
        let row = |server: &McpServer| {
            let state = match (&server.origin, self.trust.verdict(server)) {
                (Origin::Client | Origin::User(_), _) => "yours",
                (Origin::Project(_), Verdict::Approved) => "approved",
                (Origin::Project(_), Verdict::Rejected) => "rejected",
                (Origin::Project(_), Verdict::Unknown) => "not approved",
            };
            let what = describe(server).lines().next().unwrap_or_default().to_owned();
            [one_line(&server.name), state.to_owned(), one_line(&whence(server)), what]
        };
        table::print(["NAME", "STATE", "FROM", "WHAT"], self.servers.iter().map(row))?;
        Ok(ExitCode::SUCCESS)
    }

    async fn approve(&self, command: Approve) -> anyhow::Result<ExitCode> {
        let server = match self.find(&command.name) {
            Ok(server) => server,
            Err(code) => return Ok(code),
        };
        if server.origin.is_trusted() {
            print::note(&format!("{} is your own and needs no approval.", one_line(&server.name)));
            return Ok(ExitCode::SUCCESS);
        }
        print::note(&format!(
            "{} of {}\n{}",
            one_line(&server.name),
            one_line(&whence(server)),
            visible(&describe(server))
        ));
        if !command.yes && !confirmed().await? {
            return Ok(print::failure(exit::CANCELLED, "nothing was approved"));
        }
        self.trust.record(server, Verdict::Approved)?;
        print::note("Approved, as long as it stays the same.");
        Ok(ExitCode::SUCCESS)
    }

    fn reject(&self, name: &str) -> anyhow::Result<ExitCode> {
        match self.find(name) {
            Ok(server) => self.trust.record(server, Verdict::Rejected)?,
            Err(code) => return Ok(code),
        }
        Ok(ExitCode::SUCCESS)
    }

    /// Connects to the servers, or to one of them, and prints what they offer.
    async fn tools(&self, name: Option<&str>) -> anyhow::Result<ExitCode> {
        let chosen = match name.map(|name| self.find(name)) {
            Some(Ok(server)) => vec![server.clone()],
            Some(Err(code)) => return Ok(code),
            None => self.servers.clone(),
        };
        let longest = chosen.iter().map(|server| server.startup).max().unwrap_or_default();
        let (servers, _news) = Servers::connect(mcp::Setup {
            servers: chosen,
            workspace: Workspace::open(&std::env::current_dir()?, &[])?,
            processes: app::processes(),
            trust: self.trust.clone(),
            tokens: self.config.paths.sign_ins(),
        });
        let _late = servers.settled(longest).await;
        let mut complete = true;
        for status in servers.status().iter().filter(|status| status.phase != Phase::Ready) {
            complete = false;
            let why = status.why.as_deref().map(|why| format!(": {why}")).unwrap_or_default();
            print::note(&format!("{} is {}{why}", one_line(&status.name), status.phase.word()));
        }
        let tools = servers.tools(&Registry::standard());
        let row = |tool: &std::sync::Arc<dyn Tool>| {
            let said: String =
                tool.description().lines().next().unwrap_or_default().chars().take(100).collect();
            [one_line(tool.name()), one_line(&said)]
        };
        let printed = table::print(["TOOL", "WHAT IT SAYS OF ITSELF"], tools.iter().map(row));
        servers.close().await;
        printed?;
        Ok(if complete { ExitCode::SUCCESS } else { ExitCode::from(exit::UNAVAILABLE) })
    }

    async fn login(&self, remote: &Remote) -> anyhow::Result<ExitCode> {
        let server = match self.remote(remote) {
            Ok(server) => server,
            Err(code) => return Ok(code),
        };
        if !server.origin.is_trusted() && self.trust.verdict(&server) != Verdict::Approved {
            let name = &server.name;
            let fix = format!("{name} is of a project and not approved: adjutant mcp approve {name}");
            return Ok(print::failure(exit::UNAVAILABLE, &fix));
        }
        let tokens =
            self.config.paths.sign_ins().context("there is no home to keep a sign-in in: set HOME")?;
        let login = mcp::login(&server, &tokens).await?;
        print::note(&format!("Open this page, and say yes there:\n\n  {}\n", one_line(login.address())));
        login.finish().await?;
        print::note(&format!("You are signed in to {}.", one_line(&server.name)));
        Ok(ExitCode::SUCCESS)
    }

    fn logout(&self, remote: &Remote) -> anyhow::Result<ExitCode> {
        let server = match self.remote(remote) {
            Ok(server) => server,
            Err(code) => return Ok(code),
        };
        let tokens = self.config.paths.sign_ins();
        let known = tokens.map_or(Ok(false), |tokens| mcp::logout(&server, &tokens))?;
        let said = if known { "The sign-in is forgotten:" } else { "Nobody was signed in to" };
        print::note(&format!("{said} {}.", one_line(&server.name)));
        Ok(ExitCode::SUCCESS)
    }
}

/// The file that names a server.
fn whence(server: &McpServer) -> String {
    match &server.origin {
        Origin::User(file) | Origin::Project(file) => file.display().to_string(),
        Origin::Client => "the client".to_owned(),
    }
}

/// Whether the person at the terminal says yes.
async fn confirmed() -> anyhow::Result<bool> {
    if !std::io::stdin().is_terminal() {
        print::note("Nobody can be asked here: --yes approves it.");
        return Ok(false);
    }
    print::question("Approve it? [y/N] ");
    let answer = tokio::task::spawn_blocking(|| {
        let mut line = String::new();
        std::io::stdin().read_line(&mut line).map(|_| line)
    });
    Ok(matches!(answer.await??.trim(), "y" | "Y" | "yes"))
}
