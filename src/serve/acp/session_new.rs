use std::sync::Arc;

use jsonrpsee::Extensions;
use jsonrpsee::types::Params;

use super::attachment::{Attachment, From};
use super::client::Client;
use super::params::{Reply, client, defer, engine, parse, roots};
use super::projection;
use super::{Engine, EngineSource, error, options};
use crate::acp::lenient::SessionPlace;
use crate::acp::{AvailableCommandsUpdate, NewSessionResponse, Notice, NoticeSeverity, SessionUpdate};
use crate::session::{NewSession, SessionHandle};

/// `session/new`: durable when the reply is written; commands and notices follow it.
pub(super) async fn handle(
    params: Params<'static>,
    source: Arc<EngineSource>,
    extensions: Extensions,
) -> Reply<()> {
    let place: SessionPlace = parse(&params)?;
    let (client, roots, engine) = (client(&extensions)?, roots(&place)?, engine(&source)?);
    let created = engine.sessions.create(NewSession { roots, mode: engine.mode }).await;
    let session = created.map_err(|e| error::opening(&e))?;
    let settings = session.settings();
    let response = NewSessionResponse::new(session.id().clone())
        .modes(options::modes(&settings))
        .config_options(options::options(&settings, &engine.sessions));
    let (responder, _) = defer(&extensions)?;
    responder.reply(Ok(response)).await;
    opened(&client, &engine, session, From::Head, &place).await;
    Ok(())
}

/// Attaches the client and tells it what follows the reply of every way to open a session.
pub(super) async fn opened(
    client: &Arc<Client>,
    engine: &Engine,
    session: SessionHandle,
    from: From,
    place: &SessionPlace,
) {
    let (id, watched) = (session.id().clone(), session.clone());
    client.attach(&id, |earlier| {
        Attachment::start(client, &engine.sessions, watched, from, Box::pin(async {}), earlier)
    });
    welcome(client, engine, &session, place).await;
}

/// Commands, and what the person should know about how things were set up.
pub(super) async fn welcome(client: &Client, engine: &Engine, session: &SessionHandle, place: &SessionPlace) {
    let commands = AvailableCommandsUpdate::new(engine.sessions.backend().commands());
    let line = projection::line(session.id(), &SessionUpdate::AvailableCommandsUpdate(commands));
    if client.peer().send(line.into()).await.is_err() {
        return;
    }
    let set_up = if client.first_warning() { engine.warnings.to_vec() } else { Vec::new() };
    for warning in set_up.into_iter().chain(engine.sessions.store().warning()) {
        tell(client, session, NoticeSeverity::Warning, warning).await;
    }
    if !place.mcp_servers.is_empty() {
        let names: Vec<_> = place.mcp_servers.iter().filter_map(|it| it.get("name")?.as_str()).collect();
        let text = format!("MCP servers are not connected yet: {}", names.join(", "));
        tell(client, session, NoticeSeverity::Warning, text).await;
    }
}

/// What concerns this connection alone is no part of the session: it goes to its client and nowhere else. A
/// client that takes no notices leaves it to the log.
async fn tell(client: &Client, session: &SessionHandle, severity: NoticeSeverity, text: String) {
    if !client.takes_notices() {
        return tracing::warn!("{text}");
    }
    let line = projection::line(session.id(), &SessionUpdate::Notice(Notice::new(severity, text)));
    if client.peer().send(line.into()).await.is_err() {
        tracing::debug!("nobody is left to be told");
    }
}
