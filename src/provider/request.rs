//! What a model is told.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::Value;

use super::{Effort, ModelInfo};
use crate::acp::ContentBlock;

/// Everything a model is told. Cheap to clone: the conversation is shared.
#[derive(Debug, Clone)]
pub struct ModelRequest {
    pub model: Arc<ModelInfo>,
    /// How hard to think; `None` leaves it to the model.
    pub effort: Option<Effort>,
    /// Who the model is to be and what it is to know.
    pub system: Arc<str>,
    /// The conversation, oldest first.
    pub messages: Vec<Arc<Message>>,
    /// The tools it may call.
    pub tools: Arc<[ToolSpec]>,
    /// The session's working directory, as text.
    pub cwd: Arc<str>,
    /// The same for all requests of a session: what providers key their caches by.
    pub session: Arc<str>,
}

impl Default for ModelRequest {
    fn default() -> Self {
        Self {
            model: Arc::new(ModelInfo::unknown("none", "none")),
            effort: None,
            system: "".into(),
            messages: Vec::new(),
            tools: Arc::new([]),
            cwd: "".into(),
            session: "".into(),
        }
    }
}

/// One message of the conversation.
#[derive(Debug, Clone, PartialEq)]
pub enum Message {
    /// What the person sent.
    User(Vec<ContentBlock>),
    /// What the model said and which tools it called. `echoes` go back to the provider that gave them, before
    /// the text and the calls of the same message.
    Assistant { text: String, calls: Vec<ModelCall>, echoes: Vec<Echo> },
    /// What came of a call. `images` is what a tool showed beside its text.
    Result { call: String, text: String, failed: bool, images: Vec<ContentBlock> },
}

/// A tool call as the model made it.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelCall {
    /// The model's own id of the call, unique in the session.
    pub id: String,
    pub name: String,
    /// An object; a text where the model's arguments were no JSON, for the tool's error to repeat.
    pub input: Value,
}

/// What a provider wants back unread.
#[derive(Debug, Clone, PartialEq)]
pub struct Echo {
    /// Who gave it (dialect and model): nobody else is sent it.
    pub source: Arc<str>,
    pub data: Value,
}

/// A tool as a model sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct ToolSpec {
    pub name: Cow<'static, str>,
    pub description: Cow<'static, str>,
    /// JSON Schema of the input object.
    pub input: Value,
}
