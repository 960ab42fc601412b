use std::sync::Arc;

use rmcp::model::{PaginatedRequestParams, Prompt, Resource, ResourceTemplate, Tool};
use rmcp::service::{Peer, RoleClient, ServiceError};

/// What one server may bring: tools, prompts, resources.
pub(super) const TOOLS: usize = 128;
const PROMPTS: usize = 64;
const RESOURCES: usize = 256;
/// Pages of one list.
const PAGES: usize = 32;

/// What a server offers, as it said last.
#[derive(Debug, Default)]
pub(super) struct Catalogue {
    pub(super) tools: Vec<Arc<Tool>>,
    pub(super) prompts: Vec<Prompt>,
    pub(super) resources: Vec<Resource>,
    pub(super) templates: Vec<ResourceTemplate>,
    /// Tools beyond the cap, which nobody can call.
    pub(super) left_out: usize,
}

/// Reads one list page by page until it ends or is long enough.
macro_rules! pages {
    ($peer:expr, $method:ident, $field:ident, $most:expr) => {{
        let mut found = Vec::new();
        let mut cursor = None;
        for _ in 0..PAGES {
            let page = $peer.$method(Some(PaginatedRequestParams::default().with_cursor(cursor))).await?;
            found.extend(page.$field);
            cursor = page.next_cursor;
            if cursor.is_none() || found.len() > $most {
                break;
            }
        }
        found
    }};
}

impl Catalogue {
    /// Asks for everything that the server said it has. Its tools it must have; what else it cannot tell, it has not.
    pub(super) async fn load(peer: &Peer<RoleClient>) -> Result<Self, ServiceError> {
        let Some(info) = peer.peer_info() else { return Ok(Self::default()) };
        let has = &info.capabilities;
        let mut tools = if has.tools.is_some() { tools(peer).await? } else { Vec::new() };
        let left_out = tools.len().saturating_sub(TOOLS);
        tools.truncate(TOOLS);
        let mut prompts = if has.prompts.is_some() { lenient(prompts(peer).await) } else { Vec::new() };
        prompts.truncate(PROMPTS);
        let (mut resources, mut templates) = match has.resources {
            Some(_) => (lenient(resources(peer).await), lenient(templates(peer).await)),
            None => (Vec::new(), Vec::new()),
        };
        resources.truncate(RESOURCES);
        templates.truncate(RESOURCES);
        Ok(Self { tools: tools.into_iter().map(Arc::new).collect(), prompts, resources, templates, left_out })
    }

    pub(super) fn has_resources(&self) -> bool {
        !self.resources.is_empty() || !self.templates.is_empty()
    }
}

async fn tools(peer: &Peer<RoleClient>) -> Result<Vec<Tool>, ServiceError> {
    Ok(pages!(peer, list_tools, tools, TOOLS))
}

async fn prompts(peer: &Peer<RoleClient>) -> Result<Vec<Prompt>, ServiceError> {
    Ok(pages!(peer, list_prompts, prompts, PROMPTS))
}

async fn resources(peer: &Peer<RoleClient>) -> Result<Vec<Resource>, ServiceError> {
    Ok(pages!(peer, list_resources, resources, RESOURCES))
}

async fn templates(peer: &Peer<RoleClient>) -> Result<Vec<ResourceTemplate>, ServiceError> {
    Ok(pages!(peer, list_resource_templates, resource_templates, RESOURCES))
}

fn lenient<T>(list: Result<Vec<T>, ServiceError>) -> Vec<T> {
    list.unwrap_or_else(|error| {
        tracing::debug!(%error, "a server cannot list what it said it has");
        Vec::new()
    })
}
