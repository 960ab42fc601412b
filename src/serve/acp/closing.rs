//! What every way to be done with a session has in common.

use jsonrpsee::Extensions;
use jsonrpsee::types::Params;

use super::params::{Reply, client, defer, engine, parse};
use super::{Engine, EngineSource};
use crate::acp::SessionId;
use crate::acp::lenient::OneSession;
use crate::rpc::Responder;

/// A session that was closed, and the reply that is owed for it.
pub(super) struct Closed {
    pub(super) id: SessionId,
    pub(super) engine: Engine,
    pub(super) responder: Responder,
}

/// Closes the session that the request names and lets its client go: a running prompt is cancelled and answered
/// first. An unknown session is closed already.
pub(super) async fn close(
    params: &Params<'static>,
    source: &EngineSource,
    extensions: &Extensions,
) -> Reply<Closed> {
    let id = parse::<OneSession>(params)?.session_id;
    let (client, engine) = (client(extensions)?, engine(source)?);
    let (responder, _) = defer(extensions)?;
    engine.sessions.close(&id).await;
    client.detach(&id).await;
    Ok(Closed { id, engine, responder })
}
