use serde_json::json;

use super::params::{Reply, engine};
use super::{EngineSource, error};
use crate::acp::{LogoutResponse, Meta};
use crate::config::KeyPlace;

/// `logout`: drops the keys that were stored. Those of the environment and the configuration are the person's own to
/// take away, which the reply says where there are any.
pub(super) fn handle(source: &EngineSource) -> Reply<LogoutResponse> {
    let keys = engine(source)?.keys;
    let dropped = keys.file().remove(|_| true).map_err(|e| error::internal(&e.to_string()))?;
    tracing::info!(?dropped, "logged out");
    let lasting: Vec<_> = keys.lasting().iter().filter_map(whence).collect();
    if lasting.is_empty() {
        return Ok(LogoutResponse::new());
    }
    let mut meta = Meta::new();
    meta.insert("details".to_owned(), json!(format!("keys are still taken from {}", lasting.join(", "))));
    Ok(LogoutResponse::new().meta(meta))
}

fn whence(place: &KeyPlace) -> Option<String> {
    match place {
        KeyPlace::Variable(name) => Some(format!("the environment variable {name}")),
        KeyPlace::Config => Some("the configuration".to_owned()),
        KeyPlace::File | KeyPlace::NotNeeded => None,
    }
}
