//! The chat completions of `OpenAI`, and of everything that speaks like it: OpenRouter, Groq, DeepSeek, Mistral, xAI,
//! Together, Ollama, LM Studio, llama.cpp, vLLM.
//! Source: <https://platform.openai.com/docs/api-reference/chat-streaming>, and the pages of those named.
//!
//! No socket lives here, no key and no retry: they are `remote`'s.
//!
//! What always holds: what one vendor refuses is sent to those alone that take it; a call is told when its arguments
//! have come to their end, and a half one never.
//!
//! To follow a vendor: its arm in `vendor`, and what it says otherwise in `body`; a field of the stream: in `chunk`.

mod body;
mod call;
mod chunk;
mod reader;
mod reasoning;
mod think;
mod vendor;

#[cfg(test)]
mod tests;

use self::vendor::Vendor;
use super::dialect::{Dialect, Reader, Refusal};
use super::fault::Fault;
use super::{ModelRequest, answer};
use crate::config::ProviderSettings;

/// Chat completions. The base URL ends before `/chat/completions`.
#[derive(Debug)]
pub(super) struct OpenAiChat {
    vendor: Vendor,
}

impl OpenAiChat {
    pub(super) fn new(settings: &ProviderSettings) -> Self {
        Self { vendor: Vendor::of(&settings.base_url) }
    }
}

impl Dialect for OpenAiChat {
    fn path(&self, _request: &ModelRequest) -> String {
        "/chat/completions".to_owned()
    }

    fn key_header(&self, key: &str) -> (&'static str, String) {
        ("authorization", format!("Bearer {key}"))
    }

    fn body(&self, request: &ModelRequest) -> Vec<u8> {
        body::body(self.vendor, request)
    }

    fn reader(&self, request: &ModelRequest) -> Box<dyn Reader> {
        Box::new(reader::Chunks::new(request))
    }

    fn refusal(&self, status: u16, body: &str) -> Refusal {
        Fault::read(body).refusal(status)
    }
}

/// How this dialect names a model's echoes.
fn source(request: &ModelRequest) -> std::sync::Arc<str> {
    answer::source("openai_chat", &request.model)
}
