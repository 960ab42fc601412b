//! The task that keeps one server connected.

use std::sync::Arc;
use std::time::Duration;

use rmcp::service::{Peer, RoleClient};
use tokio::sync::{Notify, mpsc};
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use super::McpError;
use super::catalogue::Catalogue;
use super::connection::{self, Connection, Link, Site};
use super::ending::Ending;
use super::host::Host;
use super::server::{Phase, Server, State};
use super::servers::{News, notice};
use super::tool::RemoteTool;
use crate::event::NoticeLevel;
use crate::permission::escape_for_display;

/// How often in a row it is started again, and how long it waits before: one second, then twice as long each time.
const TRIES: u32 = 5;
const PAUSE: Duration = Duration::from_secs(1);
/// A connection that lasted this long was a good one.
const GOOD: Duration = Duration::from_mins(1);
/// Lists that change all the time are read no oftener than this, and each for no longer than that.
const QUIET: Duration = Duration::from_millis(500);
const LISTING: Duration = Duration::from_secs(10);
/// How long closing may take: a server that ignores every signal but the last, and a little more.
const CLOSING: Duration = Duration::from_secs(4);

/// Keeps one server connected until it is told to stop.
pub(super) struct Keeper {
    pub(super) server: Arc<Server>,
    pub(super) site: Site,
    pub(super) roots: Arc<[String]>,
    pub(super) news: mpsc::Sender<News>,
    pub(super) stop: CancellationToken,
}

impl Keeper {
    /// Lives until the session is closed.
    pub(super) async fn run(self) {
        let mut tries = 0;
        if self.stop.run_until_cancelled(self.begin()).await.is_some() {
            while Box::pin(self.live(&mut tries)).await {}
        }
        self.server.state.send_modify(|state| {
            state.phase = Phase::Closed;
            state.link = None;
        });
    }

    /// Waits until it may be started at all.
    async fn begin(&self) {
        while self.server.state.borrow().phase == Phase::Unapproved {
            self.server.wanted.notified().await;
            if self.server.take_revived() {
                self.enter(Phase::Connecting, None);
            }
        }
    }

    /// One connection from its beginning to its end, and the wait until there is to be another; false at the end.
    async fn live(&self, tries: &mut u32) -> bool {
        self.enter(Phase::Connecting, None);
        let (ending, changed) = (Ending::default(), Arc::new(Notify::new()));
        let began = Instant::now();
        let why = match self.stop.run_until_cancelled(self.connect(&ending, &changed)).await {
            Some(Ok(connection)) => {
                self.serve(connection, &ending, &changed).await;
                let why = ending.reason().unwrap_or("the connection was closed");
                McpError::Unavailable(why.to_owned())
            }
            Some(Err(why)) => why,
            None => return false,
        };
        if self.stop.is_cancelled() {
            return false;
        }
        *tries = if began.elapsed() > GOOD { 1 } else { *tries + 1 };
        let over = *tries > TRIES;
        self.enter(if over { Phase::GivenUp } else { Phase::Failed }, Some(why.clone()));
        self.report(&why, over, &ending).await;
        self.stop.run_until_cancelled(self.wanted_again(tries)).await.is_some()
    }

    /// Waits until it is to be started again.
    async fn wanted_again(&self, tries: &mut u32) {
        loop {
            self.server.wanted.notified().await;
            if self.server.take_revived() {
                *tries = 0;
                return;
            }
            if *tries <= TRIES {
                return sleep(PAUSE * 2_u32.saturating_pow(tries.saturating_sub(1))).await;
            }
        }
    }

    async fn connect(&self, ending: &Ending, changed: &Arc<Notify>) -> Result<Connection, McpError> {
        let spec = &self.server.spec;
        let host = Host {
            server: spec.name.as_str().into(),
            roots: Arc::clone(&self.roots),
            calls: Arc::clone(&self.server.calls),
            changed: Arc::clone(changed),
        };
        let opening = Box::pin(connection::open(spec, &self.site, host, ending));
        timeout(spec.startup, opening).await.unwrap_or_else(|_| {
            ending.fail("it was too slow");
            Err(McpError::TimedOut(spec.startup.as_secs()))
        })
    }

    /// Lets the connection be used until it ends, and follows what it offers.
    async fn serve(&self, connection: Connection, ending: &Ending, changed: &Notify) {
        let Connection { peer, catalogue, close, mut closed } = connection;
        let link = Arc::new(Link { peer: peer.clone(), ending: ending.clone() });
        self.offer(catalogue, Some(link)).await;
        let mut quiet_until = Instant::now();
        loop {
            tokio::select! {
                biased;
                () = self.stop.cancelled() => break,
                () = &mut closed => {
                    ending.fail("the connection was closed");
                    return;
                }
                () = ending.over().cancelled() => break,
                () = told(changed, quiet_until) => {
                    self.reload(&peer).await;
                    quiet_until = Instant::now() + QUIET;
                }
            }
        }
        close.cancel();
        if timeout(CLOSING, closed).await.is_err() {
            tracing::warn!(server = %self.server.spec.name, "a server did not end in time");
        }
    }

    async fn reload(&self, peer: &Peer<RoleClient>) {
        match timeout(LISTING, Catalogue::load(peer)).await {
            Ok(Ok(catalogue)) => self.offer(catalogue, None).await,
            Ok(Err(error)) => tracing::debug!(%error, "a server cannot say what it offers now"),
            Err(_) => tracing::debug!("a server does not say what it offers now"),
        }
    }

    /// Makes known what the server offers, and with a new link that it can be used.
    async fn offer(&self, catalogue: Catalogue, link: Option<Arc<Link>>) {
        let left_out = catalogue.left_out;
        let tools = RemoteTool::of(&self.server, &catalogue);
        let commands = catalogue.prompts != self.server.state.borrow().catalogue.prompts;
        self.server.state.send_modify(|state| {
            state.catalogue = Arc::new(catalogue);
            state.tools = tools;
            if link.is_some() {
                *state = State { phase: Phase::Ready, why: None, link, ..state.clone() };
            }
        });
        if left_out > 0 {
            let title = format!(
                "{left_out} tools of the MCP server {} are too many and left out",
                self.server.spec.name
            );
            self.tell(notice(NoticeLevel::Warning, &title, None)).await;
        }
        if commands {
            self.tell(News::Commands).await;
        }
    }

    fn enter(&self, phase: Phase, why: Option<McpError>) {
        self.server.state.send_modify(|state| {
            state.phase = phase;
            state.why = why;
            state.link = None;
        });
    }

    async fn report(&self, why: &McpError, over: bool, ending: &Ending) {
        let name = &self.server.spec.name;
        let next =
            if over { format!(" (given up; `/mcp reconnect {name}` tries again)") } else { String::new() };
        let title = format!("The MCP server {name} is not available: {why}{next}");
        tracing::info!("{title}");
        self.tell(notice(
            NoticeLevel::Warning,
            &title,
            ending.last_words().map(|words| escape_for_display(&words)),
        ))
        .await;
    }

    async fn tell(&self, news: News) {
        if self.news.send(news).await.is_err() {
            tracing::debug!("nobody listens to what servers do");
        }
    }
}

async fn told(changed: &Notify, quiet_until: Instant) {
    changed.notified().await;
    sleep_until(quiet_until).await;
}
