//! Thoughts that are wanted back: OpenRouter's `reasoning_details`, and the `reasoning_content` of DeepSeek and others.
//! Sources: <https://openrouter.ai/docs/use-cases/reasoning-tokens>,
//! <https://api-docs.deepseek.com/guides/thinking_mode>.

use std::sync::Arc;

use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use crate::provider::Echo;

/// Fields of a detail that come in pieces; the others are whole.
const PIECES: [&str; 3] = ["text", "summary", "data"];

/// The thoughts of one answer, as they go back.
#[derive(Debug, Default)]
pub(super) struct Reasoning {
    content: String,
    details: Vec<Map<String, Value>>,
}

impl Reasoning {
    pub(super) fn content(&mut self, text: &str) {
        self.content += text;
    }

    /// Takes in a list of details, each a piece of the one before it if both are of the same kind and index. Returns
    /// what they say to people.
    pub(super) fn details(&mut self, list: &RawValue) -> String {
        let mut said = String::new();
        for piece in serde_json::from_str::<Vec<Map<String, Value>>>(list.get()).unwrap_or_default() {
            let word = |key: &str| piece.get(key).and_then(Value::as_str).unwrap_or_default();
            said += word("text");
            said += word("summary");
            match self.details.last_mut() {
                Some(open) if ["type", "index"].iter().all(|key| open.get(*key) == piece.get(*key)) => {
                    go_on(open, piece);
                }
                _ => self.details.push(piece),
            }
        }
        said
    }

    /// What goes back with the answer. Plain thoughts do only where a tool loop goes on.
    pub(super) fn finish(&mut self, source: &Arc<str>, has_calls: bool) -> Option<Echo> {
        let (content, details) = (std::mem::take(&mut self.content), std::mem::take(&mut self.details));
        let data = match () {
            () if !details.is_empty() => json!({ "reasoning_details": details }),
            () if has_calls && !content.is_empty() => json!({ "reasoning_content": content }),
            () => return None,
        };
        Some(Echo { source: Arc::clone(source), data })
    }
}

/// Adds a piece to the detail it belongs to.
fn go_on(detail: &mut Map<String, Value>, piece: Map<String, Value>) {
    for (key, value) in piece {
        match (detail.get_mut(&key), value) {
            (Some(Value::String(text)), Value::String(next)) if PIECES.contains(&key.as_str()) => {
                text.push_str(&next);
            }
            (Some(_), Value::Null) => {}
            (_, value) => {
                detail.insert(key, value);
            }
        }
    }
}
