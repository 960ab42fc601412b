//! Where a model's words come from: the [`Provider`] trait and one file per source.
//!
//! No tool is run here and no session is known: a provider is given a whole request and answers with a
//! stream of [`Delta`]s.
//!
//! What always holds: a tool call is delivered whole or not at all; a stream ends with exactly one
//! [`Delta::Done`] or one error; dropping the stream ends the work behind it.
//!
//! To add a source: one file and its arm in `app`.

pub mod offline;
pub mod scripted;

use std::fmt::Debug;

use futures_util::stream::BoxStream;
use serde_json::Value;

use crate::acp::{ContentBlock, StopReason};
use crate::error::ErrorKind;

/// Everything a model is told.
#[derive(Debug, Clone, Default)]
pub struct ModelRequest {
    /// Who the model is to be and what it is to know.
    pub system: String,
    /// The conversation, oldest first.
    pub messages: Vec<Message>,
    /// The tools it may call.
    pub tools: Vec<ToolSpec>,
    /// The session's working directory, as text.
    pub cwd: String,
}

/// One message of the conversation.
#[derive(Debug, Clone, PartialEq)]
pub enum Message {
    /// What the person sent.
    User(Vec<ContentBlock>),
    /// What the model said and which tools it called.
    Assistant { text: String, calls: Vec<ModelCall> },
    /// What came of a call.
    Result { call: String, text: String, failed: bool },
}

/// A tool call as the model made it.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelCall {
    /// The model's own id of the call, unique in the session.
    pub id: String,
    pub name: String,
    pub input: Value,
}

/// A tool as a model sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct ToolSpec {
    pub name: &'static str,
    pub description: &'static str,
    /// JSON Schema of the input object.
    pub input: Value,
}

/// One piece of a model's answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Delta {
    Text(String),
    Thought(String),
    /// A whole tool call.
    Call(ModelCall),
    /// Tokens in the context now, and how many it can hold.
    Usage {
        used: u64,
        size: u64,
    },
    /// The end of the answer. Calls made are run whatever the reason says.
    Done(StopReason),
}

/// A source of a model's words.
pub trait Provider: Send + Sync + Debug {
    /// Its id: `offline`, `scripted` …
    fn id(&self) -> &'static str;
    /// Asks; the answer arrives piece by piece.
    fn stream(&self, request: ModelRequest) -> BoxStream<'static, Result<Delta, ProviderError>>;
}

/// Why no (more) words come.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ProviderError {
    /// It is set up wrongly; the text says what to set.
    #[error("{0}")]
    Misconfigured(String),
    /// It cannot be reached or gave up.
    #[error("{0}")]
    Unavailable(String),
}

impl ProviderError {
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Misconfigured(_) => ErrorKind::Invalid,
            Self::Unavailable(_) => ErrorKind::Unavailable,
        }
    }
}
