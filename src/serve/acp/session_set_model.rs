use std::sync::Arc;

use jsonrpsee::Extensions;
use jsonrpsee::types::Params;
use serde::Deserialize;
use serde_json::{Value, json};

use super::params::{Reply, client, engine, parse};
use super::session_set_config_option::set_option;
use super::{EngineSource, options};
use crate::acp::SessionId;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SetModel {
    session_id: SessionId,
    model_id: String,
}

/// `session/set_model`: gone from the protocol, still sent; an alias of the `model` option.
pub(super) async fn handle(
    params: Params<'static>,
    source: Arc<EngineSource>,
    extensions: Extensions,
) -> Reply<Value> {
    let SetModel { session_id, model_id } = parse(&params)?;
    let (client, engine) = (client(&extensions)?, engine(&source)?);
    let session = client.session(&session_id)?;
    set_option(&client, &engine, &session, (options::MODEL, &model_id)).await?;
    Ok(json!({}))
}
