use serde_json::Value;

use crate::acp::{PlanEntry, ToolCallContent, ToolCallLocation};
use crate::workspace::WorkspaceError;

/// What came of a tool call.
#[derive(Debug, Clone, Default)]
pub struct ToolOutput {
    /// What the model reads.
    pub text: String,
    /// Whether it did not do what was asked; `text` then says why and what would help.
    pub failed: bool,
    /// What a person sees. Empty: the text.
    pub content: Vec<ToolCallContent>,
    /// Structured facts for clients: exit code, counts.
    pub raw: Option<Value>,
    /// Files it turned out to touch, where `Prepared` could not know.
    pub locations: Vec<ToolCallLocation>,
    /// The whole plan, if this changed it.
    pub plan: Option<Vec<PlanEntry>>,
}

impl ToolOutput {
    /// It worked; this is what the model reads.
    pub fn done(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }

    /// It did not work; this is why.
    pub fn failed(text: impl Into<String>) -> Self {
        Self { text: text.into(), failed: true, ..Self::default() }
    }

    /// With what a person sees.
    pub fn content(mut self, content: Vec<ToolCallContent>) -> Self {
        self.content = content;
        self
    }

    /// With structured facts.
    pub fn raw(mut self, raw: Value) -> Self {
        self.raw = Some(raw);
        self
    }
}

/// Why a call came to nothing: what happened, where, and what would help.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Failure(pub(super) String);

impl From<WorkspaceError> for Failure {
    fn from(error: WorkspaceError) -> Self {
        Self(error.to_string())
    }
}

impl From<Failure> for ToolOutput {
    fn from(failure: Failure) -> Self {
        Self::failed(failure.0)
    }
}
