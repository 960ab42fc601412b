use std::sync::Arc;

use futures_util::future::BoxFuture;
use rmcp::model::{ClientRequest, ReadResourceRequest, ReadResourceRequestParams, ServerResult};
use serde_json::{Value, json};

use super::server::Server;
use super::{name, output, trust};
use crate::acp::ToolKind;
use crate::permission::Action;
use crate::tool::{Prepared, Tool, ToolContext, ToolOutput, one_line};

const NAME: &str = "mcp_resource";
/// Characters of one line of the list, and of an address.
const LINE: usize = 300;
const URI: usize = 8 * 1024;

/// `mcp_resource`: what servers hold, listed and read.
#[derive(Debug)]
pub(super) struct McpResource {
    roster: Arc<[Arc<Server>]>,
}

impl McpResource {
    pub(super) fn new(roster: Arc<[Arc<Server>]>) -> Self {
        Self { roster }
    }

    fn list(&self, only: Option<&str>) -> String {
        let mut text = String::new();
        for server in self.roster.iter().filter(|server| only.is_none_or(|only| server.spec.name == only)) {
            let catalogue = server.state().catalogue;
            let entries = catalogue.resources.iter().map(|it| (&it.uri, &it.name, &it.description));
            let templates =
                catalogue.templates.iter().map(|it| (&it.uri_template, &it.name, &it.description));
            for (uri, name, description) in entries.chain(templates) {
                let said = description.as_deref().map(|text| format!(": {text}")).unwrap_or_default();
                text += &one_line(&format!("{} {uri} ({name}{said})", server.spec.name), LINE);
                text.push('\n');
            }
        }
        if text.is_empty() { "There are no resources.\n".to_owned() } else { text }
    }

    /// The server that holds a resource: the named one, the one that lists it, or the only one there is.
    fn holder(&self, named: Option<&str>, uri: &str) -> Result<Arc<Server>, String> {
        let having = || self.roster.iter().filter(|server| server.state().catalogue.has_resources());
        let found = match named {
            Some(named) => self.roster.iter().find(|server| server.spec.name == named),
            None => having()
                .find(|server| server.state().catalogue.resources.iter().any(|it| it.uri == uri))
                .or_else(|| having().next().filter(|_| having().count() == 1)),
        };
        found.cloned().ok_or_else(|| {
            let known: Vec<&str> = having().map(|server| server.spec.name.as_str()).collect();
            format!("Say which `server` it is of: {}.", known.join(", "))
        })
    }
}

async fn read(server: Arc<Server>, uri: String, context: ToolContext) -> ToolOutput {
    let params = ReadResourceRequestParams::new(uri);
    let request = ClientRequest::ReadResourceRequest(ReadResourceRequest::new(params));
    match server.ask(request, &context.cancel).await {
        Ok(Some(ServerResult::ReadResourceResult(result))) => {
            output::of_resource(result.contents, &context).await
        }
        Ok(Some(_)) => ToolOutput::failed("The server answered with something else than a resource."),
        Ok(None) => ToolOutput::failed("(cancelled)"),
        Err(error) => ToolOutput::failed(format!("The MCP server {}: {error}.", server.spec.name)),
    }
}

impl Tool for McpResource {
    fn name(&self) -> &'static str {
        NAME
    }

    fn description(&self) -> &'static str {
        "Reads a resource of an MCP server by its URI; without a URI, lists what there is to read."
    }

    fn input(&self) -> Value {
        json!({
            "type": "object",
            "properties": {
                "uri": {"type": "string", "description": "What to read; left out: list everything"},
                "server": {"type": "string", "description": "The server, where several could have it"},
            },
            "required": [],
            "additionalProperties": false,
        })
    }

    fn kind(&self) -> ToolKind {
        ToolKind::Read
    }

    fn parallel(&self) -> bool {
        true
    }

    fn prepare(&self, input: Value, context: ToolContext) -> BoxFuture<'_, Result<Prepared, ToolOutput>> {
        Box::pin(async move {
            let text = |field: &str| input.get(field).and_then(Value::as_str).filter(|text| !text.is_empty());
            let named = text("server");
            let Some(uri) = text("uri") else {
                let listed = self.list(named);
                return Ok(Prepared {
                    title: "List the resources of MCP servers".to_owned(),
                    action: Action::Note,
                    locations: Vec::new(),
                    preview: Vec::new(),
                    work: Box::new(move || {
                        Box::pin(async move { ToolOutput::done(context.fit(listed).await) })
                    }),
                });
            };
            if uri.len() > URI {
                return Err(ToolOutput::failed(format!("A URI has at most {URI} bytes.")));
            }
            let server = self.holder(named, uri).map_err(ToolOutput::failed)?;
            let pin = name::hash(&[&trust::identity(&server.spec), NAME])[..32].to_owned();
            let (shown, uri) = (one_line(uri, LINE), uri.to_owned());
            Ok(Prepared {
                title: format!("{}: read {shown}", one_line(&server.spec.name, LINE)),
                action: Action::Remote { server: server.spec.name.clone(), tool: NAME.to_owned(), pin },
                locations: Vec::new(),
                preview: vec![shown.into()],
                work: Box::new(move || Box::pin(read(server, uri, context))),
            })
        })
    }
}
