//! The provider for when no model is configured: a command agent that reads plain requests and slash
//! commands and answers them with real tool calls.
//!
//! No language model lives here, and nothing here poses as one: what is not understood is said to be not
//! understood. No tool is run here and no file is read.
//!
//! What always holds: [`answer`] is a pure function of the request; what it reports was in a tool's
//! result; every turn ends with some text; the same conversation gives the same answer.
//!
//! To add a request: a row in the rules of `parse`, its arm in `step::Step`, and rows in
//! `fixtures/offline/requests.tsv`.

mod answer;
mod parse;
mod report;
mod result;
mod step;
mod summary;
mod turn;
mod words;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};

use super::{Answerer, Delta, ModelInfo, ModelRequest, Provider, ProviderError};

pub use answer::answer;
pub use words::{SlashCommand, commands};

/// Its id as a model.
pub const ID: &str = "offline";

/// What is known of the command agent as a model.
pub fn model() -> ModelInfo {
    ModelInfo {
        id: ID.to_owned(),
        name: "Offline".to_owned(),
        description: "The command agent: no language model, works without a network".to_owned(),
        context: 0,
        ..ModelInfo::unknown("offline", "offline")
    }
}

/// The command agent as a model that can be chosen.
pub fn answerer() -> Answerer {
    Answerer { model: Arc::new(model()), provider: Arc::new(Offline) }
}

/// The command agent. It holds nothing: the state of a turn is in the request's messages.
#[derive(Debug, Clone, Copy, Default)]
pub struct Offline;

impl Provider for Offline {
    fn id(&self) -> &'static str {
        "offline"
    }

    fn stream(&self, request: ModelRequest) -> BoxStream<'static, Result<Delta, ProviderError>> {
        stream::iter(answer(&request)).map(Ok).boxed()
    }
}
