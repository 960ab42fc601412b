//! What every way to open a session has in common: who asks, where it is to be, and what follows the reply.

use std::sync::Arc;

use jsonrpsee::Extensions;
use jsonrpsee::types::ErrorObjectOwned;
use serde::Serialize;

use super::attachment::{Attachment, From};
use super::client::Client;
use super::params::{Reply, client, defer, engine, roots};
use super::version::Version;
use super::{Engine, EngineSource, error, options, projection, servers};
use crate::acp::lenient::SessionPlace;
use crate::acp::{
    AvailableCommandsUpdate, Notice, NoticeSeverity, SessionConfigOption, SessionId, SessionModeState,
    SessionUpdate,
};
use crate::agent::{Roots, Settings};
use crate::permission::Mode;
use crate::session::{NewSession, SessionError, SessionHandle, Sessions};

/// A session that is being opened for a client.
#[derive(Debug)]
pub(super) struct Opening {
    pub(super) client: Arc<Client>,
    pub(super) engine: Engine,
    pub(super) roots: Roots,
    /// What could not be read of the request and of the files there, and is left out.
    problems: Vec<String>,
}

/// `Err` when no session with these settings could be worked in before somebody signs in.
pub(super) fn ready(engine: &Engine, settings: &Settings) -> Reply<()> {
    engine.sessions.backend().ready(settings).map_err(|e| error::auth_required(&e.to_string()))
}

impl Opening {
    /// In the place that the request names; `Err` when there can be no session.
    pub(super) async fn of(
        place: &SessionPlace,
        source: &EngineSource,
        extensions: &Extensions,
    ) -> Reply<Self> {
        servers::admit(client(extensions)?.version(), &place.mcp_servers).map_err(|e| error::invalid(&e))?;
        let (servers, mut problems) = servers::read(&place.mcp_servers);
        let roots = Roots { servers: servers.into(), ..roots(place)? };
        let (client, engine) = (client(extensions)?, engine(source)?);
        problems.extend(engine.sessions.backend().look(roots.cwd.clone()).await);
        Ok(Self { client, engine, roots, problems })
    }

    pub(super) fn sessions(&self) -> &Sessions {
        &self.engine.sessions
    }

    /// Whether a stored session could be worked in with what was chosen in it.
    pub(super) async fn ready(&self, id: &SessionId) -> Reply<()> {
        let found = self.sessions().store().find(id).await;
        let record = found.map_err(|e| self.failed(id, &e.into()))?;
        let mode = Mode::from_id(&record.mode).unwrap_or(self.engine.mode);
        ready(&self.engine, &Settings { mode, options: record.options })
    }

    /// A new session in that place.
    pub(super) async fn create(&self) -> Reply<SessionHandle> {
        let mode = self.engine.mode;
        ready(&self.engine, &Settings { mode, options: Vec::new() })?;
        let new = NewSession { roots: self.roots.clone(), mode };
        self.sessions().create(new).await.map_err(|e| error::opening(&e))
    }

    /// A new session in that place with the history of another one.
    pub(super) async fn fork(&self, id: &SessionId) -> Reply<SessionHandle> {
        self.ready(id).await?;
        let forked = self.sessions().fork(id, self.roots.clone()).await;
        forked.map_err(|e| self.failed(id, &e))
    }

    /// The session of that id, live or from the store.
    pub(super) async fn load(&self, id: &SessionId) -> Reply<SessionHandle> {
        self.ready(id).await?;
        let loaded = self.sessions().load(id, Some(self.roots.clone())).await;
        loaded.map_err(|e| self.failed(id, &e))
    }

    fn failed(&self, id: &SessionId, error: &SessionError) -> ErrorObjectOwned {
        error::session(self.client.version(), id, error)
    }

    /// What can be chosen in the session: part of every reply.
    pub(super) fn choices(&self, session: &SessionHandle) -> (SessionModeState, Vec<SessionConfigOption>) {
        let settings = session.settings();
        (
            options::modes(&settings),
            options::options(session.cwd(), &settings, self.sessions(), self.client.draws_switches()),
        )
    }

    /// Replies, attaches the client to what happens from now on, and welcomes it.
    pub(super) async fn answer<R: Serialize>(
        &self,
        extensions: &Extensions,
        response: R,
        session: SessionHandle,
    ) -> Reply<()> {
        let (responder, _) = defer(extensions)?;
        responder.reply(Ok(response)).await;
        // Who is attached stays so: what happens meanwhile, and the end of a running turn, is not missed.
        let attached = self.client.attached(session.id()).is_some_and(|known| known.is(&session));
        if !attached {
            let watched = session.clone();
            self.client.attach(session.id(), |earlier| {
                let nothing = Box::pin(async {});
                Attachment::start(&self.client, self.sessions(), watched, From::Head, nothing, earlier)
            });
        }
        self.welcome(&session).await;
        Ok(())
    }

    /// Attaches the client, and replies when it was shown what `from` says.
    pub(super) fn catch_up<R: Serialize + Send + 'static>(
        self,
        extensions: &Extensions,
        response: R,
        session: SessionHandle,
        from: From,
    ) -> Reply<()> {
        let (responder, _) = defer(extensions)?;
        let (client, sessions, handle) = (Arc::clone(&self.client), self.sessions().clone(), session.clone());
        let caught_up = Box::pin(async move {
            responder.reply(Ok(response)).await;
            self.welcome(&handle).await;
        });
        let id = session.id().clone();
        client
            .attach(&id, |earlier| Attachment::start(&client, &sessions, session, from, caught_up, earlier));
        Ok(())
    }

    /// Commands, what the person should know about how things were set up, and then what the agent finds.
    pub(super) async fn welcome(&self, session: &SessionHandle) {
        // In version 2 they are part of the reply.
        if self.client.version() == Version::V1 {
            let settings = session.settings();
            let commands = self.sessions().backend().commands(session.cwd(), &settings);
            let update = SessionUpdate::AvailableCommandsUpdate(AvailableCommandsUpdate::new(commands));
            let line = projection::line(session.id(), &update);
            if self.client.peer().send(line.into()).await.is_err() {
                return;
            }
        }
        let set_up = if self.client.first_warning() { self.engine.warnings.to_vec() } else { Vec::new() };
        for warning in set_up.into_iter().chain(self.sessions().store().warning()) {
            self.tell(session, warning).await;
        }
        for problem in &self.problems {
            self.tell(session, problem.clone()).await;
        }
        session.prepare().await;
    }

    /// What concerns this connection alone is no part of the session: it goes to its client and nowhere else. A
    /// client that takes no notices leaves it to the log.
    async fn tell(&self, session: &SessionHandle, text: String) {
        if !self.client.takes_notices() {
            return tracing::warn!("{text}");
        }
        let notice = SessionUpdate::Notice(Notice::new(NoticeSeverity::Warning, text));
        let line = projection::line(session.id(), &notice);
        if self.client.peer().send(line.into()).await.is_err() {
            tracing::debug!("nobody is left to be told");
        }
    }
}
