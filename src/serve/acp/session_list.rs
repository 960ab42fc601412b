use std::path::PathBuf;
use std::sync::Arc;

use jsonrpsee::Extensions;
use jsonrpsee::types::Params;
use serde::Deserialize;

use super::params::{Reply, absolute, engine, parse};
use super::{EngineSource, error};
use crate::acp::{ListSessionsResponse, SessionInfo};
use crate::clock::rfc3339;
use crate::store::{ListQuery, SessionRecord};

/// Sessions in one page.
const PAGE: usize = 25;

#[derive(Deserialize)]
struct List {
    #[serde(default)]
    cwd: Option<PathBuf>,
    #[serde(default)]
    cursor: Option<String>,
}

/// `session/list`: newest change first, a page at a time.
pub(super) async fn handle(
    params: Params<'static>,
    source: Arc<EngineSource>,
    _: Extensions,
) -> Reply<ListSessionsResponse> {
    let List { cwd, cursor } = parse(&params)?;
    let cwd = cwd.map(|cwd| absolute(&cwd)).transpose()?;
    let engine = engine(&source)?;
    let page =
        engine.sessions.list(ListQuery { cwd, cursor, limit: PAGE }).await.map_err(|e| error::store(&e))?;
    Ok(ListSessionsResponse::new(page.sessions.into_iter().map(info).collect()).next_cursor(page.next))
}

fn info(record: SessionRecord) -> SessionInfo {
    SessionInfo::new(record.id, record.cwd)
        .additional_directories(record.additional)
        .title(record.title)
        .updated_at(rfc3339(record.updated_at))
}
