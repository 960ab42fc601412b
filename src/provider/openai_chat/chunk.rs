//! One event of the stream, as far as it is of use. Fields that are of another kind than they should be say nothing
//! where a vendor is known to do so.

use std::fmt;

use serde::de::{IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::provider::Tokens;

#[derive(Deserialize)]
pub(super) struct Chunk<'a> {
    /// The answer's id.
    #[serde(borrow)]
    pub(super) id: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) choices: Option<Vec<Choice<'a>>>,
    #[serde(borrow)]
    pub(super) usage: Option<&'a RawValue>,
    /// Where Groq tells the usage.
    #[serde(borrow)]
    pub(super) x_groq: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) error: Option<&'a RawValue>,
}

#[derive(Deserialize)]
pub(super) struct Choice<'a> {
    #[serde(default)]
    pub(super) index: u64,
    #[serde(borrow)]
    pub(super) delta: Option<Piece<'a>>,
    pub(super) finish_reason: Option<String>,
    /// Where Moonshot tells the usage.
    #[serde(borrow)]
    pub(super) usage: Option<&'a RawValue>,
    /// Where OpenRouter says why `finish_reason` is `error`.
    #[serde(borrow)]
    pub(super) error: Option<&'a RawValue>,
}

#[derive(Deserialize)]
pub(super) struct Piece<'a> {
    #[serde(default)]
    pub(super) content: Words,
    /// DeepSeek, xAI, llama.cpp, older vLLM.
    #[serde(default)]
    pub(super) reasoning_content: Words,
    /// OpenRouter, Groq, Ollama, newer vLLM.
    #[serde(default)]
    pub(super) reasoning: Words,
    #[serde(borrow)]
    pub(super) reasoning_details: Option<&'a RawValue>,
    #[serde(default)]
    pub(super) refusal: Words,
    #[serde(borrow)]
    pub(super) tool_calls: Option<Vec<Fragment<'a>>>,
    /// How calls were told before there were several.
    #[serde(borrow)]
    pub(super) function_call: Option<Function<'a>>,
}

/// A part of a call.
#[derive(Deserialize)]
pub(super) struct Fragment<'a> {
    pub(super) index: Option<u64>,
    pub(super) id: Option<String>,
    #[serde(borrow)]
    pub(super) function: Option<Function<'a>>,
}

#[derive(Deserialize)]
pub(super) struct Function<'a> {
    pub(super) name: Option<String>,
    /// A part of a text, or an object.
    #[serde(borrow)]
    pub(super) arguments: Option<&'a RawValue>,
}

/// Text: a string, or Mistral's list of parts, in which thoughts may stand.
#[derive(Default)]
pub(super) struct Words {
    pub(super) thought: String,
    pub(super) text: String,
}

#[derive(Deserialize)]
struct Part {
    #[serde(default)]
    text: Words,
    #[serde(default)]
    thinking: Words,
}

impl<'de> Deserialize<'de> for Words {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(WordsVisitor)
    }
}

struct WordsVisitor;

impl<'de> Visitor<'de> for WordsVisitor {
    type Value = Words;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("text")
    }

    fn visit_str<E>(self, text: &str) -> Result<Words, E> {
        Ok(Words { text: text.to_owned(), thought: String::new() })
    }

    fn visit_string<E>(self, text: String) -> Result<Words, E> {
        Ok(Words { text, thought: String::new() })
    }

    fn visit_unit<E>(self) -> Result<Words, E> {
        Ok(Words::default())
    }

    fn visit_bool<E>(self, _: bool) -> Result<Words, E> {
        Ok(Words::default())
    }

    fn visit_u64<E>(self, _: u64) -> Result<Words, E> {
        Ok(Words::default())
    }

    fn visit_i64<E>(self, _: i64) -> Result<Words, E> {
        Ok(Words::default())
    }

    fn visit_f64<E>(self, _: f64) -> Result<Words, E> {
        Ok(Words::default())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut parts: A) -> Result<Words, A::Error> {
        let mut words = Words::default();
        while let Some(part) = parts.next_element::<Part>()? {
            words.text += &part.text.text;
            words.thought += &part.thinking.text;
        }
        Ok(words)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Words, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Words::default())
    }
}

#[derive(Default, Deserialize)]
struct Usage {
    prompt_tokens: Option<u64>,
    completion_tokens: Option<u64>,
    total_tokens: Option<u64>,
    prompt_tokens_details: Option<PromptDetails>,
    completion_tokens_details: Option<CompletionDetails>,
    /// DeepSeek's way to tell cached tokens.
    prompt_cache_hit_tokens: Option<u64>,
}

#[derive(Default, Deserialize)]
struct PromptDetails {
    cached_tokens: Option<u64>,
    cache_write_tokens: Option<u64>,
}

#[derive(Default, Deserialize)]
struct CompletionDetails {
    reasoning_tokens: Option<u64>,
}

#[derive(Deserialize)]
struct Groq {
    usage: Usage,
}

/// What a chunk says of the tokens used; of several places the most exact one.
pub(super) fn tokens(chunk: &Chunk<'_>) -> Option<Tokens> {
    let choice = chunk.choices.iter().flatten().find_map(|choice| choice.usage);
    let direct = |raw: &RawValue| serde_json::from_str::<Usage>(raw.get()).ok();
    let groq = |raw: &RawValue| serde_json::from_str::<Groq>(raw.get()).ok().map(|it| it.usage);
    let usage = chunk.usage.and_then(direct).or_else(|| choice.and_then(direct));
    usage.or_else(|| chunk.x_groq.and_then(groq)).map(Usage::tokens)
}

impl Usage {
    fn tokens(self) -> Tokens {
        let prompt = self.prompt_tokens_details.unwrap_or_default();
        let input = self.prompt_tokens.unwrap_or(0);
        let told = self.completion_tokens.unwrap_or(0);
        Tokens {
            input,
            cache_read: prompt.cached_tokens.or(self.prompt_cache_hit_tokens).unwrap_or(0).min(input),
            cache_write: prompt.cache_write_tokens.unwrap_or(0),
            // xAI leaves thoughts out of its count of completion tokens, and has them in the sum.
            output: told.max(self.total_tokens.unwrap_or(0).saturating_sub(input)),
            thought: self.completion_tokens_details.and_then(|it| it.reasoning_tokens).unwrap_or(0),
        }
    }
}
