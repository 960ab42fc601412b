//! The input of a call, as models really write it: other names for the same field, numbers in quotes.

use serde_json::{Map, Value, json};

use super::output::Failure;

/// The names of the field that says which file or folder.
pub(super) const PATH: &[&str] = &["path", "file_path", "filePath", "file", "filename"];
/// The same where a folder is searched.
pub(super) const FOLDER: &[&str] = &["path", "dir", "directory", "folder", "dir_path", "dirPath"];

/// The fields of an input object. Each is asked for by its name and the other names it goes by; what nobody
/// asks for is left alone, and `null` is the same as nothing.
#[derive(Debug)]
pub(super) struct Fields {
    fields: Map<String, Value>,
    example: &'static str,
}

impl Fields {
    /// `example` is a valid input, shown where this one is not.
    pub(super) fn new(input: Value, example: &'static str) -> Result<Self, Failure> {
        let input = match input {
            Value::String(text) => serde_json::from_str(&text).unwrap_or(Value::String(text)),
            other => other,
        };
        match input {
            Value::Object(fields) => Ok(Self { fields, example }),
            Value::Null => Ok(Self { fields: Map::new(), example }),
            other => Err(Failure(format!(
                "the input must be an object, not {}; for example: {example}",
                excerpt(&other)
            ))),
        }
    }

    pub(super) fn text(&mut self, names: &[&str]) -> Result<String, Failure> {
        let found = self.optional_text(names)?;
        found.ok_or_else(|| self.missing(names))
    }

    pub(super) fn optional_text(&mut self, names: &[&str]) -> Result<Option<String>, Failure> {
        match self.take(names) {
            None => Ok(None),
            Some((_, Value::String(text))) => Ok(Some(text)),
            Some((name, other)) => Err(self.wrong(&name, "text", &other)),
        }
    }

    pub(super) fn number(&mut self, names: &[&str]) -> Result<Option<u64>, Failure> {
        let Some((name, value)) = self.take(names) else { return Ok(None) };
        let number = match &value {
            Value::Number(number) => number.as_u64().or_else(|| whole(number.as_f64()?)),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        };
        number.map(Some).ok_or_else(|| self.wrong(&name, "a whole number", &value))
    }

    /// Absent means no.
    pub(super) fn flag(&mut self, names: &[&str]) -> Result<bool, Failure> {
        match self.take(names) {
            None => Ok(false),
            Some((_, Value::Bool(flag))) => Ok(flag),
            Some((_, Value::String(text))) if text.eq_ignore_ascii_case("true") => Ok(true),
            Some((_, Value::String(text))) if text.eq_ignore_ascii_case("false") => Ok(false),
            Some((name, other)) => Err(self.wrong(&name, "true or false", &other)),
        }
    }

    pub(super) fn list(&mut self, names: &[&str]) -> Result<Vec<Value>, Failure> {
        match self.take(names) {
            None => Err(self.missing(names)),
            Some((_, Value::Array(list))) => Ok(list),
            Some((name, other)) => Err(self.wrong(&name, "a list", &other)),
        }
    }

    /// Of any kind.
    pub(super) fn any(&mut self, names: &[&str]) -> Option<Value> {
        self.take(names).map(|(_, value)| value)
    }

    /// The failure to report when a field holds what its kind allows and the tool does not.
    pub(super) fn refuse(&self, name: &str, what: &str) -> Failure {
        Failure(format!("`{name}` {what}; for example: {}", self.example))
    }

    fn take(&mut self, names: &[&str]) -> Option<(String, Value)> {
        names.iter().find_map(|name| {
            let value = self.fields.remove(*name).filter(|value| !value.is_null())?;
            Some(((*name).to_owned(), value))
        })
    }

    fn missing(&self, names: &[&str]) -> Failure {
        self.refuse(names.first().unwrap_or(&""), "is missing")
    }

    fn wrong(&self, name: &str, wanted: &str, found: &Value) -> Failure {
        self.refuse(name, &format!("must be {wanted}, not {}", excerpt(found)))
    }
}

fn whole(number: f64) -> Option<u64> {
    (number.fract() == 0.0 && (0.0..9e15).contains(&number)).then_some(number as u64)
}

fn excerpt(value: &Value) -> String {
    match value {
        Value::Object(_) => "an object".to_owned(),
        Value::Array(_) => "a list".to_owned(),
        other => super::label::line(&other.to_string(), 60),
    }
}

/// The JSON Schema of an input object with these properties.
pub(super) fn schema(properties: &Value, required: &[&str]) -> Value {
    json!({
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    })
}
