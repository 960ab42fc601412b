//! The form of a question: a flat object of a few kinds of field (ACP v1, elicitation), and what is a right
//! answer to it.

use regex::RegexBuilder;
use serde_json::{Map, Value};

use crate::acp::{
    ElicitationPropertySchema as Kind, ElicitationSchema, MultiSelectItems, MultiSelectPropertySchema,
    StringFormat, StringPropertySchema,
};

/// Fields of one form.
const FIELDS: usize = 50;
/// Bytes of a form's schema, and of an answer to it, as JSON.
const BYTES: usize = 64 * 1024;
/// Bytes of the automaton made from a field's pattern.
const AUTOMATON: usize = 256 * 1024;

/// A form that people can fill in.
#[derive(Debug, Clone, PartialEq)]
pub struct Form {
    /// In the order they were asked for.
    pub fields: Vec<Field>,
}

/// One field of a form.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    pub name: String,
    pub kind: Kind,
    pub required: bool,
}

impl Form {
    /// Reads the JSON Schema of a flat object. `Err` says why nobody could fill it in.
    pub fn read(schema: &Value) -> Result<Self, String> {
        if schema.to_string().len() > BYTES {
            return Err(format!("the form has more than {BYTES} bytes"));
        }
        let properties = schema.get("properties").and_then(Value::as_object);
        let order: Vec<String> = properties.into_iter().flat_map(Map::keys).cloned().collect();
        if order.len() > FIELDS {
            return Err(format!("the form has {} fields, and {FIELDS} at most", order.len()));
        }
        let mut read: ElicitationSchema = serde_json::from_value(schema.clone())
            .map_err(|e| format!("the form is no flat object of text, number, boolean and choice: {e}"))?;
        let required = read.required.unwrap_or_default();
        let mut fields = Vec::with_capacity(order.len());
        for name in order {
            match read.properties.remove(&name) {
                None => {}
                Some(kind) if !is_flat(&kind) => {
                    return Err(format!("the form's field `{name}` is of a kind that nobody can fill in"));
                }
                Some(kind) => fields.push(Field { required: required.contains(&name), name, kind }),
            }
        }
        Ok(Self { fields })
    }

    /// What of an answer belongs to the form: fields it does not have are left out, and text that says a number or
    /// a yes is one. `Err` says what is wrong with it.
    pub fn accept(&self, answer: &Value) -> Result<Value, String> {
        let nothing = Map::new();
        let given = match answer {
            Value::Null => &nothing,
            Value::Object(given) => given,
            _ => return Err("the answer is no object".to_owned()),
        };
        let mut accepted = Map::new();
        for field in &self.fields {
            match given.get(&field.name).filter(|value| !value.is_null()) {
                Some(value) => {
                    let value = field.accept(value).map_err(|why| format!("`{}` {why}", field.name))?;
                    accepted.insert(field.name.clone(), value);
                }
                None if field.required => return Err(format!("`{}` is missing", field.name)),
                None => {}
            }
        }
        let accepted = Value::Object(accepted);
        if accepted.to_string().len() > BYTES {
            return Err(format!("the answer has more than {BYTES} bytes"));
        }
        Ok(accepted)
    }
}

impl Field {
    /// The value as the field has it. `Err` continues a sentence that begins with the field's name.
    pub fn accept(&self, value: &Value) -> Result<Value, String> {
        match &self.kind {
            Kind::String(text) => {
                let given = value.as_str().ok_or("is no text")?;
                is_text_of(text, given)?;
                Ok(given.into())
            }
            Kind::Number(number) => {
                let given = parsed(value).and_then(|it| it.as_f64()).ok_or("is no number")?;
                within(given, number.minimum, number.maximum)?;
                Ok(parsed(value).unwrap_or_default())
            }
            Kind::Integer(integer) => {
                let given = parsed(value).and_then(|it| whole(&it)).ok_or("is no whole number")?;
                within(given, integer.minimum, integer.maximum)?;
                Ok(given.into())
            }
            Kind::Boolean(_) => {
                let given = parsed(value).and_then(|it| it.as_bool()).ok_or("is neither true nor false")?;
                Ok(given.into())
            }
            Kind::Array(several) => is_choice_of(several, value).map(|()| value.clone()),
            _ => Err("is of a kind that nobody can fill in".to_owned()),
        }
    }

    /// What is called in front of people.
    pub fn title(&self) -> &str {
        let title = match &self.kind {
            Kind::String(it) => &it.title,
            Kind::Number(it) => &it.title,
            Kind::Integer(it) => &it.title,
            Kind::Boolean(it) => &it.title,
            Kind::Array(it) => &it.title,
            _ => &None,
        };
        title.as_deref().unwrap_or(&self.name)
    }

    /// The values to choose from, each with what it is called; `None` when anything can be said.
    pub fn choices(&self) -> Option<Vec<(&str, &str)>> {
        match &self.kind {
            Kind::String(text) => choices_of(text),
            Kind::Array(several) => Some(items(several)),
            _ => None,
        }
    }
}

fn is_flat(kind: &Kind) -> bool {
    match kind {
        Kind::Array(several) => {
            matches!(several.items, MultiSelectItems::String(_) | MultiSelectItems::Titled(_))
        }
        Kind::String(_) | Kind::Number(_) | Kind::Integer(_) | Kind::Boolean(_) => true,
        _ => false,
    }
}

/// A number or a boolean, also where a client sends what was typed.
fn parsed(value: &Value) -> Option<Value> {
    match value {
        Value::String(text) => serde_json::from_str(text.trim()).ok(),
        other => Some(other.clone()),
    }
}

fn whole(value: &Value) -> Option<i64> {
    let exact = |number: f64| number.fract() == 0.0 && number.abs() < 9e15;
    value.as_i64().or_else(|| value.as_f64().filter(|it| exact(*it)).map(|it| it as i64))
}

fn within<T: Copy + PartialOrd + std::fmt::Display>(
    given: T,
    least: Option<T>,
    most: Option<T>,
) -> Result<(), String> {
    match (least, most) {
        (Some(least), _) if given < least => Err(format!("is less than {least}")),
        (_, Some(most)) if given > most => Err(format!("is more than {most}")),
        _ => Ok(()),
    }
}

fn is_text_of(schema: &StringPropertySchema, text: &str) -> Result<(), String> {
    if let Some(choices) = choices_of(schema) {
        let known = choices.iter().any(|(value, _)| *value == text);
        return if known { Ok(()) } else { Err("is none of the choices".to_owned()) };
    }
    let length = u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
    within(length, schema.min_length, schema.max_length).map_err(|why| format!("has a length that {why}"))?;
    if let Some(pattern) = &schema.pattern {
        match RegexBuilder::new(pattern).size_limit(AUTOMATON).build() {
            Ok(pattern) if !pattern.is_match(text) => return Err(format!("does not match {pattern}")),
            Ok(_) => {}
            // The dialect of a schema is JavaScript's, which has more.
            Err(e) => tracing::debug!(error = %e, "a pattern that is not checked"),
        }
    }
    match schema.format {
        Some(StringFormat::Email) if !is_address(text) => Err("is no e-mail address".to_owned()),
        Some(StringFormat::Uri) if !is_uri(text) => Err("is no URI".to_owned()),
        Some(StringFormat::Date) if text.parse::<jiff::civil::Date>().is_err() => {
            Err("is no date (YYYY-MM-DD)".to_owned())
        }
        Some(StringFormat::DateTime) if text.parse::<jiff::Timestamp>().is_err() => {
            Err("is no time (2026-01-31T12:00:00Z)".to_owned())
        }
        _ => Ok(()),
    }
}

fn is_address(text: &str) -> bool {
    let plain = !text.contains(char::is_whitespace);
    plain && text.split_once('@').is_some_and(|(name, host)| !name.is_empty() && !host.is_empty())
}

fn is_uri(text: &str) -> bool {
    let plain = !text.contains(|c: char| c.is_whitespace() || c.is_control());
    plain
        && text.split_once(':').is_some_and(|(scheme, rest)| {
            let named = scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
            named && scheme.starts_with(|c: char| c.is_ascii_alphabetic()) && !rest.is_empty()
        })
}

fn choices_of(text: &StringPropertySchema) -> Option<Vec<(&str, &str)>> {
    if let Some(options) = &text.one_of {
        return Some(options.iter().map(|it| (it.value.as_str(), it.title.as_str())).collect());
    }
    let values = text.enum_values.as_ref()?;
    Some(values.iter().map(|value| (value.as_str(), value.as_str())).collect())
}

fn items(several: &MultiSelectPropertySchema) -> Vec<(&str, &str)> {
    match &several.items {
        MultiSelectItems::String(items) => items.values.iter().map(|it| (it.as_str(), it.as_str())).collect(),
        MultiSelectItems::Titled(items) => {
            items.options.iter().map(|it| (it.value.as_str(), it.title.as_str())).collect()
        }
        _ => Vec::new(),
    }
}

fn is_choice_of(several: &MultiSelectPropertySchema, value: &Value) -> Result<(), String> {
    let given = value.as_array().ok_or("is no list")?;
    let count = given.len() as u64;
    within(count, several.min_items, several.max_items).map_err(|why| format!("has a length that {why}"))?;
    let choices = items(several);
    let known = |it: &Value| it.as_str().is_some_and(|it| choices.iter().any(|(value, _)| *value == it));
    if given.iter().all(known) { Ok(()) } else { Err("holds what is none of the choices".to_owned()) }
}
