//! The conversation as a model is told it: a fold over the session's events.

use std::collections::HashSet;

use crate::event::EventKind;
use crate::provider::{Message, ModelCall};

/// The conversation so far, oldest first.
#[derive(Debug, Default)]
pub(super) struct Transcript {
    messages: Vec<Message>,
    /// Ids of all calls so far: a model may count from the beginning in every answer.
    calls: HashSet<String>,
}

impl Transcript {
    pub(super) fn messages(&self) -> &[Message] {
        &self.messages
    }

    /// Whether a call of that id was made before.
    pub(super) fn knows_call(&self, id: &str) -> bool {
        self.calls.contains(id)
    }

    /// Takes in what happened. Thoughts, display output and settings are not told to the model.
    pub(super) fn take(&mut self, kind: &EventKind) {
        match kind {
            EventKind::PromptAccepted { content, .. } => self.messages.push(Message::User(content.clone())),
            EventKind::Text { text, .. } => self.say(text),
            EventKind::ToolProposed { call } => {
                let name = call.name.clone().unwrap_or_else(|| call.title.clone());
                let input = call.raw_input.clone().unwrap_or_default();
                let id = call.tool_call_id.0.to_string();
                self.calls.insert(id.clone());
                self.call(ModelCall { id, name, input });
            }
            EventKind::ToolEnded { update, result } => {
                let failed = update.fields.status == Some(crate::acp::ToolCallStatus::Failed);
                let call = update.tool_call_id.0.to_string();
                self.messages.push(Message::Result { call, text: result.clone(), failed });
            }
            EventKind::Thought { .. }
            | EventKind::ToolStarted { .. }
            | EventKind::ToolProgress { .. }
            | EventKind::PlanChanged { .. }
            | EventKind::AskOpened { .. }
            | EventKind::AskSettled { .. }
            | EventKind::ModeChanged { .. }
            | EventKind::OptionChanged { .. }
            | EventKind::CommandsChanged { .. }
            | EventKind::TitleChanged { .. }
            | EventKind::UsageChanged { .. }
            | EventKind::Notice { .. }
            | EventKind::TurnEnded { .. } => {}
        }
    }

    /// More of the assistant's message that is being written; a new one after anything else.
    fn say(&mut self, more: &str) {
        match self.messages.last_mut() {
            Some(Message::Assistant { text, .. }) => text.push_str(more),
            _ => self.messages.push(Message::Assistant { text: more.to_owned(), calls: Vec::new() }),
        }
    }

    fn call(&mut self, call: ModelCall) {
        match self.messages.last_mut() {
            Some(Message::Assistant { calls, .. }) => calls.push(call),
            _ => self.messages.push(Message::Assistant { text: String::new(), calls: vec![call] }),
        }
    }
}
