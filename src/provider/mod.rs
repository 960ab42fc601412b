//! Where a model's words come from: the [`Provider`] trait, what is known of the models ([`ModelInfo`]), and one
//! file per source.
//!
//! No tool is run here and no session is known: a provider is given a whole request and answers with a
//! stream of [`Delta`]s. No library speaks to the vendors either: it offers what all of them share, and an agent lives
//! from what they do not. Signed thoughts go back unread and unmoved, marks say what is to be cached, a half-received
//! call is held back: that wants the bytes of the request and the events of the answer. The one that came closest,
//! `rig-core`, also needs a newer compiler than `rust-version`. A dialect is a pure function from a request to a body
//! and a pure reader of events; sockets, time and retries are written once, in `remote`.
//!
//! What always holds: a tool call is delivered whole or not at all; a stream ends with exactly one
//! [`Delta::Done`] or one error; dropping the stream ends the work behind it, its connection included.
//!
//! To add a source: one file and its arm in `app`. To add a wire dialect: one file that is a [`Dialect`], pure,
//! and its arm in `dialect::of`; the contract suite of the tests picks it up.

mod answer;
mod anthropic;
mod catalogue;
mod conversation;
mod decoder;
mod dialect;
mod error;
mod fault;
mod gemini;
mod listing;
mod local;
mod model;
pub mod offline;
mod openai_chat;
mod openai_responses;
mod remote;
mod request;
mod retry;
pub mod scripted;
mod sse;
mod table;
#[cfg(test)]
mod tests;

use std::fmt::Debug;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;

use crate::acp::StopReason;

pub use catalogue::Catalogue;
pub use decoder::Decoder;
pub use dialect::ReadError;
pub use error::ProviderError;
pub use listing::Listed;
pub use model::{Effort, ModelInfo, Price, Tokens};
pub use remote::Remote;
pub use request::{Echo, Message, ModelCall, ModelRequest, ToolSpec};

/// One piece of a model's answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Delta {
    Text(String),
    Thought(String),
    /// A whole tool call.
    Call(ModelCall),
    /// What the provider wants back unread with the rest of this answer: signed thoughts and the like.
    Echo(Echo),
    /// What this answer has used so far; a later one replaces an earlier one of the same answer.
    Usage(Tokens),
    /// The request is tried again, after a wait of so many milliseconds: attempt 1, 2 … of `of`.
    Retry {
        attempt: u32,
        of: u32,
        wait_ms: u64,
        why: String,
    },
    /// The end of the answer. Calls made are run whatever the reason says.
    Done(StopReason),
}

/// A source of a model's words.
pub trait Provider: Send + Sync + Debug {
    /// Its id: `offline`, `scripted`, `anthropic` …
    fn id(&self) -> &str;
    /// Asks; the answer arrives piece by piece. What is sent is made ready at once, and sent when the stream is polled.
    fn stream(&self, request: ModelRequest) -> BoxStream<'static, Result<Delta, ProviderError>>;
}

/// The models a session may choose from.
pub trait Models: Send + Sync + Debug {
    /// Finds out what has to be asked before it is known; what is usable goes by it from then on. Returns what could
    /// not be found out, a line each.
    fn look(&self) -> BoxFuture<'_, Vec<String>> {
        Box::pin(async { Vec::new() })
    }
    /// Those that can be asked now: nothing is missing. The first is the default.
    fn usable(&self) -> Vec<Arc<ModelInfo>>;
    /// The model of that id and who answers for it; `None` asks for the default. `Err` says what is missing:
    /// [`ProviderError::Unauthorized`] when a key would help, [`ProviderError::Misconfigured`] for a model
    /// nobody knows.
    fn open(&self, id: Option<&str>) -> Result<Answerer, ProviderError>;
}

/// A model that can be asked.
#[derive(Debug, Clone)]
pub struct Answerer {
    pub model: Arc<ModelInfo>,
    pub provider: Arc<dyn Provider>,
}

/// The choice of one: a source that needs no catalogue.
#[derive(Debug, Clone)]
pub struct Only(pub Answerer);

impl Models for Only {
    fn usable(&self) -> Vec<Arc<ModelInfo>> {
        vec![Arc::clone(&self.0.model)]
    }

    fn open(&self, id: Option<&str>) -> Result<Answerer, ProviderError> {
        match id {
            Some(other) if other != self.0.model.id => Err(ProviderError::unknown_model(other)),
            _ => Ok(self.0.clone()),
        }
    }
}
