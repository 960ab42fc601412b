//! Providers that everybody knows.

use super::provider::Api;

/// A provider with what does not have to be said about it.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) id: &'static str,
    pub(super) name: &'static str,
    pub(super) api: Api,
    /// Without a slash at the end.
    pub(super) base_url: &'static str,
    /// Variables with its key, the first that is set counts; empty: it needs none.
    pub(super) keys: &'static [&'static str],
    /// Variables with its address.
    pub(super) addresses: &'static [&'static str],
}

const fn row(
    id: &'static str,
    name: &'static str,
    api: Api,
    base_url: &'static str,
    keys: &'static [&'static str],
    addresses: &'static [&'static str],
) -> Known {
    Known { id, name, api, base_url, keys, addresses }
}

use Api::{Anthropic, Gemini, OpenAiChat as Chat, OpenAiResponses as Responses};

/// All of them; those on this machine last.
#[rustfmt::skip]
pub(super) const KNOWN: &[Known] = &[
    row("anthropic", "Anthropic", Anthropic, "https://api.anthropic.com/v1", &["ANTHROPIC_API_KEY"], &["ANTHROPIC_BASE_URL"]),
    row("openai", "OpenAI", Responses, "https://api.openai.com/v1", &["OPENAI_API_KEY"], &["OPENAI_BASE_URL", "OPENAI_API_BASE"]),
    row("google", "Google Gemini", Gemini, "https://generativelanguage.googleapis.com/v1beta",
        &["GEMINI_API_KEY", "GOOGLE_API_KEY", "GOOGLE_GENERATIVE_AI_API_KEY"], &["GEMINI_BASE_URL", "GOOGLE_GEMINI_BASE_URL"]),
    row("openrouter", "OpenRouter", Chat, "https://openrouter.ai/api/v1", &["OPENROUTER_API_KEY"], &["OPENROUTER_BASE_URL"]),
    row("groq", "Groq", Chat, "https://api.groq.com/openai/v1", &["GROQ_API_KEY"], &["GROQ_BASE_URL"]),
    row("deepseek", "DeepSeek", Chat, "https://api.deepseek.com/v1", &["DEEPSEEK_API_KEY"], &["DEEPSEEK_BASE_URL"]),
    row("mistral", "Mistral", Chat, "https://api.mistral.ai/v1", &["MISTRAL_API_KEY"], &["MISTRAL_BASE_URL"]),
    row("xai", "xAI", Chat, "https://api.x.ai/v1", &["XAI_API_KEY"], &["XAI_BASE_URL"]),
    row("together", "Together AI", Chat, "https://api.together.xyz/v1", &["TOGETHER_API_KEY"], &["TOGETHER_BASE_URL"]),
    row("cerebras", "Cerebras", Chat, "https://api.cerebras.ai/v1", &["CEREBRAS_API_KEY"], &["CEREBRAS_BASE_URL"]),
    row("fireworks", "Fireworks", Chat, "https://api.fireworks.ai/inference/v1", &["FIREWORKS_API_KEY"], &["FIREWORKS_BASE_URL"]),
    row("github-models", "GitHub Models", Chat, "https://models.github.ai/inference", &["GITHUB_MODELS_TOKEN"], &[]),
    row("ollama", "Ollama", Chat, "http://127.0.0.1:11434/v1", &[], &["OLLAMA_BASE_URL", "OLLAMA_HOST"]),
    row("lmstudio", "LM Studio", Chat, "http://127.0.0.1:1234/v1", &[], &["LMSTUDIO_BASE_URL"]),
    row("llamacpp", "llama.cpp", Chat, "http://127.0.0.1:8080/v1", &[], &["LLAMACPP_BASE_URL"]),
    row("vllm", "vLLM", Chat, "http://127.0.0.1:8000/v1", &[], &["VLLM_BASE_URL"]),
];

/// Names that others use for providers known here.
const ALIASES: [(&str, &str); 7] = [
    ("gemini", "google"),
    ("togetherai", "together"),
    ("fireworks-ai", "fireworks"),
    ("llama.cpp", "llamacpp"),
    ("llama-cpp", "llamacpp"),
    ("lm-studio", "lmstudio"),
    ("x-ai", "xai"),
];

impl Known {
    pub(super) fn of(id: &str) -> Option<&'static Self> {
        KNOWN.iter().find(|known| known.id == id)
    }

    /// What an address in a variable means: other programs leave out what is always the same.
    pub(super) fn address(&self, written: &str) -> String {
        let written = written.trim().trim_end_matches('/');
        if self.keys.is_empty() {
            return local(written);
        }
        let version = match self.api {
            Api::Anthropic => "/v1",
            Api::Gemini => "/v1beta",
            Api::OpenAiChat | Api::OpenAiResponses => "",
        };
        let has_version = written.rsplit('/').next().is_some_and(|last| {
            last.strip_prefix('v').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
        });
        if has_version { written.to_owned() } else { format!("{written}{version}") }
    }
}

/// `0.0.0.0`, `host`, `host:port` or an address, as servers on this machine are told where to listen. Without a scheme
/// it is Ollama's way to say it, with Ollama's port.
fn local(written: &str) -> String {
    let (scheme, rest, port) = match written.split_once("://") {
        Some((scheme, rest)) => (scheme, rest, ""),
        None => ("http", written, ":11434"),
    };
    let (host, path) = rest.split_once('/').unwrap_or((rest, "v1"));
    let port = if host.contains(':') { "" } else { port };
    format!("{scheme}://{}{port}/{path}", host.replacen("0.0.0.0", "127.0.0.1", 1))
}

/// The id of a provider by any of its names.
pub(super) fn provider(id: &str) -> &str {
    ALIASES.iter().find(|alias| alias.0 == id).map_or(id, |alias| alias.1)
}

/// A model's id with its provider called by the name that is known here.
pub(super) fn model(id: &str) -> String {
    match id.split_once('/') {
        Some((named, model)) => format!("{}/{model}", provider(named)),
        None => id.to_owned(),
    }
}
