//! The Responses API of `OpenAI`. Source: <https://platform.openai.com/docs/api-reference/responses>.
//!
//! No socket lives here, no key and no retry: they are `remote`'s.
//!
//! What always holds: nothing is stored at the provider, so every request tells the whole conversation; reasoning
//! comes back sealed and goes back to the model that gave it, before what it led to.
//!
//! To follow a new model: `request::level`; a new kind of item: its arm in `reader`.

mod reader;
mod request;

#[cfg(test)]
mod tests;

use super::dialect::{Dialect, Reader, Refusal};
use super::{ModelRequest, fault::Fault};
pub(super) use request::{cache_key, level};

/// `OpenAI` Responses. The base URL ends in `/v1`.
#[derive(Debug)]
pub(super) struct OpenAiResponses;

/// Its name in the source of echoes.
const NAME: &str = "openai-responses";

impl Dialect for OpenAiResponses {
    fn path(&self, _request: &ModelRequest) -> String {
        "/responses".to_owned()
    }

    fn key_header(&self, key: &str) -> (&'static str, String) {
        ("authorization", format!("Bearer {key}"))
    }

    fn body(&self, request: &ModelRequest) -> Vec<u8> {
        request::body(request)
    }

    fn reader(&self, request: &ModelRequest) -> Box<dyn Reader> {
        Box::new(reader::Response::new(request))
    }

    fn refusal(&self, status: u16, body: &str) -> Refusal {
        Fault::read(body).refusal(status)
    }
}
