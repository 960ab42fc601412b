//! What the readers of all dialects share: arguments and made-up ids.

use std::sync::Arc;

use serde_json::Value;

use super::ModelInfo;
use super::dialect::ReadError;

/// How a source is named in echoes: dialect and model.
pub(super) fn source(dialect: &str, model: &ModelInfo) -> Arc<str> {
    format!("{dialect}:{}", model.wire).into()
}

/// The arguments of a call: an object, or the text itself where it is none.
pub(super) fn arguments(text: &str) -> Value {
    if text.trim().is_empty() {
        return Value::Object(serde_json::Map::new());
    }
    match serde_json::from_str(text) {
        Ok(object @ Value::Object(_)) => object,
        Ok(Value::Null) => Value::Object(serde_json::Map::new()),
        Ok(_) | Err(_) => Value::String(text.to_owned()),
    }
}

/// Reads an event's data.
pub(super) fn parse<'a, T: serde::Deserialize<'a>>(data: &'a str) -> Result<T, ReadError> {
    serde_json::from_str(data)
        .map_err(|error| ReadError::Garbage(format!("an event of the answer cannot be read: {error}")))
}

/// Ids for calls that came without one: told apart by the answer and a count.
#[derive(Debug, Default)]
pub(super) struct CallIds {
    answer: String,
    count: usize,
}

impl CallIds {
    /// The answer's own id, as soon as it is told.
    pub(super) fn answer(&mut self, id: &str) {
        if self.answer.is_empty() {
            self.answer = id.chars().filter(char::is_ascii_alphanumeric).take(40).collect();
        }
    }

    /// The given id, or one made up.
    pub(super) fn name(&mut self, given: Option<String>) -> String {
        self.count += 1;
        given.filter(|id| !id.is_empty()).unwrap_or_else(|| format!("call_{}_{}", self.answer, self.count))
    }
}
