use std::sync::Arc;

use jsonrpsee::Extensions;
use jsonrpsee::types::Params;
use serde::Deserialize;
use serde_json::Value;

use super::super::attachment::From;
use super::super::opening::Opening;
use super::super::params::{Reply, parse};
use super::super::{EngineSource, error};
use super::options::choices;
use crate::acp::lenient::OpenSession;
use crate::acp::v2::{ReplayFrom, ResumeSessionResponse};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Replay {
    #[serde(default)]
    replay_from: Value,
}

/// `session/resume`: what was asked for of before is shown, then where the session stands, then comes the reply.
pub(super) async fn handle(
    params: Params<'static>,
    source: Arc<EngineSource>,
    extensions: Extensions,
) -> Reply<()> {
    let OpenSession { session_id: id, place, .. } = parse(&params)?;
    let from = from(parse::<Replay>(&params)?.replay_from)?;
    let opening = Opening::of(&place, &source, &extensions).await?;
    let session = opening.load(&id).await?;
    let (options, commands) = choices(&opening, &session);
    let response = ResumeSessionResponse::new().config_options(options).available_commands(commands);
    opening.catch_up(&extensions, response, session, from)
}

fn from(cursor: Value) -> Reply<From> {
    if cursor.is_null() {
        return Ok(From::Standing);
    }
    match serde_json::from_value(cursor) {
        Ok(ReplayFrom::Start(_)) => Ok(From::Start),
        Ok(_) => Err(error::invalid("replayFrom: the only type there is here is \"start\"")),
        Err(e) => Err(error::invalid(&format!("replayFrom: {e}"))),
    }
}
