use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::connection::Site;
use super::http::Target;
use super::keeper::Keeper;
use super::resource::McpResource;
use super::server::{Phase, Server};
use super::trust::{Trust, Verdict, describe};
use super::{McpError, name, prompt};
use crate::acp::{AvailableCommand, ContentBlock};
use crate::config::{McpServer, McpTransport, Origin};
use crate::event::{EventKind, NoticeLevel};
use crate::permission::escape_for_display;
use crate::tool::{Registry, Tool};
use crate::workspace::{LocalCommands, Workspace};

/// Servers of one session.
const MOST: usize = 16;
/// Characters of a server's name.
const NAME: usize = 64;
/// News that may wait to be heard.
const QUEUE: usize = 64;

/// What a session's servers are to be.
#[derive(Debug)]
pub struct Setup {
    /// The most trusted first: of two with the same name the first counts.
    pub servers: Vec<McpServer>,
    pub workspace: Workspace,
    pub processes: LocalCommands,
    pub trust: Trust,
    /// The file of sign-ins; `None`: nobody is signed in.
    pub tokens: Option<PathBuf>,
}

/// What happened to a session's servers.
#[derive(Debug)]
pub enum News {
    /// A person should know.
    Notice(EventKind),
    /// Their prompts, and with them the slash commands, are others now.
    Commands,
}

/// One server as people see it.
#[derive(Debug, Clone)]
pub struct Status {
    pub name: String,
    pub phase: Phase,
    /// Why it is not there.
    pub why: Option<String>,
    pub tools: usize,
    pub prompts: usize,
    pub resources: usize,
}

/// The servers of one session. They end when this is closed or dropped.
#[derive(Debug)]
pub struct Servers {
    roster: Arc<[Arc<Server>]>,
    trust: Trust,
    waited: AtomicBool,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Drop for Servers {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl Servers {
    /// Begins to connect to each of them and returns at once. News wait until they are heard.
    pub fn connect(setup: Setup) -> (Self, mpsc::Receiver<News>) {
        let (news, heard) = mpsc::channel(QUEUE);
        let Setup { servers, workspace, processes, trust, tokens } = setup;
        let mut notices = Vec::new();
        let roster: Arc<[Arc<Server>]> = admitted(servers, &trust, &mut notices).into();
        for told in notices {
            if news.try_send(told).is_err() {
                tracing::warn!("there is more to be said about servers than anybody reads");
            }
        }
        let roots: Arc<[String]> = workspace
            .roots()
            .filter_map(|root| crate::http::Url::from_file_path(root).ok())
            .map(String::from)
            .collect();
        let site = Site { workspace, processes, tokens };
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        for server in roster.iter() {
            let keeper = Keeper {
                server: Arc::clone(server),
                site: site.clone(),
                roots: Arc::clone(&roots),
                news: news.clone(),
                stop: stop.clone(),
            };
            tasks.spawn(keeper.run());
        }
        tasks.close();
        let servers = Self { roster, trust, waited: AtomicBool::new(false), tasks, stop };
        (servers, heard)
    }

    /// Waits for servers that are still connecting, no longer than `limit` and only the first time. Returns what a
    /// person should know then: who is still missing.
    pub async fn settled(&self, limit: Duration) -> Vec<EventKind> {
        for server in self.roster.iter().filter(|server| server.state().phase == Phase::Failed) {
            server.wanted.notify_one();
        }
        if self.waited.load(Ordering::Relaxed) {
            return Vec::new();
        }
        let all = futures_util::future::join_all(self.roster.iter().map(|server| async {
            let mut state = server.state.subscribe();
            // The sender lives as long as the server.
            let _settled = state.wait_for(|state| state.phase != Phase::Connecting).await.is_ok();
        }));
        let settled = timeout(limit, all).await;
        // Who gave it up before has not waited.
        self.waited.store(true, Ordering::Relaxed);
        if settled.is_ok() {
            return Vec::new();
        }
        let late = self.roster.iter().filter(|server| server.state().phase == Phase::Connecting);
        let late: Vec<&str> = late.map(|server| server.spec.name.as_str()).collect();
        let title = format!("Still connecting to {}: their tools come later", late.join(", "));
        vec![EventKind::Notice { level: NoticeLevel::Info, title, detail: None }]
    }

    /// The tools there are now, those of the most trusted server first, under names that none of the `others` has.
    pub fn tools(&self, others: &Registry) -> Vec<Arc<dyn Tool>> {
        let mut taken: HashSet<String> = others.iter().map(|tool| tool.name().to_owned()).collect();
        let mut tools: Vec<Arc<dyn Tool>> = Vec::new();
        let states: Vec<_> = self.roster.iter().map(|server| server.state()).collect();
        if states.iter().any(|state| state.catalogue.has_resources()) {
            let tool = McpResource::new(Arc::clone(&self.roster));
            taken.insert(tool.name().to_owned());
            tools.push(Arc::new(tool));
        }
        for tool in states.iter().flat_map(|state| state.tools.iter()) {
            if taken.insert(tool.name().to_owned()) {
                tools.push(Arc::clone(tool) as _);
                continue;
            }
            let renamed = tool.renamed();
            if taken.insert(renamed.name().to_owned()) {
                tools.push(Arc::new(renamed));
            }
        }
        tools
    }

    /// Their prompts as slash commands: `/server:prompt`, and `/mcp` where there is a server.
    pub fn commands(&self) -> Vec<AvailableCommand> {
        let own = (!self.roster.is_empty()).then(super::command::available);
        let prompts = self.roster.iter().flat_map(|server| prompt::commands(server));
        own.into_iter().chain(prompts).collect()
    }

    /// What a typed `/server:prompt arguments` stands for; `None` when it is no such command.
    pub async fn prompt(
        &self,
        typed: &str,
        cancel: &CancellationToken,
    ) -> Option<Result<Vec<ContentBlock>, McpError>> {
        let (server, prompt, rest) = prompt::find(&self.roster, typed)?;
        Some(prompt::get(&server, &prompt, rest, cancel).await)
    }

    /// Carries out a typed `/mcp …` and returns what to say; `None` when it is no such command.
    pub fn command(&self, typed: &str) -> Option<String> {
        (!self.roster.is_empty()).then(|| super::command::run(self, typed))?
    }

    /// Where each of them stands.
    pub fn status(&self) -> Vec<Status> {
        let status = |server: &Arc<Server>| {
            let state = server.state();
            Status {
                name: server.spec.name.clone(),
                phase: state.phase,
                why: state.why.map(|why| why.to_string()),
                tools: state.tools.len(),
                prompts: state.catalogue.prompts.len(),
                resources: state.catalogue.resources.len(),
            }
        };
        self.roster.iter().map(status).collect()
    }

    /// Ends all of them and waits for it, a few seconds at most.
    pub async fn close(&self) {
        self.stop.cancel();
        self.tasks.wait().await;
    }

    pub(super) fn find(&self, name: &str) -> Option<&Arc<Server>> {
        self.roster.iter().find(|server| server.spec.name == name)
    }

    pub(super) fn trust(&self) -> &Trust {
        &self.trust
    }
}

pub(super) fn notice(level: NoticeLevel, title: &str, detail: Option<String>) -> News {
    let title = escape_for_display(title).replace('\n', " ");
    News::Notice(EventKind::Notice { level, title, detail })
}

/// The servers a session has, in order, and what to say about the others.
fn admitted(servers: Vec<McpServer>, trust: &Trust, notices: &mut Vec<News>) -> Vec<Arc<Server>> {
    let mut admitted: Vec<Arc<Server>> = Vec::new();
    for spec in servers {
        let name = spec.name.clone();
        let mut warn = |title: String, detail: Option<String>| {
            notices.push(notice(NoticeLevel::Warning, &title, detail))
        };
        if name.trim().is_empty() || name.chars().count() > NAME {
            warn(format!("An MCP server has no name of 1 to {NAME} characters and is left out"), None);
            continue;
        }
        if admitted.iter().any(|known| name::plain(&known.spec.name) == name::plain(&name)) {
            tracing::debug!(server = %name, "a server of the same name comes first");
            continue;
        }
        if admitted.len() >= MOST {
            warn(format!("The MCP server {name} is one of more than {MOST} and left out"), None);
            continue;
        }
        let phase = match (&spec.origin, trust.verdict(&spec)) {
            (Origin::Client | Origin::User(_), _) | (_, Verdict::Approved) => Phase::Connecting,
            (Origin::Project(_), Verdict::Rejected) => Phase::Unapproved,
            (Origin::Project(file), Verdict::Unknown) => {
                let file = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
                let title = format!(
                    "The MCP server {name} of {file} is not started: look at what it runs, then `/mcp approve {name}` or `adjutant mcp approve {name}`"
                );
                warn(title, Some(describe(&spec)));
                Phase::Unapproved
            }
        };
        if let McpTransport::Http { url, headers } | McpTransport::Sse { url, headers } = &spec.transport
            && !headers.is_empty()
            && Target::new(url, headers).is_ok_and(|target| target.is_open())
        {
            warn(
                format!("The MCP server {name} is sent its headers over plain http: others can read them"),
                None,
            );
        }
        admitted.push(Arc::new(Server::new(spec, phase)));
    }
    admitted
}
