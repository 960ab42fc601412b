use std::sync::Arc;

use jsonrpsee::Extensions;
use jsonrpsee::types::Params;

use super::super::EngineSource;
use super::super::params::Reply;
use super::super::session_set_config_option::set;
use super::options::all_options;
use crate::acp::v2::SetSessionConfigOptionResponse;

/// `session/set_config_option`: the reply holds all options, as they are now.
pub(super) async fn handle(
    params: Params<'static>,
    source: Arc<EngineSource>,
    extensions: Extensions,
) -> Reply<SetSessionConfigOptionResponse> {
    let options = set(&params, &source, &extensions).await?;
    Ok(SetSessionConfigOptionResponse::new(all_options(options)))
}
