//! What providers tell of their own models in their lists, each in its own words.

use serde_json::Value;

use super::{ModelInfo, Price};

#[cfg(test)]
mod tests;

/// Words in the names of models that do not talk.
const SILENT: [&str; 7] = ["embed", "rerank", "whisper", "-tts", "tts-", "moderation", "transcribe"];
/// Kinds of models that do.
const TALKING: [&str; 3] = ["chat", "language", "code"];

/// A model as its provider lists it; what it does not say is `None`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Listed {
    /// How its provider names it.
    pub wire: String,
    name: Option<String>,
    context: Option<u64>,
    output: Option<u64>,
    price: Option<Price>,
    images: Option<bool>,
    tools: Option<bool>,
}

impl Listed {
    /// A row of a list; `None` when it names no model, or one that does not talk.
    pub(super) fn read(row: &Value) -> Option<Self> {
        let wire = row["id"].as_str().or_else(|| row["name"].as_str())?;
        let wire = wire.strip_prefix("models/").unwrap_or(wire).to_owned();
        talks(row, &wire).then(|| Self {
            name: text(row, &["display_name", "displayName", "name"]).filter(|name| !name.ends_with(&wire)),
            context: context(row),
            output: number(row, &["max_completion_tokens", "max_output_tokens", "outputTokenLimit"])
                .or_else(|| number(&row["top_provider"], &["max_completion_tokens"])),
            price: price(&row["pricing"]),
            images: has(&row["architecture"]["input_modalities"], "image")
                .or_else(|| truth(&row["capabilities"], "vision"))
                .or_else(|| truth(row, "supports_image_input")),
            tools: has(&row["supported_parameters"], "tools")
                .or_else(|| truth(&row["capabilities"], "function_calling"))
                .or_else(|| truth(row, "supports_tools")),
            wire,
        })
    }

    /// That model with what was told of it.
    pub(super) fn of(&self, info: ModelInfo) -> ModelInfo {
        let context = self.context.unwrap_or(info.context);
        ModelInfo {
            name: self.name.clone().unwrap_or(info.name),
            context,
            // An answer is part of the context.
            output: self.output.unwrap_or(info.output).min(context.div_ceil(2)),
            price: self.price.or(info.price),
            images: self.images.unwrap_or(info.images),
            tools: self.tools.unwrap_or(info.tools),
            ..info
        }
    }
}

/// The models of a list: `{"data": [{"id": …}]}` as most have it, `{"models": […]}`, or the rows alone.
pub(super) fn listed(body: &str) -> Vec<Listed> {
    let Ok(list) = serde_json::from_str::<Value>(body) else { return Vec::new() };
    let rows = [&list["data"], &list["models"], &list].into_iter().find_map(Value::as_array);
    rows.into_iter().flatten().filter_map(Listed::read).collect()
}

fn talks(row: &Value, wire: &str) -> bool {
    let methods = row["supportedGenerationMethods"].as_array();
    let kind = row["type"].as_str().filter(|kind| *kind != "model");
    let name = wire.to_lowercase();
    methods.is_none_or(|methods| methods.iter().any(|it| it == "generateContent"))
        && kind.is_none_or(|kind| TALKING.contains(&kind))
        && truth(&row["capabilities"], "completion_chat") != Some(false)
        && truth(row, "supports_chat") != Some(false)
        && !SILENT.iter().any(|word| name.contains(word))
}

/// The smallest of what is said: a server may give a model less room than the model could take.
fn context(row: &Value) -> Option<u64> {
    let keys = ["context_length", "context_window", "max_context_length", "max_model_len", "inputTokenLimit"];
    let said = keys.into_iter().filter_map(|key| number(row, &[key])).chain(number(&row["meta"], &["n_ctx"]));
    said.min()
}

/// US dollars for a token as text, under the names of a request's parts, or for a million tokens as numbers.
fn price(row: &Value) -> Option<Price> {
    let token = |key: &str| Some(row[key].as_str()?.parse::<f64>().ok()? * 1e6);
    let million = |key: &str| row[key].as_f64();
    let price = |input: f64, output: f64, read: Option<f64>, write: Option<f64>| Price {
        input,
        output,
        cache_read: read.unwrap_or(input),
        cache_write: write.unwrap_or(input),
    };
    let price = match (token("prompt"), token("completion")) {
        (Some(input), Some(output)) => {
            price(input, output, token("input_cache_read"), token("input_cache_write"))
        }
        _ => price(million("input")?, million("output")?, million("cached_input"), None),
    };
    // Less than nothing is how a price that depends is written, and nothing is no price.
    (price.input > 0.0 && price.output > 0.0).then_some(price)
}

fn number(row: &Value, keys: &[&str]) -> Option<u64> {
    keys.iter().find_map(|key| row[*key].as_u64()).filter(|number| *number > 0)
}

fn text(row: &Value, keys: &[&str]) -> Option<String> {
    keys.iter().find_map(|key| row[*key].as_str()).filter(|text| !text.is_empty()).map(str::to_owned)
}

fn truth(row: &Value, key: &str) -> Option<bool> {
    row[key].as_bool()
}

fn has(list: &Value, word: &str) -> Option<bool> {
    Some(list.as_array()?.iter().any(|it| it == word))
}
