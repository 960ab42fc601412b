//! Who is asked, as far as it changes what may be sent.

use std::borrow::Cow;
use std::hash::{DefaultHasher, Hash, Hasher};

use crate::http::{self, Url};
use crate::provider::{Effort, openai_responses};

/// Who speaks the dialect, known by the host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Vendor {
    OpenAi,
    OpenRouter,
    DeepSeek,
    Mistral,
    /// A server on this machine.
    Local,
    Other,
}

/// How the limit of an answer is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Limit {
    MaxTokens,
    MaxCompletionTokens,
    /// The server knows better what fits.
    Untold,
}

/// How a model is told to think.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Thinking {
    /// `reasoning_effort`.
    Effort(&'static str),
    /// `reasoning: { effort }`, as OpenRouter has it.
    Reasoning(&'static str),
    /// `thinking: { type }`, as DeepSeek has it.
    Switch(&'static str),
}

impl Vendor {
    pub(super) fn of(base_url: &str) -> Self {
        let Ok(url) = Url::parse(base_url) else { return Self::Other };
        let host = url.host_str().unwrap_or_default();
        let known = [
            ("openai.com", Self::OpenAi),
            ("openai.azure.com", Self::OpenAi),
            ("openrouter.ai", Self::OpenRouter),
            ("deepseek.com", Self::DeepSeek),
            ("mistral.ai", Self::Mistral),
        ];
        let is = |domain: &str| host == domain || host.ends_with(&format!(".{domain}"));
        match known.into_iter().find(|(domain, _)| is(domain)) {
            Some((_, vendor)) => vendor,
            None if http::is_local(&url) => Self::Local,
            None => Self::Other,
        }
    }

    pub(super) fn limit(self) -> Limit {
        match self {
            // Models that think refuse `max_tokens`.
            Self::OpenAi => Limit::MaxCompletionTokens,
            // vLLM refuses a limit that does not fit beside the prompt, and only it knows what fits.
            Self::Local => Limit::Untold,
            Self::OpenRouter | Self::DeepSeek | Self::Mistral | Self::Other => Limit::MaxTokens,
        }
    }

    /// Mistral refuses fields it does not know, and tells the usage unasked.
    pub(super) fn wants_usage_option(self) -> bool {
        self != Self::Mistral
    }

    /// What keeps the requests of a session on the same cache, where that can be said.
    pub(super) fn cache_key(self, session: &str) -> Option<&str> {
        Some(openai_responses::cache_key(session)).filter(|it| self == Self::OpenAi && !it.is_empty())
    }

    /// How a model is told.
    pub(super) fn thinking(self, wire: &str, effort: Effort) -> Thinking {
        let off = effort == Effort::Off;
        let usual = if off { "none" } else { effort.id() };
        match self {
            Self::OpenAi => Thinking::Effort(openai_responses::level(wire, effort)),
            Self::OpenRouter => Thinking::Reasoning(usual),
            Self::DeepSeek => Thinking::Switch(if off { "disabled" } else { "enabled" }),
            Self::Mistral | Self::Local | Self::Other => Thinking::Effort(usual),
        }
    }

    /// The id of a call as the vendor takes it: at most 40 letters, digits, `_` and `-`; Mistral wants exactly 9
    /// letters and digits. An id of another provider may look different.
    pub(super) fn call_id(self, id: &str) -> Cow<'_, str> {
        let fits = match self {
            Self::Mistral => id.len() == 9 && id.bytes().all(|it| it.is_ascii_alphanumeric()),
            _ => id.len() <= 40 && id.bytes().all(|it| it.is_ascii_alphanumeric() || b"_-".contains(&it)),
        };
        if fits {
            return id.into();
        }
        let mut hasher = DefaultHasher::new();
        id.hash(&mut hasher);
        format!("{:09x}", hasher.finish() & 0xF_FFFF_FFFF).into()
    }
}
