use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rmcp::model::{ClientRequest, ServerResult};
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

use super::McpError;
use super::calls::{Calls, Pulse};
use super::catalogue::Catalogue;
use super::connection::{Link, Wait};
use super::name;
use super::tool::RemoteTool;
use crate::config::McpServer;

/// Where a server stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// A project names it, and nobody approved what it runs.
    Unapproved,
    Connecting,
    Ready,
    /// It is started again when it is needed next.
    Failed,
    /// It failed too often: only a person starts it again.
    GivenUp,
    Closed,
}

impl Phase {
    /// One word for people.
    pub fn word(self) -> &'static str {
        match self {
            Self::Unapproved => "not approved",
            Self::Connecting => "connecting",
            Self::Ready => "ready",
            Self::Failed => "failed",
            Self::GivenUp => "given up",
            Self::Closed => "closed",
        }
    }
}

/// What everybody may know of a server at this moment.
#[derive(Debug, Clone)]
pub(super) struct State {
    pub(super) phase: Phase,
    /// Why it is not there.
    pub(super) why: Option<McpError>,
    pub(super) link: Option<Arc<Link>>,
    /// What it offered last, also while it is away.
    pub(super) catalogue: Arc<Catalogue>,
    pub(super) tools: Arc<[Arc<RemoteTool>]>,
}

/// One server of a session: what its keeper, its tools and its prompts share.
#[derive(Debug)]
pub(super) struct Server {
    pub(super) spec: McpServer,
    /// Its name as part of the names of tools and commands.
    pub(super) prefix: String,
    pub(super) state: watch::Sender<State>,
    pub(super) calls: Arc<Calls>,
    /// Somebody wants to use it though it is away.
    pub(super) wanted: Notify,
    /// Somebody wants it started again whatever happened.
    revived: AtomicBool,
}

impl Server {
    pub(super) fn new(spec: McpServer, phase: Phase) -> Self {
        let nothing = State { phase, why: None, link: None, catalogue: Arc::default(), tools: Arc::new([]) };
        Self {
            prefix: name::plain(&spec.name),
            spec,
            state: watch::Sender::new(nothing),
            calls: Arc::default(),
            wanted: Notify::new(),
            revived: AtomicBool::new(false),
        }
    }

    pub(super) fn state(&self) -> State {
        self.state.borrow().clone()
    }

    /// Starts it again, whatever happened before.
    pub(super) fn revive(&self) {
        self.revived.store(true, Ordering::Relaxed);
        self.wanted.notify_one();
    }

    /// Whether that was asked for since the last time.
    pub(super) fn take_revived(&self) -> bool {
        self.revived.swap(false, Ordering::Relaxed)
    }

    /// The open connection; waits while it is being opened, and has it opened again once where it is away.
    pub(super) async fn link(&self) -> Result<Arc<Link>, McpError> {
        let mut state = self.state.subscribe();
        let mut asked = false;
        loop {
            let State { phase, why, link, .. } = state.borrow_and_update().clone();
            let away = || why.unwrap_or_else(|| McpError::Unavailable(format!("it is {}", phase.word())));
            match (phase, link) {
                (Phase::Ready, Some(link)) if !link.ending.over().is_cancelled() => return Ok(link),
                (Phase::Ready | Phase::Connecting, _) => {}
                (Phase::Failed, _) if !asked => {
                    asked = true;
                    self.wanted.notify_one();
                }
                (Phase::Failed | Phase::GivenUp | Phase::Unapproved | Phase::Closed, _) => return Err(away()),
            }
            if state.changed().await.is_err() {
                return Err(McpError::Unavailable("the session is closed".into()));
            }
        }
    }

    /// Asks it something that is no call of a tool; `Ok(None)` when it was cancelled meanwhile.
    pub(super) async fn ask(
        &self,
        request: ClientRequest,
        cancel: &CancellationToken,
    ) -> Result<Option<ServerResult>, McpError> {
        let link = tokio::select! {
            () = cancel.cancelled() => return Ok(None),
            link = self.link() => link?,
        };
        let request = link.begin(request).await?;
        let pulse = Pulse::default();
        link.finish(request, Wait { timeout: self.spec.timeout, cancel, pulse: &pulse }).await
    }
}
