use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{AskId, TurnId};
use crate::acp::{
    AvailableCommand, ContentBlock, Cost, EmbeddedResourceResource, MessageId, PermissionOption,
    PermissionOptionKind, PlanEntry, StopReason, ToolCall, ToolCallContent, ToolCallId, ToolCallUpdate,
};

/// What happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum EventKind {
    /// A prompt was accepted and its turn began.
    PromptAccepted { turn: TurnId, message: MessageId, content: Vec<ContentBlock> },
    /// What the prompt before refers to, as it was read for the model: files it mentions, a command's template.
    PromptExtended { content: Vec<ContentBlock> },
    /// The agent said a piece of a message.
    Text { message: MessageId, text: String },
    /// The agent thought a piece of a message.
    Thought { message: MessageId, text: String },
    /// The agent wants a tool run; nothing runs yet.
    ToolProposed { call: Box<ToolCall> },
    /// The tool is about to run: written before it does.
    ToolStarted { update: Box<ToolCallUpdate> },
    /// Output or status of a running tool.
    ToolProgress { update: Box<ToolCallUpdate> },
    /// The tool has ended, well or badly. `result` is what the model reads of it.
    /// `cancelled`: because it was given up, by itself or with its turn.
    ToolEnded {
        update: Box<ToolCallUpdate>,
        result: String,
        #[serde(default, skip_serializing_if = "is_false")]
        cancelled: bool,
    },
    /// The whole plan, as it is now.
    PlanChanged { entries: Vec<PlanEntry> },
    /// A person is asked whether a tool may run.
    AskOpened { ask: AskId, turn: TurnId, call: Box<ToolCallUpdate>, options: Vec<PermissionOption> },
    /// The question is settled, by whoever answered first or by its turn's end.
    AskSettled { ask: AskId, outcome: AskOutcome },
    /// The session's mode is another one now.
    ModeChanged { mode: String },
    /// A session option has another value now.
    OptionChanged { option: String, value: String },
    /// The slash commands, as they are now.
    CommandsChanged { commands: Vec<AvailableCommand> },
    /// The session has a (new) title.
    TitleChanged { title: String },
    /// How full the model's context is, and what was spent.
    UsageChanged { usage: Usage },
    /// Something a person should know that is not part of the conversation.
    Notice { level: NoticeLevel, title: String, detail: Option<String> },
    /// A person is asked something that only they know, perhaps on behalf of a call.
    QuestionOpened { ask: AskId, turn: TurnId, call: Option<ToolCallId>, question: Question },
    /// That question is settled, by whoever answered first or by its turn's end.
    QuestionSettled { ask: AskId, answer: QuestionAnswer },
    /// A file is about to be changed by the running turn: what it was, for undoing. `after` is the SHA-256 of what it
    /// is to be, in hexadecimal; `None`: gone. `permissions` are the nine bits it had, where that is known.
    FileChanged {
        path: PathBuf,
        before: FileImage,
        after: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        permissions: Option<u32>,
    },
    /// The running turn has taken back the file changes of that earlier one.
    TurnUndone { turn: TurnId },
    /// The conversation was made shorter for the model: all of its messages but the last `kept` became `summary`.
    Compacted { id: MessageId, summary: String, kept: usize },
    /// The conversation is being made shorter, or it did not come to it.
    Compacting { id: MessageId, state: CompactingState },
    /// The turn is over: the last event of every turn.
    TurnEnded { turn: TurnId, stop: TurnStop },
}

impl EventKind {
    /// Whether the event is durable before anyone sees it or anything acts on it (law L6). The others
    /// go out at once and are written in batches.
    pub fn is_control(&self) -> bool {
        match self {
            Self::Text { .. }
            | Self::Thought { .. }
            | Self::ToolProgress { .. }
            | Self::Notice { .. }
            | Self::UsageChanged { .. }
            | Self::CommandsChanged { .. }
            | Self::Compacting { .. } => false,
            Self::PromptAccepted { .. }
            | Self::PromptExtended { .. }
            | Self::ToolProposed { .. }
            | Self::ToolStarted { .. }
            | Self::ToolEnded { .. }
            | Self::PlanChanged { .. }
            | Self::AskOpened { .. }
            | Self::AskSettled { .. }
            | Self::ModeChanged { .. }
            | Self::OptionChanged { .. }
            | Self::TitleChanged { .. }
            | Self::QuestionOpened { .. }
            | Self::QuestionSettled { .. }
            | Self::FileChanged { .. }
            | Self::TurnUndone { .. }
            | Self::Compacted { .. }
            | Self::TurnEnded { .. } => true,
        }
    }

    /// About how many bytes the event holds in memory.
    pub fn weight(&self) -> usize {
        const SMALL: usize = 256;
        SMALL
            + match self {
                Self::Text { text, .. } | Self::Thought { text, .. } => text.len(),
                Self::PromptAccepted { content, .. } | Self::PromptExtended { content } => {
                    content.iter().map(block).sum()
                }
                Self::ToolProposed { call } => call.raw_input.as_ref().map_or(0, value),
                Self::ToolStarted { update } | Self::ToolProgress { update } => updated(update),
                Self::ToolEnded { update, result, .. } => updated(update) + result.len(),
                Self::AskOpened { call, .. } => updated(call),
                Self::QuestionOpened { question, .. } => question.len(),
                Self::QuestionSettled { answer: QuestionAnswer::Accepted { content }, .. } => value(content),
                Self::FileChanged { before, .. } => before.len(),
                Self::Compacted { summary, .. } => summary.len(),
                _ => 0,
            }
    }

    /// Bytes of streamed text in this event, what a batch is measured by.
    pub fn text_len(&self) -> usize {
        match self {
            Self::Text { text, .. } | Self::Thought { text, .. } => text.len(),
            _ => 256,
        }
    }
}

/// How a question was settled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum AskOutcome {
    /// One of the offered options, by its id.
    Selected { option: String },
    /// Nobody answered: the turn ended, or the answer could not be understood.
    Cancelled,
    /// Nobody is there to be asked.
    Absent,
}

impl AskOutcome {
    /// A no to this one thing, where that is offered.
    pub fn no(options: &[PermissionOption]) -> Self {
        let reject = options.iter().find(|option| option.kind == PermissionOptionKind::RejectOnce);
        reject.map_or(Self::Cancelled, |option| Self::Selected { option: option.option_id.0.to_string() })
    }
}

/// Why a turn is over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "stop", rename_all = "snake_case")]
pub enum TurnStop {
    /// As the protocol's stop reasons say.
    Finished { reason: StopReason },
    /// It failed; `message` is one line for people.
    Failed { message: String },
    /// The process ended in the middle of it.
    Interrupted,
}

/// What is asked of people (ACP v1, elicitation).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Question {
    pub message: String,
    #[serde(flatten)]
    pub form: QuestionForm,
}

impl Question {
    fn len(&self) -> usize {
        let form = match &self.form {
            QuestionForm::Fields { schema } => value(schema),
            QuestionForm::Page { url } => url.len(),
        };
        self.message.len() + form
    }
}

/// How it is asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "form", rename_all = "snake_case")]
pub enum QuestionForm {
    /// A flat object of that JSON Schema.
    Fields { schema: Value },
    /// That a page was visited.
    Page { url: String },
}

/// How a question was settled.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum QuestionAnswer {
    Accepted {
        content: Value,
    },
    Declined,
    /// It was asked or answered in a way that cannot be used: as good as declined. `reason` is a fragment.
    Unfit {
        reason: String,
    },
    /// Nobody answered: the turn ended, or nobody can be asked.
    Cancelled,
}

/// What a file was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "image", rename_all = "snake_case")]
pub enum FileImage {
    Absent,
    Text {
        text: String,
    },
    /// Base64 of what is no UTF-8.
    Bytes {
        base64: String,
    },
}

impl FileImage {
    fn len(&self) -> usize {
        match self {
            Self::Absent => 0,
            Self::Text { text } => text.len(),
            Self::Bytes { base64 } => base64.len(),
        }
    }
}

/// Where a compaction stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum CompactingState {
    Begun,
    Failed { message: String },
    Cancelled,
}

/// How full the context is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Usage {
    /// Tokens in the context now.
    pub used: u64,
    /// Tokens the context can hold.
    pub size: u64,
    /// What the session has cost so far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<Cost>,
    /// Tokens the session has used so far, read and written, over all model calls.
    #[serde(default)]
    pub spent: u64,
    /// `used` is an estimate: the provider does not report it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub estimated: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks by reference")]
fn is_false(it: &bool) -> bool {
    !it
}

/// How much a notice matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoticeLevel {
    Info,
    Warning,
    Error,
}

fn block(block: &ContentBlock) -> usize {
    match block {
        ContentBlock::Text(text) => text.text.len(),
        ContentBlock::Image(image) => image.data.len(),
        ContentBlock::Audio(audio) => audio.data.len(),
        ContentBlock::Resource(resource) => match &resource.resource {
            EmbeddedResourceResource::TextResourceContents(text) => text.text.len(),
            EmbeddedResourceResource::BlobResourceContents(blob) => blob.blob.len(),
            _ => 0,
        },
        _ => 0,
    }
}

fn updated(update: &ToolCallUpdate) -> usize {
    let content = update.fields.content.iter().flatten().map(|content| match content {
        ToolCallContent::Content(content) => block(&content.content),
        ToolCallContent::Diff(diff) => diff.old_text.as_ref().map_or(0, String::len) + diff.new_text.len(),
        _ => 0,
    });
    content.sum::<usize>() + update.fields.raw_output.as_ref().map_or(0, value)
}

fn value(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len(),
        Value::Array(items) => items.iter().map(self::value).sum(),
        Value::Object(fields) => fields.iter().map(|(name, field)| name.len() + self::value(field)).sum(),
        Value::Null | Value::Bool(_) | Value::Number(_) => 8,
    }
}
