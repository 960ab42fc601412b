//! The built-in agent: a pure machine that decides (`machine`), a driver that does it (`driver`), and what
//! the model is told (`transcript`, `prompt`, `instructions`).
//!
//! No client, no wire and no store lives here; whom to ask and where to write is the turn's business.
//!
//! What always holds: a tool runs only after the rules, or a person, allowed what was shown, and after
//! its start is durable; a call of the model is answered exactly once; a turn ends with words.
//!
//! To add an input of the loop: a variant of `Input`, its arms in the machine, and its source in the driver.

mod aside;
mod budget;
mod choice;
mod command;
mod compaction;
mod driver;
mod instructions;
mod machine;
mod mention;
mod people;
mod progress;
mod prompt;
mod recorder;
mod remote;
mod report;
mod role;
mod shared;
mod site;
mod spending;
mod task;
mod transcript;
mod undo;
mod usage;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;

use super::{
    AgentBackend, AgentSession, GrantBook, Hands, Ledger, NotReady, Prompt, Seed, SessionOption, Settings,
    Turn,
};
use crate::acp::{AvailableCommand, MessageId, SessionId, StopReason};
use crate::clock::Clock;
use crate::config::{AgentProfile, CommandTemplate, Config, Project};
use crate::event::{EventKind, Seq, TurnStop};
use crate::lsp::Diagnostics;
use crate::mcp::Servers;
use crate::permission::{Mode, Policy, Rule};
use crate::provider::{Answerer, Models, ProviderError};
use crate::tool::{Registry, SeenFiles, Tool, skill_tool};
use crate::workspace::LocalCommands;
use aside::Aside;
use command::Request;
use driver::Driver;
use people::TurnPeople;
use recorder::Watched;
use role::Role;
use shared::Shared;
use site::{Site, Sites};
use spending::{Meter, Tally};
use transcript::Transcript;
use usage::Account;

pub use aside::forget;

/// What a turn may use up.
#[derive(Debug, Clone, Copy)]
pub struct Caps {
    /// Model calls in one turn.
    pub steps: usize,
    /// Time of one turn.
    pub time: Duration,
}

impl Default for Caps {
    fn default() -> Self {
        Self { steps: 100, time: Duration::from_hours(2) }
    }
}

/// Everything the built-in agent is made of.
#[derive(Debug, Clone)]
pub struct Parts {
    pub config: Arc<Config>,
    pub models: Arc<dyn Models>,
    pub tools: Registry,
    /// Where MCP servers run.
    pub processes: LocalCommands,
    pub grants: Arc<dyn GrantBook>,
    pub ledger: Arc<dyn Ledger>,
    pub clock: Clock,
    pub caps: Caps,
    /// Slash commands that the models themselves understand.
    pub commands: Vec<AvailableCommand>,
}

/// The built-in agent.
#[derive(Debug, Clone)]
pub struct Builtin {
    parts: Arc<Parts>,
    sites: Sites,
    /// The servers of open sessions, which those beneath them share.
    servers: Shared<Servers>,
    /// What they may use up.
    tallies: Shared<Tally>,
}

impl Builtin {
    pub fn new(parts: Parts) -> Self {
        Self {
            parts: Arc::new(parts),
            sites: Sites::default(),
            servers: Shared::default(),
            tallies: Shared::default(),
        }
    }

    fn site(&self, cwd: &Path) -> Arc<Site> {
        self.sites.of(&self.parts.config, cwd)
    }

    /// As it is now.
    async fn look_at(&self, cwd: PathBuf) -> Arc<Site> {
        let (sites, parts, folder) = (self.sites.clone(), Arc::clone(&self.parts), cwd.clone());
        let looked = tokio::task::spawn_blocking(move || sites.look(&parts.config, &folder)).await;
        // It ends early with the process only.
        looked.unwrap_or_else(|_| self.site(&cwd))
    }

    fn session(&self, mut seed: Seed, site: &Site) -> BuiltinSession {
        let parts = Arc::clone(&self.parts);
        let project = Arc::clone(&site.project);
        let data = parts.config.paths.data.as_deref();
        let aside = Aside::of(site.skills.clone(), data, &seed.workspace, &seed.session);
        seed.workspace = aside.workspace().clone();
        let roots: Vec<_> = seed.workspace.roots().map(ToOwned::to_owned).collect();
        let rules: Vec<_> = parts.config.rules.iter().chain(&project.rules).cloned().collect();
        let mut policy = Policy::new(seed.workspace.cwd().to_owned(), parts.config.paths.home.clone())
            .with_roots(roots)
            .with_readable(aside.folders())
            .with_rules(rules.clone());
        policy.protect(parts.config.paths.own());
        let tally = self.tallies.of(&seed, || Arc::new(Tally::new(&seed.session, &parts.config.budgets)));
        let meter = Meter::new(&seed.session, tally, Arc::clone(&parts.ledger));
        BuiltinSession {
            servers: self.servers.of(&seed, || remote::connect(&parts, &project, &seed)),
            diagnostics: diagnostics(&parts, &project, &seed),
            parts,
            project,
            seed,
            policy,
            aside,
            rules,
            role: None,
            transcript: Transcript::default(),
            account: Account::default(),
            meter,
            taken: 0,
            seen: Arc::default(),
            watched: Arc::default(),
        }
    }
}

/// The language servers of a session: the person's own, and of the project's those that may run.
fn diagnostics(parts: &Parts, project: &Project, seed: &Seed) -> Arc<Diagnostics> {
    let servers = parts.config.language_servers.iter().chain(&project.language_servers).cloned();
    let launch = Arc::new(parts.processes.clone());
    Arc::new(Diagnostics::new(servers.collect(), seed.workspace.clone(), launch))
}

impl AgentBackend for Builtin {
    fn look(&self, cwd: PathBuf) -> BoxFuture<'_, Vec<String>> {
        Box::pin(async move {
            let (site, mut problems) = tokio::join!(self.look_at(cwd), self.parts.models.look());
            problems.extend(site.project.problems.iter().cloned());
            problems
        })
    }

    fn open(&self, seed: Seed) -> BoxFuture<'_, Box<dyn AgentSession>> {
        Box::pin(async move {
            let cwd = seed.workspace.cwd();
            let site = match self.sites.known(cwd) {
                Some(site) => site,
                None => self.look_at(cwd.to_owned()).await,
            };
            Box::new(self.session(seed, &site)) as _
        })
    }

    /// MCP servers take their time: they are connected while the person types.
    fn is_eager(&self, seed: &Seed) -> bool {
        let project = || self.site(seed.workspace.cwd());
        !seed.servers.is_empty()
            || !self.parts.config.servers.is_empty()
            || !project().project.servers.is_empty()
    }

    fn forget(&self, session: &SessionId) -> BoxFuture<'_, ()> {
        let (data, session) = (self.parts.config.paths.data.clone(), session.clone());
        Box::pin(async move {
            let Some(data) = data else { return };
            if tokio::task::spawn_blocking(move || aside::forget(&data, &session)).await.is_err() {
                tracing::debug!("outputs of a session may be left");
            }
        })
    }

    fn ready(&self, settings: &Settings) -> Result<(), NotReady> {
        match choice::answerer(&self.parts, &Project::default(), None, settings) {
            Err(ProviderError::Unauthorized(text)) => Err(NotReady::Unauthorized(text)),
            // Whatever else is wrong is told by the first turn: a session can be looked at without a model.
            Ok(_) | Err(_) => Ok(()),
        }
    }

    fn commands(&self, cwd: &Path, settings: &Settings) -> Vec<AvailableCommand> {
        command::available(&self.parts, &self.site(cwd).project, settings)
    }

    fn options(&self, cwd: &Path, settings: &Settings) -> Vec<SessionOption> {
        choice::options(&self.parts, &self.site(cwd).project, settings)
    }
}

/// The built-in agent's side of one session.
#[derive(Debug)]
struct BuiltinSession {
    parts: Arc<Parts>,
    project: Arc<Project>,
    seed: Seed,
    servers: Arc<Servers>,
    policy: Policy,
    diagnostics: Arc<Diagnostics>,
    aside: Aside,
    /// Those of the person and of the project, without the agent's.
    rules: Vec<Rule>,
    /// Taken with the first turn.
    role: Option<Role>,
    transcript: Transcript,
    account: Account,
    meter: Meter,
    /// Number of the last event of the journal that the transcript knows.
    taken: Seq,
    seen: Arc<SeenFiles>,
    watched: Arc<Watched>,
}

impl AgentSession for BuiltinSession {
    fn run(&mut self, mut turn: Turn, mut prompt: Prompt) -> BoxFuture<'_, TurnStop> {
        Box::pin(async move {
            let workspace = &self.seed.workspace;
            prompt.hands = recorder::recording(prompt.hands, &turn, workspace, &self.watched);
            let request = match self.begin(&mut turn, &prompt).await {
                Ok(request) => request,
                Err(message) => return TurnStop::Failed { message },
            };
            self.meter.begin(&self.account);
            let stop = match request {
                Request::Model => Driver::new(self, turn, prompt).run().await,
                Request::Compact { focus } => Driver::new(self, turn, prompt).compact_by_hand(&focus).await,
                Request::Undo(command) => undo::run(self, &turn, &prompt.hands, command).await,
                Request::Answered { text } => self.answered(&turn, text).await,
            };
            self.meter.end(&self.account);
            stop
        })
    }

    fn close(&mut self) -> BoxFuture<'_, ()> {
        Box::pin(async {
            // Those that are shared belong to the session above.
            if self.seed.parent.is_none() {
                self.servers.close().await;
            }
        })
    }
}

impl BuiltinSession {
    /// Takes in what happened before, the prompt, and what it refers to.
    async fn begin(&mut self, turn: &mut Turn, prompt: &Prompt) -> Result<Request, String> {
        self.catch_up(prompt.seq).await?;
        let refused = self.cast(turn, &prompt.content).err();
        self.take_role(&turn.settings());
        self.transcript.take(&EventKind::PromptAccepted {
            turn: prompt.turn,
            message: MessageId::new(""),
            content: prompt.content.clone(),
        });
        if let Some(text) = refused {
            return Ok(Request::Answered { text });
        }
        self.settle_servers(turn).await?;
        if !command::is_plain(&prompt.content) {
            turn.accepted().await.map_err(|e| e.to_string())?;
        }
        let (mut request, mut content) = self.consult(&prompt.content);
        // Not for what a server's prompt says: it is a stranger's.
        let mentioned = mention::read(self, turn, prompt, &content);
        let mentioned = turn.cancelled().run_until_cancelled(mentioned).await;
        if request == Request::Model && content.is_empty() {
            (request, content) = self.consult_servers(turn, &prompt.content).await;
        }
        content.extend(mentioned.unwrap_or_default());
        if !content.is_empty() {
            let extended = EventKind::PromptExtended { content };
            self.transcript.take(&extended);
            turn.emit(vec![extended]).await.map_err(|e| e.to_string())?;
        }
        Ok(request)
    }

    /// Whether a person speaks here. A sub-agent's prompt is the text of a model, and never a command.
    fn is_typed_to(&self) -> bool {
        self.seed.depth == 0
    }

    /// Ends a turn with an answer of our own.
    async fn answered(&mut self, turn: &Turn, text: String) -> TurnStop {
        let said = EventKind::Text { message: MessageId::new(self.parts.clock.id()), text };
        self.transcript.take(&said);
        match turn.emit(vec![said]).await {
            Ok(()) => TurnStop::Finished { reason: StopReason::EndTurn },
            Err(fault) => TurnStop::Failed { message: fault.to_string() },
        }
    }

    /// Reads the journal up to the prompt's place, once: a turn's own events are taken in as they happen.
    async fn catch_up(&mut self, prompt: Seq) -> Result<(), String> {
        if self.taken > 0 {
            return Ok(());
        }
        while self.taken + 1 < prompt {
            let page = self.seed.history.read(self.taken).await?;
            let Some(last) = page.last() else { break };
            self.taken = last.seq;
            for event in page.iter().filter(|event| event.seq < prompt) {
                self.transcript.take(&event.kind);
                self.watched.take(&event.kind);
                if let EventKind::UsageChanged { usage } = &event.kind {
                    self.account.recall(usage);
                }
            }
        }
        self.taken = self.taken.max(1);
        Ok(())
    }

    /// The agent whose part is played, if it is not the usual one.
    fn profile(&self) -> Option<&AgentProfile> {
        self.role.as_ref()?.profile.as_ref()
    }

    fn answerer(&self, settings: &Settings) -> Result<Answerer, ProviderError> {
        choice::answerer(&self.parts, &self.project, self.profile(), settings)
    }

    fn system(&self) -> Arc<str> {
        self.role.as_ref().map_or_else(|| "".into(), |role| Arc::clone(&role.system))
    }

    /// The mode in force.
    fn mode(&self, settings: &Settings) -> Mode {
        role::mode_in_force(settings.mode, self.own_mode())
    }

    /// The mode that the agent brings. A sub-agent was given the stricter one of both when it began.
    fn own_mode(&self) -> Option<Mode> {
        self.role.as_ref().filter(|_| self.seed.depth == 0)?.own_mode()
    }

    /// The tools that the agent has now, for a turn.
    fn tools(&self, turn: &Turn, hands: &Hands) -> Registry {
        let mut tools = self.parts.tools.available(&TurnPeople::new(self, turn.clone(), None, hands));
        let skill = skill_tool(self.aside.skills.clone());
        let more = task::tool(self, turn, hands)
            .into_iter()
            .chain(skill)
            .chain(self.servers.tools(&self.parts.tools));
        more.for_each(|tool| tools.add(tool));
        let allowed = |tool: &dyn Tool| hands.kinds.as_ref().is_none_or(|kinds| kinds.contains(&tool.kind()));
        match &self.role {
            Some(role) => role.tools(&tools),
            None => tools,
        }
        .only(allowed)
    }

    fn templates(&self) -> Vec<&CommandTemplate> {
        command::templates(&self.parts, &self.project)
    }
}
