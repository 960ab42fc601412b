//! What is known of current models without asking anybody: as their providers' pages said on 2026-11-20.
//!
//! Prices are those of the shortest prompts and of the usual hours; where a price is lowered for a while, the one
//! before and after stands here, and where it depends on the hour, the higher one. The first model of a provider is
//! its default.

use super::{Effort, ModelInfo, Price};
use Effort::{High, Low, Medium, Off};

#[cfg(test)]
mod tests;

/// Name on the wire, name for people, context and answer in tokens, dollars for a million tokens (input, output, read
/// from the cache, written to it), whether it takes images, thought levels.
struct Row(&'static str, &'static str, u64, u64, [f64; 4], bool, &'static [Effort]);

const IMAGES: bool = true;
const TEXT: bool = false;

const NONE: &[Effort] = &[];
/// Thinking can be turned off.
const FREE: &[Effort] = &[Off, Low, Medium, High];
/// It always thinks.
const ALWAYS: &[Effort] = &[Low, Medium, High];
/// It thinks, or it does not.
const SWITCH: &[Effort] = &[Off, High];

const M: u64 = 1_000_000;

#[rustfmt::skip]
const PROVIDERS: &[(&str, &[Row])] = &[
    ("anthropic", &[
        Row("claude-sonnet-5-5", "Claude Sonnet 5.5", M, 128_000, [2.0, 10.0, 0.1, 2.5], IMAGES, ALWAYS),
        Row("claude-opus-5-5", "Claude Opus 5.5", M, 128_000, [4.0, 20.0, 0.2, 5.0], IMAGES, ALWAYS),
        Row("claude-haiku-5-5", "Claude Haiku 5.5", M, 128_000, [0.1, 0.5, 0.01, 0.125], IMAGES, ALWAYS),
        Row("claude-fable-5-1", "Claude Fable 5.1", M, 128_000, [10.0, 50.0, 1.0, 12.5], IMAGES, ALWAYS),
        Row("claude-fable-5", "Claude Fable 5", M, 128_000, [10.0, 50.0, 1.0, 12.5], IMAGES, ALWAYS),
        Row("claude-opus-5", "Claude Opus 5", M, 128_000, [5.0, 25.0, 0.5, 6.25], IMAGES, FREE),
        Row("claude-sonnet-5", "Claude Sonnet 5", M, 128_000, [2.0, 10.0, 0.2, 2.5], IMAGES, FREE),
        Row("claude-opus-4-8", "Claude Opus 4.8", M, 128_000, [5.0, 25.0, 0.5, 6.25], IMAGES, ALWAYS),
        Row("claude-opus-4-7", "Claude Opus 4.7", M, 128_000, [5.0, 25.0, 0.5, 6.25], IMAGES, ALWAYS),
        Row("claude-opus-4-6", "Claude Opus 4.6", M, 128_000, [5.0, 25.0, 0.5, 6.25], IMAGES, FREE),
        Row("claude-sonnet-4-6", "Claude Sonnet 4.6", M, 64_000, [3.0, 15.0, 0.3, 3.75], IMAGES, FREE),
        Row("claude-opus-4-5", "Claude Opus 4.5", 200_000, 64_000, [5.0, 25.0, 0.5, 6.25], IMAGES, FREE),
        Row("claude-sonnet-4-5", "Claude Sonnet 4.5", 200_000, 64_000, [3.0, 15.0, 0.3, 3.75], IMAGES, FREE),
        Row("claude-haiku-4-5", "Claude Haiku 4.5", 200_000, 64_000, [1.0, 5.0, 0.1, 1.25], IMAGES, FREE),
    ]),
    ("openai", &[
        Row("gpt-6.2-sol", "GPT-6.2 Sol", 1_050_000, 128_000, [2.0, 10.0, 0.1, 2.5], IMAGES, ALWAYS),
        Row("gpt-6.2-astra", "GPT-6.2 Astra", 1_050_000, 128_000, [8.0, 40.0, 0.4, 10.0], IMAGES, ALWAYS),
        Row("gpt-6.1-sol", "GPT-6.1 Sol", 1_050_000, 128_000, [2.0, 10.0, 0.1, 2.5], IMAGES, ALWAYS),
        Row("gpt-6-astra", "GPT-6 Astra", 1_050_000, 128_000, [10.0, 50.0, 1.0, 12.5], IMAGES, ALWAYS),
        Row("gpt-6-sol", "GPT-6 Sol", 1_050_000, 128_000, [2.0, 10.0, 0.2, 2.5], IMAGES, FREE),
        Row("gpt-6-luna", "GPT-6 Luna", 1_050_000, 128_000, [0.1, 0.5, 0.01, 0.125], IMAGES, FREE),
        Row("gpt-5.6-sol", "GPT-5.6 Sol", 1_050_000, 128_000, [5.0, 30.0, 0.5, 6.25], IMAGES, FREE),
        Row("gpt-5.5", "GPT-5.5", 1_050_000, 128_000, [5.0, 30.0, 0.5, 5.0], IMAGES, FREE),
        Row("gpt-5.4", "GPT-5.4", 1_050_000, 128_000, [2.5, 15.0, 0.25, 2.5], IMAGES, FREE),
        Row("gpt-5.4-mini", "GPT-5.4 mini", 400_000, 128_000, [0.75, 4.5, 0.075, 0.75], IMAGES, FREE),
        Row("gpt-5.4-nano", "GPT-5.4 nano", 400_000, 128_000, [0.2, 1.25, 0.02, 0.2], IMAGES, FREE),
        Row("gpt-5.3-codex", "GPT-5.3 Codex", 400_000, 128_000, [1.75, 14.0, 0.175, 1.75], IMAGES, FREE),
        Row("gpt-5.2", "GPT-5.2", 400_000, 128_000, [1.75, 14.0, 0.175, 1.75], IMAGES, FREE),
        Row("gpt-5.1", "GPT-5.1", 400_000, 128_000, [1.25, 10.0, 0.125, 1.25], IMAGES, FREE),
        Row("gpt-5", "GPT-5", 400_000, 128_000, [1.25, 10.0, 0.125, 1.25], IMAGES, ALWAYS),
        Row("gpt-5-mini", "GPT-5 mini", 400_000, 128_000, [0.25, 2.0, 0.025, 0.25], IMAGES, ALWAYS),
        Row("gpt-4.1", "GPT-4.1", 1_047_576, 32_768, [2.0, 8.0, 0.5, 2.0], IMAGES, NONE),
    ]),
    ("google", &[
        Row("gemini-3.8-flash", "Gemini 3.8 Flash", 1_048_576, 65_536, [1.5, 7.5, 0.15, 1.5], IMAGES, ALWAYS),
        Row("gemini-3.6-flash", "Gemini 3.6 Flash", 1_048_576, 65_536, [1.5, 7.5, 0.15, 1.5], IMAGES, ALWAYS),
        Row("gemini-3.5-flash", "Gemini 3.5 Flash", 1_048_576, 65_536, [1.5, 9.0, 0.15, 1.5], IMAGES, ALWAYS),
        Row("gemini-3.5-flash-lite", "Gemini 3.5 Flash-Lite", 1_048_576, 65_536, [0.3, 2.5, 0.03, 0.3], IMAGES, ALWAYS),
        Row("gemini-3.1-pro-preview", "Gemini 3.1 Pro", 1_048_576, 65_536, [2.0, 12.0, 0.2, 2.0], IMAGES, ALWAYS),
        Row("gemini-3.1-flash-lite", "Gemini 3.1 Flash-Lite", 1_048_576, 65_536, [0.25, 1.5, 0.025, 0.25], IMAGES, ALWAYS),
    ]),
    ("openrouter", &[
        // It chooses a model by itself: the sizes are what every one of them has.
        Row("openrouter/auto", "Auto Router", 128_000, 8_192, [0.0; 4], TEXT, NONE),
    ]),
    ("deepseek", &[
        Row("deepseek-v4-pro", "DeepSeek V4 Pro", M, 384_000, [1.32, 3.96, 0.044, 1.32], TEXT, SWITCH),
        Row("deepseek-flash", "DeepSeek V4.1 Flash", M, 384_000, [0.3, 1.2, 0.006, 0.3], IMAGES, SWITCH),
    ]),
    ("mistral", &[
        Row("mistral-medium-latest", "Mistral Medium", 262_144, 65_536, [1.5, 7.5, 1.5, 1.5], IMAGES, SWITCH),
        Row("mistral-large-latest", "Mistral Large", 262_144, 65_536, [0.5, 1.5, 0.5, 0.5], IMAGES, NONE),
        Row("mistral-small-latest", "Mistral Small", 256_000, 65_536, [0.15, 0.6, 0.15, 0.15], IMAGES, SWITCH),
        Row("codestral-latest", "Codestral", 256_000, 4_096, [0.3, 0.9, 0.3, 0.3], TEXT, NONE),
    ]),
    ("xai", &[
        Row("grok-4.7", "Grok 4.7", 500_000, 128_000, [2.0, 6.0, 0.5, 2.0], IMAGES, ALWAYS),
        Row("grok-4.6", "Grok 4.6", 500_000, 128_000, [2.0, 6.0, 0.5, 2.0], IMAGES, ALWAYS),
        Row("grok-4.5", "Grok 4.5", 500_000, 128_000, [2.0, 6.0, 0.5, 2.0], IMAGES, ALWAYS),
        Row("grok-4.3", "Grok 4.3", M, 30_000, [1.25, 2.5, 0.2, 1.25], IMAGES, FREE),
        Row("grok-build-0.1", "Grok Build 0.1", 256_000, 64_000, [1.0, 2.0, 0.2, 1.0], IMAGES, NONE),
    ]),
    ("groq", &[
        Row("openai/gpt-oss-120b", "GPT OSS 120B", 131_072, 65_536, [0.15, 0.6, 0.075, 0.15], TEXT, ALWAYS),
        Row("openai/gpt-oss-20b", "GPT OSS 20B", 131_072, 65_536, [0.075, 0.3, 0.0375, 0.075], TEXT, ALWAYS),
        Row("llama-3.3-70b-versatile", "Llama 3.3 70B", 131_072, 32_768, [0.59, 0.79, 0.59, 0.59], TEXT, NONE),
        Row("llama-3.1-8b-instant", "Llama 3.1 8B", 131_072, 32_768, [0.05, 0.08, 0.05, 0.05], TEXT, NONE),
    ]),
];

/// The models of a provider, its default first.
pub(super) fn of(provider: &str) -> impl Iterator<Item = ModelInfo> {
    rows(provider).iter().map(move |row| row.info(provider, row.0))
}

/// What is known of a model, also of a dated edition of it. What `OpenRouter` passes on is looked up where it comes
/// from: the prices are the same.
pub(super) fn find(provider: &str, wire: &str) -> Option<ModelInfo> {
    let passed_on = || {
        let (maker, model) = wire.split_once('/').filter(|_| provider == "openrouter")?;
        row(maker, model).or_else(|| row(maker, &model.replace('.', "-")))
    };
    Some(row(provider, wire).or_else(passed_on)?.info(provider, wire))
}

fn rows(provider: &str) -> &'static [Row] {
    PROVIDERS.iter().find(|(id, _)| *id == provider).map_or(&[], |(_, rows)| rows)
}

fn row(provider: &str, wire: &str) -> Option<&'static Row> {
    let rows = rows(provider);
    let exactly = rows.iter().find(|row| row.0 == wire);
    exactly.or_else(|| rows.iter().find(|row| stem(row.0) == stem(wire)))
}

/// A name without its edition: `-latest`, `-preview`, `-2512`, `-20250929`, `-2025-09-29`.
fn stem(wire: &str) -> &str {
    let mut stem = wire;
    let mut digits = 0;
    while let Some((rest, last)) = stem.rsplit_once('-') {
        if last.len() < 2 || !last.bytes().all(|it| it.is_ascii_digit()) {
            break;
        }
        (stem, digits) = (rest, digits + last.len());
    }
    // Fewer digits are a version.
    let stem = if digits < 4 { wire } else { stem };
    let word = ["-latest", "-preview"].iter().find_map(|word| stem.strip_suffix(word));
    word.unwrap_or(stem)
}

impl Row {
    fn info(&self, provider: &str, wire: &str) -> ModelInfo {
        let &Self(_, name, context, output, [input, answer, cache_read, cache_write], images, efforts) = self;
        ModelInfo {
            name: name.to_owned(),
            context,
            output,
            price: (input > 0.0).then_some(Price { input, output: answer, cache_read, cache_write }),
            images,
            efforts: efforts.to_vec(),
            ..ModelInfo::unknown(provider, wire)
        }
    }
}
