//! The conversation as a model is told it: a fold over the session's events.

use std::collections::HashSet;
use std::sync::Arc;

use crate::acp::{ContentBlock, ToolCallContent, ToolCallUpdate};
use crate::event::{EventKind, TurnId};
use crate::provider::{Echo, Message, ModelCall};

/// The conversation so far, oldest first.
#[derive(Debug, Default)]
pub(super) struct Transcript {
    messages: Vec<Arc<Message>>,
    /// Ids of all calls so far: a model may count from the beginning in every answer.
    calls: HashSet<String>,
}

impl Transcript {
    pub(super) fn messages(&self) -> &[Arc<Message>] {
        &self.messages
    }

    /// Whether a call of that id was made before.
    pub(super) fn knows_call(&self, id: &str) -> bool {
        self.calls.contains(id)
    }

    /// Takes in what happened. Thoughts, display output and settings are not told to the model.
    pub(super) fn take(&mut self, kind: &EventKind) {
        match kind {
            EventKind::PromptAccepted { content, .. } => self.push(Message::User(content.clone())),
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
                let images = images(update);
                self.push(Message::Result { call, text: result.clone(), failed, images });
            }
            EventKind::TurnUndone { turn } => self.undone(*turn),
            EventKind::Compacted { summary, kept } => self.compact(summary, *kept),
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
            | EventKind::QuestionOpened { .. }
            | EventKind::QuestionSettled { .. }
            | EventKind::FileChanged { .. }
            | EventKind::Compacting { .. }
            | EventKind::TurnEnded { .. } => {}
        }
    }

    /// Takes in what the provider wants back with the answer that is being written.
    pub(super) fn echo(&mut self, echo: Echo) {
        let (_, _, echoes) = self.assistant();
        echoes.push(echo);
    }

    fn push(&mut self, message: Message) {
        self.messages.push(Arc::new(message));
    }

    /// The assistant's message that is being written; a new one after anything else.
    fn assistant(&mut self) -> (&mut String, &mut Vec<ModelCall>, &mut Vec<Echo>) {
        if !matches!(self.messages.last().map(Arc::as_ref), Some(Message::Assistant { .. })) {
            self.push(Message::Assistant { text: String::new(), calls: Vec::new(), echoes: Vec::new() });
        }
        match self.messages.last_mut().map(Arc::make_mut) {
            Some(Message::Assistant { text, calls, echoes }) => (text, calls, echoes),
            _ => unreachable!("one was pushed"),
        }
    }

    fn say(&mut self, more: &str) {
        let (text, ..) = self.assistant();
        text.push_str(more);
    }

    fn call(&mut self, call: ModelCall) {
        let (_, calls, _) = self.assistant();
        calls.push(call);
    }

    fn undone(&mut self, turn: TurnId) {
        let note = format!(
            "(The user took the file changes of turn {turn} back. The files are as they were before it.)"
        );
        self.push(Message::User(vec![note.into()]));
    }

    /// What was said before the last `kept` messages is told by a summary from now on.
    fn compact(&mut self, summary: &str, kept: usize) {
        let from = self.messages.len().saturating_sub(kept);
        let summary = format!("(The conversation so far, in short:)\n\n{summary}");
        self.messages.splice(..from, [Arc::new(Message::User(vec![summary.into()]))]);
    }
}

/// What a tool showed beside its text that a model can see.
fn images(update: &ToolCallUpdate) -> Vec<ContentBlock> {
    let content = update.fields.content.iter().flatten();
    let images = content.filter_map(|content| match content {
        ToolCallContent::Content(content) if matches!(content.content, ContentBlock::Image(_)) => {
            Some(content.content.clone())
        }
        _ => None,
    });
    images.collect()
}
