//! The Messages API of Anthropic, and what speaks like it.
//! Source: <https://platform.claude.com/docs/en/api/messages>.
//!
//! No socket lives here, no key and no retry: they are `remote`'s.
//!
//! What always holds: the outcomes of one message's calls are one user message and come first in it; a signed thought
//! goes back only to the model that had it, at its place, and only while nothing before it has changed; at most four
//! cache marks are set.
//!
//! To follow a new model: its row in `thinking`; a new kind of block: its arm in `reader`.

mod event;
mod reader;
mod request;
mod thinking;

#[cfg(test)]
mod tests;

use super::dialect::{Dialect, Reader, Refusal};
use super::{ModelRequest, fault::Fault};

/// Anthropic Messages. The base URL ends in `/v1`.
#[derive(Debug)]
pub(super) struct Anthropic;

/// Its name in the source of echoes.
const NAME: &str = "anthropic";

impl Dialect for Anthropic {
    fn path(&self, _request: &ModelRequest) -> String {
        "/messages".to_owned()
    }

    fn key_header(&self, key: &str) -> (&'static str, String) {
        ("x-api-key", key.to_owned())
    }

    fn headers(&self) -> &'static [(&'static str, &'static str)] {
        &[("anthropic-version", "2023-06-01")]
    }

    fn body(&self, request: &ModelRequest) -> Vec<u8> {
        request::body(request)
    }

    fn reader(&self, request: &ModelRequest) -> Box<dyn Reader> {
        Box::new(reader::Messages::new(request))
    }

    fn refusal(&self, status: u16, body: &str) -> Refusal {
        Fault::read(body).refusal(status)
    }

    fn models_path(&self) -> &'static str {
        "/models?limit=1000"
    }
}
