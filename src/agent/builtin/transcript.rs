//! The conversation as a model is told it: a fold over the session's events.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;

use serde_json::Value;

use super::budget;
use crate::acp::{ContentBlock, EmbeddedResourceResource, PlanEntry, ToolCallContent, ToolCallUpdate};
use crate::event::{EventKind, TurnId};
use crate::provider::{Echo, Message, ModelCall};

/// How a summary begins.
pub(super) const SUMMARY: &str = "(The conversation so far, in short:)";
/// Files remembered for a summary.
const FILES: usize = 50;

/// The conversation so far, oldest first.
#[derive(Debug, Default)]
pub(super) struct Transcript {
    messages: Vec<Arc<Message>>,
    /// What they weigh together.
    bytes: usize,
    /// Ids of all calls so far: a model may count from the beginning in every answer.
    calls: HashSet<String>,
    plan: Vec<PlanEntry>,
    files: Vec<PathBuf>,
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
            EventKind::PromptExtended { content } => self.extend(content),
            EventKind::Text { text, .. } => self.say(text),
            EventKind::ToolProposed { call } if budget::is_question(&call.tool_call_id) => {}
            EventKind::ToolEnded { update, .. } if budget::is_question(&update.tool_call_id) => {}
            EventKind::ToolProposed { call } => {
                let name = call.name.clone().unwrap_or_else(|| call.title.clone());
                let input = call.raw_input.clone().unwrap_or_default();
                let id = call.tool_call_id.0.to_string();
                self.calls.insert(id.clone());
                self.call(ModelCall { id, name, input });
            }
            EventKind::ToolEnded { update, result, .. } => {
                let failed = update.fields.status == Some(crate::acp::ToolCallStatus::Failed);
                let call = update.tool_call_id.0.to_string();
                let images = images(update);
                self.push(Message::Result { call, text: result.clone(), failed, images });
            }
            EventKind::PlanChanged { entries } => self.plan.clone_from(entries),
            EventKind::ToolStarted { update } => self.touch(update),
            EventKind::TurnUndone { turn } => self.undone(*turn),
            EventKind::Compacted { summary, kept, .. } => self.compact(summary, *kept),
            EventKind::Thought { .. }
            | EventKind::ToolProgress { .. }
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

    /// The plan as it is now.
    pub(super) fn plan(&self) -> &[PlanEntry] {
        &self.plan
    }

    /// Files that tools looked at or changed, the latest last.
    pub(super) fn files(&self) -> &[PathBuf] {
        &self.files
    }

    /// About how many bytes a model reads of the conversation.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Whether the model has said the last of it.
    pub(super) fn is_answering(&self) -> bool {
        matches!(self.messages.last().map(Arc::as_ref), Some(Message::Assistant { .. }))
    }

    /// Tells the model something that nobody said, such as that its answer broke off.
    pub(super) fn note(&mut self, text: &str) {
        self.push(Message::User(vec![text.into()]));
    }

    /// Takes in what the provider wants back with the answer that is being written.
    pub(super) fn echo(&mut self, echo: Echo) {
        let (_, _, echoes) = self.assistant();
        echoes.push(echo);
    }

    fn push(&mut self, message: Message) {
        self.bytes += weight(&message);
        self.messages.push(Arc::new(message));
    }

    /// The assistant's message that is being written; a new one after anything else.
    fn assistant(&mut self) -> (&mut String, &mut Vec<ModelCall>, &mut Vec<Echo>) {
        if !self.is_answering() {
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
        self.bytes += more.len();
    }

    fn call(&mut self, call: ModelCall) {
        let bytes = call.name.len() + value(&call.input);
        let (_, calls, _) = self.assistant();
        calls.push(call);
        self.bytes += bytes;
    }

    fn extend(&mut self, more: &[ContentBlock]) {
        if let Some(Message::User(content)) = self.messages.last_mut().map(Arc::make_mut) {
            content.extend_from_slice(more);
            self.bytes += more.iter().map(block).sum::<usize>();
        }
    }

    fn touch(&mut self, update: &ToolCallUpdate) {
        for location in update.fields.locations.iter().flatten() {
            self.files.retain(|known| *known != location.path);
            self.files.push(location.path.clone());
        }
        let most = self.files.len().saturating_sub(FILES);
        self.files.drain(..most);
    }

    fn undone(&mut self, turn: TurnId) {
        let note = format!(
            "(The user took the file changes of turn {turn} back. The files are as they were before it.)"
        );
        self.push(Message::User(vec![note.into()]));
    }

    /// What was said before the last `kept` messages is told by a summary from now on.
    fn compact(&mut self, summary: &str, kept: usize) {
        let mut from = self.messages.len().saturating_sub(kept);
        // A result without its call is nothing a model can read.
        while matches!(self.messages.get(from).map(Arc::as_ref), Some(Message::Result { .. })) {
            from += 1;
        }
        let summary = format!("{SUMMARY}\n\n{summary}");
        self.messages.splice(..from, [Arc::new(Message::User(vec![summary.into()]))]);
        self.bytes = self.messages.iter().map(|message| weight(message)).sum();
    }
}

/// About how many bytes a model reads of a message. Images cost by their area, so a round number stands for them.
pub(super) fn weight(message: &Message) -> usize {
    match message {
        Message::User(content) => content.iter().map(block).sum(),
        Message::Assistant { text, calls, .. } => {
            let calls = calls.iter().map(|call| call.name.len() + value(&call.input));
            text.len() + calls.sum::<usize>()
        }
        Message::Result { text, images, .. } => text.len() + images.iter().map(block).sum::<usize>(),
    }
}

fn block(block: &ContentBlock) -> usize {
    const IMAGE: usize = 6000;
    match block {
        ContentBlock::Text(text) => text.text.len(),
        ContentBlock::Resource(resource) => match &resource.resource {
            EmbeddedResourceResource::TextResourceContents(text) => text.text.len(),
            _ => IMAGE,
        },
        ContentBlock::ResourceLink(link) => link.uri.len(),
        _ => IMAGE,
    }
}

fn value(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len(),
        Value::Array(items) => items.iter().map(self::value).sum(),
        Value::Object(fields) => fields.iter().map(|(name, field)| name.len() + self::value(field)).sum(),
        Value::Null | Value::Bool(_) | Value::Number(_) => 4,
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
