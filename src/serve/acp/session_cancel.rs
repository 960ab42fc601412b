use std::sync::Arc;

use jsonrpsee::Extensions;
use jsonrpsee::types::Params;

use super::EngineSource;
use super::params::{Reply, client, parse};
use crate::acp::lenient::OneSession;

/// `session/cancel`: a notification; with no turn, or no such session, there is nothing to do.
pub(super) async fn handle(
    params: Params<'static>,
    _: Arc<EngineSource>,
    extensions: Extensions,
) -> Reply<()> {
    let id = parse::<OneSession>(&params)?.session_id;
    if let Some(session) = client(&extensions)?.attached(&id) {
        session.cancel().await;
    }
    Ok(())
}
