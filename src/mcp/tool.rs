use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use rmcp::model::{CallToolRequest, CallToolRequestParams, ClientRequest, ServerResult, Tool as Description};
use serde_json::{Map, Value};

use super::catalogue::Catalogue;
use super::connection::Wait;
use super::server::Server;
use super::{McpError, name, output, trust};
use crate::acp::ToolKind;
use crate::permission::Action;
use crate::tool::{Prepared, Tool, ToolContext, ToolOutput, one_line};

/// Characters of a description, and bytes of a schema: what every model call carries.
const DESCRIPTION: usize = 4000;
const SCHEMA: usize = 32 * 1024;
/// Characters of a title, and of the input shown to a person.
const TITLE: usize = 120;
const SHOWN: usize = 4000;

/// A tool of a server.
#[derive(Debug, Clone)]
pub(super) struct RemoteTool {
    name: String,
    description: String,
    /// Hash of what the server runs and of how it describes the tool.
    pin: String,
    server: Arc<Server>,
    tool: Arc<Description>,
}

impl RemoteTool {
    /// The tools of a server.
    pub(super) fn of(server: &Arc<Server>, catalogue: &Catalogue) -> Arc<[Arc<Self>]> {
        let identity = trust::identity(&server.spec);
        let tool = |tool: &Arc<Description>| {
            let description = tool.description.as_deref().or(tool.title.as_deref()).unwrap_or_default();
            let schema = canonical(&Value::Object((*tool.input_schema).clone())).to_string();
            Arc::new(Self {
                name: name::tool(&server.spec.name, &tool.name),
                description: description.chars().take(DESCRIPTION).collect(),
                pin: name::hash(&[&identity, &tool.name, description, &schema])[..32].to_owned(),
                server: Arc::clone(server),
                tool: Arc::clone(tool),
            })
        };
        catalogue.tools.iter().map(tool).collect()
    }

    /// The same under a name of its own, where another tool has its usual one.
    pub(super) fn renamed(&self) -> Self {
        let whole = format!("{}\n{}", self.server.spec.name, self.tool.name);
        Self { name: name::distinct(&self.name, &whole), ..self.clone() }
    }

    fn hint(&self, which: impl Fn(&rmcp::model::ToolAnnotations) -> Option<bool>) -> bool {
        self.tool.annotations.as_ref().and_then(which) == Some(true)
    }

    /// What a person should see before saying yes: the input, and what the tool says of itself.
    fn preview(&self, arguments: &Map<String, Value>) -> String {
        let input = serde_json::to_string_pretty(arguments).unwrap_or_default();
        let mut text: String = input.chars().take(SHOWN).collect();
        if text.len() < input.len() {
            let left = input.len() - text.len();
            write!(text, "\n… and {left} more bytes").unwrap_or_default();
        }
        let fence = "`".repeat(3.max(1 + input.split(|c| c != '`').map(str::len).max().unwrap_or(0)));
        let says = if self.hint(|it| it.read_only_hint) {
            "\nThe server says that it only reads."
        } else if self.hint(|it| it.destructive_hint) {
            "\nThe server says that it may destroy something."
        } else {
            ""
        };
        format!("{fence}json\n{}\n{fence}{says}", crate::permission::escape_for_display(&text))
    }

    async fn call(self, arguments: Map<String, Value>, context: ToolContext) -> ToolOutput {
        match self.answer(arguments, &context).await {
            Ok(Some(ServerResult::CallToolResult(result))) => output::of(result, &context).await,
            Ok(Some(_)) => ToolOutput::failed(format!(
                "The server {} answered with something else.",
                self.server.spec.name
            )),
            Ok(None) => ToolOutput::failed("(cancelled)"),
            Err(error) => ToolOutput::failed(format!("The MCP server {}: {error}.", self.server.spec.name)),
        }
    }

    async fn answer(
        &self,
        arguments: Map<String, Value>,
        context: &ToolContext,
    ) -> Result<Option<ServerResult>, McpError> {
        let link = tokio::select! {
            () = context.cancel.cancelled() => return Ok(None),
            link = self.server.link() => link?,
        };
        let params = CallToolRequestParams::new(self.tool.name.clone()).with_arguments(arguments);
        let request = link.begin(ClientRequest::CallToolRequest(CallToolRequest::new(params))).await?;
        let registered = self.server.calls.register(request.progress_token.clone(), context);
        let wait =
            Wait { timeout: self.server.spec.timeout, cancel: &context.cancel, pulse: &registered.pulse };
        link.finish(request, wait).await
    }
}

impl Tool for RemoteTool {
    fn name(&self) -> &str {
        &self.name
    }

    fn description(&self) -> &str {
        &self.description
    }

    fn input(&self) -> Value {
        let mut schema = (*self.tool.input_schema).clone();
        if Value::Object(schema.clone()).to_string().len() > SCHEMA {
            schema.clear();
        }
        schema.entry("type").or_insert_with(|| "object".into());
        Value::Object(schema)
    }

    fn kind(&self) -> ToolKind {
        match (self.hint(|it| it.read_only_hint), self.hint(|it| it.open_world_hint)) {
            (true, true) => ToolKind::Fetch,
            (true, false) => ToolKind::Read,
            (false, _) => ToolKind::Other,
        }
    }

    fn parallel(&self) -> bool {
        self.hint(|it| it.read_only_hint)
    }

    fn prepare(&self, input: Value, context: ToolContext) -> BoxFuture<'_, Result<Prepared, ToolOutput>> {
        let arguments = match input {
            Value::Object(arguments) => Ok(arguments),
            Value::Null => Ok(Map::new()),
            Value::String(text) => serde_json::from_str(&text).map_err(|_| ()),
            _ => Err(()),
        };
        Box::pin(async move {
            let arguments = arguments
                .map_err(|()| ToolOutput::failed(format!("The input of {} must be an object.", self.name)))?;
            let (server, tool) = (self.server.spec.name.clone(), self.tool.name.to_string());
            let input = Value::Object(arguments.clone()).to_string();
            let remote = self.clone();
            Ok(Prepared {
                title: one_line(&format!("{server}: {tool} {input}"), TITLE),
                preview: vec![self.preview(&arguments).into()],
                action: Action::Remote { server, tool, pin: self.pin.clone() },
                locations: Vec::new(),
                work: Box::new(move || Box::pin(remote.call(arguments, context))),
            })
        })
    }
}

/// The same value with its fields in order, so that their order changes no hash.
fn canonical(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(canonical).collect(),
        Value::Object(fields) => {
            let sorted: BTreeMap<&String, Value> =
                fields.iter().map(|(name, value)| (name, canonical(value))).collect();
            Value::Object(sorted.into_iter().map(|(name, value)| (name.clone(), value)).collect())
        }
        other => other.clone(),
    }
}
