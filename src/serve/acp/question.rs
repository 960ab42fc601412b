//! What people are asked in one session, as far as this client can put it to them.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::client::Client;
use super::elicitation::{self, Elicitation};
use super::permission;
use crate::acp::{ElicitationId, ToolCallId};
use crate::event::{AskId, Event, EventKind, QuestionAnswer, QuestionForm};
use crate::ongoing::Aside;
use crate::session::SessionHandle;

/// The questions of one session that this client was asked, or is still to be.
pub(super) struct Questions {
    client: Arc<Client>,
    session: SessionHandle,
    /// Found open in what happened before the client came.
    found: Vec<Arc<Event>>,
    put: HashMap<AskId, Put>,
    /// Calls that this client was asked about.
    calls: HashSet<ToolCallId>,
}

/// A question on its way; letting go of it takes the request back.
struct Put {
    _request: Aside,
    /// What has to be said to be complete.
    page: Option<ElicitationId>,
}

impl Questions {
    pub(super) fn new(client: &Arc<Client>, session: &SessionHandle) -> Self {
        let (client, session) = (Arc::clone(client), session.clone());
        Self { client, session, found: Vec::new(), put: HashMap::new(), calls: HashSet::new() }
    }

    /// Remembers one that is put, unless it was settled, when the client has seen everything.
    pub(super) fn found(&mut self, event: &Arc<Event>) {
        self.found.push(Arc::clone(event));
    }

    pub(super) fn put_found(&mut self) {
        for event in std::mem::take(&mut self.found) {
            self.put(&event);
        }
    }

    /// Puts a question to the client, if it can be asked.
    pub(super) fn put(&mut self, event: &Event) {
        let (peer, session) = (self.client.peer().clone(), self.session.clone());
        let (ask, page, request) = match &event.kind {
            EventKind::AskOpened { ask, call, options, .. } => {
                self.calls.insert(call.tool_call_id.clone());
                let version = self.client.version();
                let question = permission::Question::new(version, session.id(), call, options);
                let request = permission::put(peer, session, ask.clone(), question);
                (ask, None, Aside::new(request))
            }
            EventKind::QuestionOpened { ask, call, question, .. } => {
                if !elicitation::takes(&self.client, &question.form) {
                    return;
                }
                let page = matches!(question.form, QuestionForm::Page { .. });
                let page = page.then(|| elicitation::id(session.id(), ask));
                let asked = Elicitation { ask: ask.clone(), call: call.clone(), question: question.clone() };
                (ask, page, Aside::new(elicitation::put(peer, session, asked)))
            }
            _ => return,
        };
        self.put.insert(ask.clone(), Put { _request: request, page });
    }

    /// Whether the client was asked that, and has not been told that it is settled.
    pub(super) fn is_put(&self, ask: &AskId) -> bool {
        self.put.contains_key(ask)
    }

    /// It is settled, wherever that was: a request that is still open is taken back.
    pub(super) fn settle(&mut self, settled: &AskId) {
        self.put.remove(settled);
        self.found.retain(|event| match &event.kind {
            EventKind::AskOpened { ask, .. } | EventKind::QuestionOpened { ask, .. } => ask != settled,
            _ => false,
        });
    }

    /// The same; a page that was visited is said to be complete.
    pub(super) fn settle_question(&mut self, settled: &AskId, answer: &QuestionAnswer, out: &mut Vec<u8>) {
        let page = self.put.get_mut(settled).and_then(|put| put.page.take());
        self.settle(settled);
        if let (Some(page), QuestionAnswer::Accepted { .. }) = (page, answer) {
            elicitation::complete(page, out);
        }
    }

    /// Whether this client was asked about the call.
    pub(super) fn were_about(&self, call: &ToolCallId) -> bool {
        self.calls.contains(call)
    }

    /// The turn is over: nothing more is heard of its calls.
    pub(super) fn end_of_turn(&mut self) {
        self.calls.clear();
    }
}
