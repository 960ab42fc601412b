//! A question to which only a person knows the answer, put to this client as `elicitation/create`.

use serde::Serialize;
use serde_json::Value;

use super::ceiling::first_piece;
use super::client::Client;
use crate::acp::lenient::{ElicitationAnswer, Elicited};
use crate::acp::{
    CLIENT_METHOD_NAMES, CompleteElicitationNotification, ElicitationId, SessionId, ToolCallId,
};
use crate::event::{AskId, Question, QuestionAnswer, QuestionForm};
use crate::jsonrpc::notification_line;
use crate::rpc::{Peer, PeerError};
use crate::session::SessionHandle;

/// `elicitation/create`, borrowed. The schema goes out as it was asked, because its fields have an order.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Create<'a> {
    session_id: &'a SessionId,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_call_id: Option<&'a ToolCallId>,
    message: &'a str,
    #[serde(flatten)]
    mode: Mode<'a>,
}

#[derive(Debug, Serialize)]
#[serde(tag = "mode", rename_all = "lowercase", rename_all_fields = "camelCase")]
enum Mode<'a> {
    Form { requested_schema: &'a Value },
    Url { elicitation_id: ElicitationId, url: &'a str },
}

/// Whether the client said that it can put such a question to a person.
pub(super) fn takes(client: &Client, form: &QuestionForm) -> bool {
    client.capabilities().elicitation.as_ref().is_some_and(|it| match form {
        QuestionForm::Fields { .. } => it.supports_form(),
        QuestionForm::Page { .. } => it.supports_url(),
    })
}

/// The protocol's name for a question, which has to be the only one of its kind for the client.
pub(super) fn id(session: &SessionId, ask: &AskId) -> ElicitationId {
    ElicitationId::new(format!("{session}/{}", ask.0))
}

/// Writes that the page of that question was dealt with.
pub(super) fn complete(id: ElicitationId, out: &mut Vec<u8>) {
    let done = CompleteElicitationNotification::new(id);
    notification_line(CLIENT_METHOD_NAMES.elicitation_complete, &done, out);
}

/// What is asked, and on behalf of which call.
#[derive(Debug, Clone)]
pub(super) struct Elicitation {
    pub(super) ask: AskId,
    pub(super) call: Option<ToolCallId>,
    pub(super) question: Question,
}

/// Asks and hands the answer to the session. What cannot be understood is no answer; a client that is gone answers
/// nothing, because another one may still.
pub(super) async fn put(peer: Peer, session: SessionHandle, asked: Elicitation) {
    let Question { message, form } = &asked.question;
    let message = first_piece(message);
    let mode = match form {
        QuestionForm::Fields { schema } => Mode::Form { requested_schema: schema },
        QuestionForm::Page { url } => Mode::Url { elicitation_id: id(session.id(), &asked.ask), url },
    };
    let create = Create { session_id: session.id(), tool_call_id: asked.call.as_ref(), message, mode };
    let answer = peer.request::<_, ElicitationAnswer>(CLIENT_METHOD_NAMES.elicitation_create, &create).await;
    let answer = match answer.map(ElicitationAnswer::elicited) {
        Ok(Elicited::Accepted(content)) => QuestionAnswer::Accepted { content },
        Ok(Elicited::Declined) => QuestionAnswer::Declined,
        Ok(Elicited::Cancelled) => QuestionAnswer::Cancelled,
        Err(PeerError::Gone) => return,
        Err(e) => {
            tracing::warn!(error = %e, "a question was not answered");
            QuestionAnswer::Cancelled
        }
    };
    session.answer_question(asked.ask, answer).await;
}
