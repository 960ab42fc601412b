//! A wire dialect, pure: a request becomes a body, events of the answer become deltas. Sockets, retries, limits and
//! time are `remote`'s.

use std::fmt::Debug;
use std::time::Duration;

use super::anthropic::Anthropic;
use super::gemini::Gemini;
use super::openai_chat::OpenAiChat;
use super::openai_responses::OpenAiResponses;
use super::{Delta, ModelRequest};
use crate::config::{Api, ProviderSettings};

/// The dialect a provider speaks.
pub(super) fn of(settings: &ProviderSettings) -> Box<dyn Dialect> {
    match settings.api {
        Api::OpenAiChat => Box::new(OpenAiChat::new(settings)),
        Api::OpenAiResponses => Box::new(OpenAiResponses),
        Api::Anthropic => Box::new(Anthropic),
        Api::Gemini => Box::new(Gemini),
    }
}

/// One way to talk to a model over HTTP.
pub(super) trait Dialect: Send + Sync + Debug {
    /// Path below the base URL, `/chat/completions`; Gemini's names the model.
    fn path(&self, request: &ModelRequest) -> String;
    /// How the key is sent: header name and value (`authorization`, `Bearer …`).
    fn key_header(&self, key: &str) -> (&'static str, String);
    /// Further headers it needs, such as an API version.
    fn headers(&self) -> &'static [(&'static str, &'static str)] {
        &[]
    }
    /// The body of the request, as JSON.
    fn body(&self, request: &ModelRequest) -> Vec<u8>;
    /// A reader for one answer.
    fn reader(&self, request: &ModelRequest) -> Box<dyn Reader>;
    /// What a refusal means, from its status and body: text for people, and whether the conversation was too long.
    fn refusal(&self, status: u16, body: &str) -> Refusal;
    /// The path that lists models, relative to the base URL.
    fn models_path(&self) -> &'static str {
        "/models"
    }
}

/// Reads the events of one answer.
pub(super) trait Reader: Send {
    /// One server-sent event: its name, if it has one, and its data. What it means is pushed to `out`. Unknown events
    /// and fields mean nothing; data that cannot be read is an error.
    fn event(&mut self, name: Option<&str>, data: &str, out: &mut Vec<Delta>) -> Result<(), ReadError>;
    /// The stream has ended. Pushes what is complete, with [`Delta::Done`] if the answer came to its end; otherwise
    /// nothing of a half-received call.
    fn end(&mut self, out: &mut Vec<Delta>);
}

/// What is wrong with an answer.
#[derive(Debug)]
pub enum ReadError {
    /// It is not what the dialect says.
    Garbage(String),
    /// The provider says in its stream that it failed. `retry`: it may work a moment later.
    Failed { text: String, retry: bool },
    /// The conversation is too long for the model.
    TooLong(String),
}

/// What a status other than 200 means.
#[derive(Debug)]
pub(super) struct Refusal {
    /// The provider's own words, one line.
    pub(super) text: String,
    pub(super) too_long: bool,
    /// Trying again later will not help (no credit, no such model), whatever the status says.
    pub(super) permanent: bool,
    /// The key is wrong, whatever the status says: Gemini answers 400.
    pub(super) bad_key: bool,
    /// When to come back, where the body says so.
    pub(super) wait: Option<Duration>,
}
