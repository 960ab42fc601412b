//! The Gemini API, `streamGenerateContent`. Source: <https://ai.google.dev/api/generate-content>.
//!
//! No socket lives here, no key and no retry: they are `remote`'s.
//!
//! What always holds: a tool's schema says only what the API reads, because one unknown word refuses the whole
//! request; a signature goes back only to the model that gave it, on the part it came with.
//!
//! To follow a new model: its arm in `request::thinking`; a new reason to stop: its arm in `reader`.

mod reader;
mod request;
mod schema;

#[cfg(test)]
mod tests;

use super::dialect::{Dialect, Reader, Refusal};
use super::{ModelRequest, fault::Fault};

/// Gemini. The base URL ends in the version, `/v1beta`.
#[derive(Debug)]
pub(super) struct Gemini;

/// Its name in the source of echoes.
const NAME: &str = "gemini";

impl Dialect for Gemini {
    fn path(&self, request: &ModelRequest) -> String {
        let wire = &request.model.wire;
        // Tuned models name their own collection.
        let collection = if wire.contains('/') { "" } else { "models/" };
        format!("/{collection}{wire}:streamGenerateContent?alt=sse")
    }

    fn key_header(&self, key: &str) -> (&'static str, String) {
        ("x-goog-api-key", key.to_owned())
    }

    fn body(&self, request: &ModelRequest) -> Vec<u8> {
        request::body(request)
    }

    fn reader(&self, request: &ModelRequest) -> Box<dyn Reader> {
        Box::new(reader::Candidate::new(request))
    }

    fn refusal(&self, status: u16, body: &str) -> Refusal {
        Fault::read(body).refusal(status)
    }

    fn models_path(&self) -> &'static str {
        "/models?pageSize=1000"
    }
}
