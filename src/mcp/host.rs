//! What a server may ask of us and tell us.
#![expect(deprecated, reason = "roots and logging are what servers of today use")]

use std::sync::Arc;

use rmcp::ClientHandler;
use rmcp::model::{
    ClientCapabilities, ClientConfig, ElicitRequestParams, ElicitResult, ElicitationAction,
    ElicitationCapability, FormElicitationCapability, Implementation, ListRootsResult,
    LoggingMessageNotificationParam, ProgressNotificationParam, Root, RootsCapabilities,
    UrlElicitationCapability,
};
use rmcp::service::{NotificationContext, RequestContext, RoleClient};
use tokio::sync::Notify;

use super::calls::Calls;
use crate::event::{Question, QuestionAnswer, QuestionForm};
use crate::tool::one_line;

/// Characters of a question, and bytes of its form.
const QUESTION: usize = 4000;
const FORM: usize = 64 * 1024;
/// Characters of one line of a server's log.
const LOGGED: usize = 500;

type Error = rmcp::ErrorData;

/// Our side of a connection.
#[derive(Debug, Clone)]
pub(super) struct Host {
    pub(super) server: Arc<str>,
    /// URLs of the workspace's roots.
    pub(super) roots: Arc<[String]>,
    pub(super) calls: Arc<Calls>,
    /// Tools, prompts or resources are others now.
    pub(super) changed: Arc<Notify>,
}

impl Host {
    async fn answer(&self, request: ElicitRequestParams) -> Result<ElicitResult, Error> {
        let Some(asking) = self.calls.asking() else {
            return Ok(ElicitResult::new(ElicitationAction::Cancel));
        };
        let people = &asking.people;
        let (message, form) = match request {
            ElicitRequestParams::FormElicitationParams { message, requested_schema, .. } => {
                if !people.take_forms() {
                    return Ok(ElicitResult::new(ElicitationAction::Cancel));
                }
                let schema = serde_json::to_value(requested_schema)
                    .map_err(|e| Error::invalid_params(e.to_string(), None))?;
                if schema.to_string().len() > FORM {
                    return Err(Error::invalid_params("the form is too large", None));
                }
                (message, QuestionForm::Fields { schema })
            }
            ElicitRequestParams::UrlElicitationParams { message, url, .. } => {
                let web = url.starts_with("https://") || url.starts_with("http://");
                if !web || url.len() > QUESTION {
                    return Err(Error::invalid_params("only pages of the web can be visited", None));
                }
                if !people.take_pages() {
                    return Ok(ElicitResult::new(ElicitationAction::Cancel));
                }
                (message, QuestionForm::Page { url })
            }
            _ => return Err(Error::invalid_params("there is no such way to ask", None)),
        };
        let message = message.chars().take(QUESTION).collect::<String>();
        let message = format!("The MCP server {} asks: {message}", self.server);
        Ok(match people.ask(Question { message, form }).await {
            QuestionAnswer::Accepted { content } if content.is_null() => {
                ElicitResult::new(ElicitationAction::Accept)
            }
            QuestionAnswer::Accepted { content } => {
                ElicitResult::new(ElicitationAction::Accept).with_content(content)
            }
            QuestionAnswer::Declined | QuestionAnswer::Unfit { .. } => {
                ElicitResult::new(ElicitationAction::Decline)
            }
            QuestionAnswer::Cancelled => ElicitResult::new(ElicitationAction::Cancel),
        })
    }
}

impl ClientHandler for Host {
    fn get_info(&self) -> ClientConfig {
        let mut capabilities = ClientCapabilities::default();
        capabilities.roots = Some(RootsCapabilities::default());
        capabilities.elicitation = Some(
            ElicitationCapability::new()
                .with_form(FormElicitationCapability::default())
                .with_url(UrlElicitationCapability::default()),
        );
        ClientConfig::new(capabilities, Implementation::new("adjutant", env!("CARGO_PKG_VERSION")))
    }

    async fn list_roots(&self, _: RequestContext<RoleClient>) -> Result<ListRootsResult, Error> {
        Ok(ListRootsResult::new(self.roots.iter().map(Root::new).collect()))
    }

    async fn create_elicitation(
        &self,
        request: ElicitRequestParams,
        context: RequestContext<RoleClient>,
    ) -> Result<ElicitResult, Error> {
        tokio::select! {
            () = context.ct.cancelled() => Ok(ElicitResult::new(ElicitationAction::Cancel)),
            answer = self.answer(request) => answer,
        }
    }

    async fn on_progress(&self, params: ProgressNotificationParam, _: NotificationContext<RoleClient>) {
        self.calls.progress(&params);
    }

    async fn on_logging_message(
        &self,
        params: LoggingMessageNotificationParam,
        _: NotificationContext<RoleClient>,
    ) {
        let line = one_line(&params.data.to_string(), LOGGED);
        tracing::debug!(server = %self.server, level = ?params.level, "{line}");
    }

    async fn on_tool_list_changed(&self, _: NotificationContext<RoleClient>) {
        self.changed.notify_one();
    }

    async fn on_prompt_list_changed(&self, _: NotificationContext<RoleClient>) {
        self.changed.notify_one();
    }

    async fn on_resource_list_changed(&self, _: NotificationContext<RoleClient>) {
        self.changed.notify_one();
    }
}
