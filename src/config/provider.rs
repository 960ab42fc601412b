//! Model providers as they are set.

use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;

use super::Secret;

/// A provider of models.
#[derive(Debug, Clone, PartialEq)]
pub struct ProviderSettings {
    /// What stands before the slash of its models' ids: `openai`, `ollama` …
    pub id: String,
    /// For people.
    pub name: String,
    pub api: Api,
    /// `https://api.openai.com/v1`, without a slash at the end.
    pub base_url: String,
    pub key: KeySource,
    pub headers: Vec<(String, Secret)>,
    pub models: Vec<ModelSettings>,
    pub limits: ProviderLimits,
}

/// The wire dialect of a provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Api {
    /// `OpenAI` chat completions, and everything that speaks like it.
    #[serde(rename = "openai-chat")]
    OpenAiChat,
    /// `OpenAI` Responses.
    #[serde(rename = "openai-responses")]
    OpenAiResponses,
    /// Anthropic Messages.
    Anthropic,
    /// Gemini `streamGenerateContent`.
    Gemini,
}

/// Where a key comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeySource {
    /// None is needed, as with servers on this machine.
    None,
    /// The first of these environment variables that is set, else what `adjutant login` stored.
    Usual(Vec<String>),
    /// As the configuration says; read already.
    Given(Secret),
}

/// What the configuration says of a model; the rest is taken from the table, or assumed.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ModelSettings {
    /// As its provider names it.
    pub id: String,
    pub name: Option<String>,
    pub context: Option<u64>,
    pub output: Option<u64>,
    /// US dollars for a million tokens: input, output, read from the cache, written to it.
    pub price: Option<[f64; 4]>,
    pub images: Option<bool>,
    pub tools: Option<bool>,
    /// Thought levels: `off`, `low`, `medium`, `high`.
    pub efforts: Option<Vec<String>>,
}

/// How long and how often a provider is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProviderLimits {
    pub connect: Duration,
    /// Without a byte.
    pub idle: Duration,
    /// One answer from first to last.
    pub total: Duration,
    /// Tries after the first.
    pub retries: u32,
}

impl Default for ProviderLimits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            idle: Duration::from_mins(1),
            total: Duration::from_mins(30),
            retries: 5,
        }
    }
}

impl Api {
    /// The word for it in configuration.
    pub const fn id(self) -> &'static str {
        match self {
            Self::OpenAiChat => "openai-chat",
            Self::OpenAiResponses => "openai-responses",
            Self::Anthropic => "anthropic",
            Self::Gemini => "gemini",
        }
    }
}
