//! A session's MCP servers: which they are, what is announced of them, and what is typed to them.

use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::sync::mpsc;

use super::command::{self, Request};
use super::{BuiltinSession, Parts};
use crate::acp::{AvailableCommand, ContentBlock};
use crate::agent::{Seed, Settings, Turn};
use crate::config::Project;
use crate::event::EventKind;
use crate::mcp::{News, Servers, Setup, Trust};

/// How long the first turn waits for servers that are still connecting.
const PATIENCE: Duration = Duration::from_secs(2);

/// Begins to connect to the client's servers, the person's and the project's, and announces what becomes of them and of
/// the commands.
pub(super) fn connect(parts: &Arc<Parts>, project: &Arc<Project>, seed: &Seed) -> Arc<Servers> {
    let paths = &parts.config.paths;
    let servers = seed.servers.iter().chain(&parts.config.servers).chain(&project.servers);
    let servers: Vec<_> = servers.cloned().collect();
    let (servers, news) = Servers::connect(Setup {
        servers,
        workspace: seed.workspace.clone(),
        processes: parts.processes.clone(),
        trust: Trust::at(paths.approvals()),
        tokens: paths.sign_ins(),
    });
    let servers = Arc::new(servers);
    let (parts, project) = (Arc::clone(parts), Arc::clone(project));
    // As they are now, and not when the task begins: what changes between is not missed.
    let mut seed = seed.clone();
    let settings = seed.settings.borrow_and_update().clone();
    tokio::spawn(announce(news, Arc::downgrade(&servers), seed, settings, move |settings| {
        command::available(&parts, &project, settings)
    }));
    servers
}

/// Tells what becomes of servers, and which commands there are where that changes, as long as the session is open;
/// `own` are those that there are without servers, `settings` those they were told for.
async fn announce(
    mut news: mpsc::Receiver<News>,
    servers: Weak<Servers>,
    mut seed: Seed,
    mut settings: Settings,
    own: impl Fn(&Settings) -> Vec<AvailableCommand>,
) {
    loop {
        let kind = tokio::select! {
            Some(news) = news.recv() => match news {
                News::Notice(kind) => Some(kind),
                News::Commands => None,
            },
            changed = seed.settings.changed() => {
                if changed.is_err() {
                    break;
                }
                let before = std::mem::replace(&mut settings, seed.settings.borrow_and_update().clone());
                if own(&before) == own(&settings) {
                    continue;
                }
                None
            }
        };
        let Some(servers) = servers.upgrade() else { break };
        let all = || own(&settings).into_iter().chain(servers.commands()).collect();
        seed.voice.say(kind.unwrap_or_else(|| EventKind::CommandsChanged { commands: all() })).await;
    }
}

impl BuiltinSession {
    /// Waits a moment for servers that are still connecting, and says who is missing.
    pub(super) async fn settle_servers(&self, turn: &Turn) -> Result<(), String> {
        let late = tokio::select! {
            () = turn.cancelled().cancelled() => Vec::new(),
            late = self.servers.settled(PATIENCE) => late,
        };
        turn.emit(late).await.map_err(|e| e.to_string())
    }

    /// What a typed `/mcp` or `/server:prompt` asks for, and what it stands for. Never for the text of a model: this
    /// approves and starts programs.
    pub(super) async fn consult_servers(
        &self,
        turn: &Turn,
        content: &[ContentBlock],
    ) -> (Request, Vec<ContentBlock>) {
        // Behind it may stand what an editor attaches.
        let (Some(ContentBlock::Text(typed)), true) = (content.first(), self.is_typed_to()) else {
            return (Request::Model, Vec::new());
        };
        if let Some(text) = self.servers.command(&typed.text) {
            return (Request::Answered { text }, Vec::new());
        }
        match self.servers.prompt(&typed.text, turn.cancelled()).await {
            None => (Request::Model, Vec::new()),
            Some(Ok(content)) => (Request::Model, content),
            Some(Err(error)) => {
                (Request::Answered { text: format!("That prompt cannot be used: {error}.") }, Vec::new())
            }
        }
    }
}
