//! A JSON Schema as the part of `OpenAPI` 3.0 that function declarations take. A word the API does not know refuses
//! the request, so what it cannot say is left out, or told in the description.
//! Source: <https://ai.google.dev/api/caching#Schema>.

use serde_json::{Map, Value, json};

/// References followed from the root to a leaf: a schema may refer to itself.
const DEPTH: usize = 12;

/// Taken over as they are.
const KEPT: &[&str] = &[
    "description",
    "nullable",
    "minItems",
    "maxItems",
    "minLength",
    "maxLength",
    "pattern",
    "minimum",
    "maximum",
];

/// The parameters of a function; `None`: it takes none.
pub(super) fn parameters(input: &Value) -> Option<Value> {
    let schema = Schema { root: input }.convert(input, DEPTH);
    let properties = schema["properties"].as_object();
    properties.is_some_and(|it| !it.is_empty()).then_some(schema)
}

#[derive(Clone, Copy)]
struct Schema<'a> {
    /// What `#/…` refers to.
    root: &'a Value,
}

impl Schema<'_> {
    fn convert(self, value: &Value, depth: usize) -> Value {
        let Some(from) = value.as_object() else { return anything() };
        if depth == 0 {
            return anything();
        }
        if let Some(target) = from.get("$ref").and_then(Value::as_str) {
            let found = target.strip_prefix('#').and_then(|path| self.root.pointer(path));
            let mut to = found.map_or_else(anything, |found| self.convert(found, depth - 1));
            describe(&mut to, from.get("description").and_then(Value::as_str));
            return to;
        }
        let mut merged = from.clone();
        for part in all_of(from) {
            merge(&mut merged, part);
        }
        self.plain(&merged, depth)
    }

    /// Of a schema without `$ref` and `allOf`.
    fn plain(self, from: &Map<String, Value>, depth: usize) -> Value {
        let mut to: Map<String, Value> = from
            .iter()
            .filter(|(key, _)| KEPT.contains(&key.as_str()))
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect();
        let (mut types, null) = types(from);
        let alternatives = ["anyOf", "oneOf"].iter().find_map(|key| from.get(*key)?.as_array());
        if let Some(alternatives) = alternatives {
            let is_null = |it: &&Value| it["type"] == "null";
            if null || alternatives.iter().any(|it| is_null(&it)) {
                to.insert("nullable".into(), true.into());
            }
            let rest = alternatives.iter().filter(|it| !is_null(it));
            let mut rest: Vec<_> = rest.map(|it| self.convert(it, depth - 1)).collect();
            if types.is_empty() && !from.contains_key("properties") {
                match rest.len() {
                    0 => {}
                    1 => return only(to, rest.remove(0)),
                    _ => {
                        to.insert("anyOf".into(), rest.into());
                        return to.into();
                    }
                }
            }
        }
        if null {
            to.insert("nullable".into(), true.into());
        }
        if types.len() > 1 {
            let each = types.iter().map(|it| {
                let mut one = from.clone();
                one.retain(|key, _| key != "description");
                one.insert("type".into(), (*it).into());
                self.plain(&one, depth - 1)
            });
            to.retain(|key, _| key == "description" || key == "nullable");
            to.insert("anyOf".into(), each.collect());
            return to.into();
        }
        let kind = types.pop().unwrap_or_else(|| guess(from));
        to.insert("type".into(), kind.into());
        match kind {
            "object" => self.object(from, &mut to, depth),
            "array" => {
                let items = from.get("items").or_else(|| from.get("prefixItems")?.get(0));
                to.insert("items".into(), items.map_or_else(anything, |it| self.convert(it, depth - 1)));
            }
            _ => scalar(kind, from, &mut to),
        }
        to.into()
    }

    fn object(self, from: &Map<String, Value>, to: &mut Map<String, Value>, depth: usize) {
        let Some(properties) = from.get("properties").and_then(Value::as_object) else { return };
        let converted: Map<_, _> =
            properties.iter().map(|(name, it)| (name.clone(), self.convert(it, depth - 1))).collect();
        let required = from.get("required").and_then(Value::as_array).into_iter().flatten();
        let required: Vec<_> =
            required.filter(|it| it.as_str().is_some_and(|it| converted.contains_key(it))).cloned().collect();
        if !required.is_empty() {
            to.insert("required".into(), required.into());
        }
        if !converted.is_empty() {
            to.insert("properties".into(), converted.into());
        }
    }
}

fn anything() -> Value {
    json!({ "type": "string" })
}

/// The one alternative that is left, under the words of what offered it.
fn only(mut words: Map<String, Value>, alternative: Value) -> Value {
    if let Value::Object(alternative) = alternative {
        for (key, value) in alternative {
            words.entry(key).or_insert(value);
        }
    }
    words.into()
}

fn all_of(from: &Map<String, Value>) -> impl Iterator<Item = &Map<String, Value>> {
    from.get("allOf").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_object)
}

/// Adds what one part of `allOf` demands.
fn merge(to: &mut Map<String, Value>, part: &Map<String, Value>) {
    for (key, value) in part {
        match (to.get_mut(key), value) {
            (Some(Value::Object(to)), Value::Object(more)) if key == "properties" => to.extend(more.clone()),
            (Some(Value::Array(to)), Value::Array(more)) if key == "required" => to.extend(more.clone()),
            (Some(_), _) => {}
            (None, value) => {
                to.insert(key.clone(), value.clone());
            }
        }
    }
}

/// The types it names, and whether null is one of them.
fn types(from: &Map<String, Value>) -> (Vec<&'static str>, bool) {
    let named: Vec<_> = match from.get("type") {
        Some(Value::String(one)) => vec![one.as_str()],
        Some(Value::Array(many)) => many.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let known = ["string", "number", "integer", "boolean", "array", "object"];
    (known.into_iter().filter(|it| named.contains(it)).collect(), named.contains(&"null"))
}

fn guess(from: &Map<String, Value>) -> &'static str {
    let sample = from.get("const").or_else(|| from.get("enum")?.get(0));
    match sample {
        Some(Value::Bool(_)) => "boolean",
        Some(Value::Number(number)) if number.is_f64() => "number",
        Some(Value::Number(_)) => "integer",
        _ if from.contains_key("properties") => "object",
        _ if from.contains_key("items") => "array",
        _ => "string",
    }
}

/// Choices are for texts alone; others are told. Bounds that exclude themselves are told as the next that does not.
fn scalar(kind: &str, from: &Map<String, Value>, to: &mut Map<String, Value>) {
    let choices: Vec<_> = match (from.get("enum"), from.get("const")) {
        (Some(Value::Array(choices)), _) => choices.iter().filter(|it| !it.is_null()).cloned().collect(),
        (_, Some(one)) => vec![one.clone()],
        _ => Vec::new(),
    };
    if kind == "string"
        && !choices.is_empty()
        && choices.iter().all(|it| it.as_str().is_some_and(|it| !it.is_empty()))
    {
        to.insert("format".into(), "enum".into());
        to.insert("enum".into(), choices.into());
    } else if !choices.is_empty() {
        let choices: Vec<_> = choices.iter().map(Value::to_string).collect();
        let about = to.get("description").and_then(Value::as_str).unwrap_or_default();
        let about = format!("{about} One of: {}.", choices.join(", "));
        to.insert("description".into(), about.trim_start().into());
    }
    if kind == "string" && from.get("format").is_some_and(|it| it == "date-time") {
        to.insert("format".into(), "date-time".into());
    }
    for (exclusive, bound, step) in [("exclusiveMinimum", "minimum", 1), ("exclusiveMaximum", "maximum", -1)]
    {
        let Some(limit) = from.get(exclusive).filter(|it| it.is_number()) else { continue };
        let limit = match limit.as_i64() {
            Some(whole) if kind == "integer" => json!(whole.saturating_add(step)),
            _ => limit.clone(),
        };
        to.entry(bound).or_insert(limit);
    }
}

/// Says more about what a reference led to.
fn describe(schema: &mut Value, about: Option<&str>) {
    if let (Value::Object(schema), Some(about)) = (schema, about) {
        schema.insert("description".into(), about.into());
    }
}
