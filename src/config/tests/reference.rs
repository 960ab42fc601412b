//! The schema and the README's tables are made from the raw structs.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value};

use crate::config::raw::Raw;

const MARKS: [&str; 2] = ["<!-- configuration reference, made from schema/config.json -->", "<!-- end -->"];

fn root(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn schema() -> Value {
    let schema = SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<Raw>();
    let mut schema = schema.to_value();
    tidy(&mut schema);
    schema
}

/// Takes away what says nothing to a person who writes the file: `null`, which TOML has not, the widths of numbers and
/// empty defaults.
fn tidy(value: &mut Value) {
    match value {
        Value::Object(object) => {
            if let Some(Value::Array(types)) = object.get_mut("type") {
                types.retain(|it| it != "null");
                if let [only] = &types[..] {
                    let only = only.clone();
                    object.insert("type".into(), only);
                }
            }
            if let Some(Value::Array(choices)) = object.get_mut("anyOf") {
                choices.retain(|it| it["type"] != "null");
                if let [Value::Object(only)] = &choices[..] {
                    let only = only.clone();
                    object.remove("anyOf");
                    object.extend(only);
                }
            }
            object.remove("format");
            if let Some(Value::String(text)) = object.get_mut("description") {
                *text = text.replace('\n', " ");
            }
            let empty = |it: &Value| it.is_null() || *it == Value::Array(Vec::new()) || it.is_object();
            if object.get("default").is_some_and(empty) {
                object.remove("default");
            }
            object.values_mut().for_each(tidy);
        }
        Value::Array(items) => items.iter_mut().for_each(tidy),
        _ => {}
    }
}

/// A table for each section, in the order of the schema's words.
fn reference(schema: &Value) -> String {
    let mut out = String::new();
    let top = schema["properties"].as_object().unwrap();
    let is_section = |it: &Value| target(schema, it).is_some();
    let plain: Map<_, _> =
        top.iter().filter(|(_, it)| !is_section(it)).map(|(k, v)| (k.clone(), v.clone())).collect();
    table(schema, &plain, &mut out);
    for (key, property) in top.iter().filter(|(_, it)| is_section(it)) {
        section(schema, key, property, &mut out);
    }
    out
}

fn section(schema: &Value, key: &str, property: &Value, out: &mut String) {
    let (title, struct_of) = target(schema, property).unwrap();
    let title = if title { format!("{key}.NAME") } else { key.to_owned() };
    let parts = struct_of["properties"].as_object().unwrap();
    let (below, plain): (Vec<_>, Vec<_>) =
        parts.iter().partition(|(name, it)| is_own_section(schema, name, it));
    let _written = writeln!(out, "\n**`[{title}]`** {}\n", text(property));
    let plain: Map<_, _> = plain.into_iter().map(|(k, v)| (k.clone(), v.clone())).collect();
    if plain.is_empty() {
        // The parts are alike: one table says what is in each.
        let spans: Vec<_> = below.iter().map(|(name, it)| format!("`[{key}.{name}]` {}", text(it))).collect();
        let _written = writeln!(out, "{}\n", spans.join(" "));
        let (_, first) = target(schema, below[0].1).unwrap();
        table(schema, first["properties"].as_object().unwrap(), out);
        return;
    }
    table(schema, &plain, out);
    for (name, it) in below {
        section(schema, &format!("{title}.{name}"), it, out);
    }
}

/// Tables that are described elsewhere already stay a row.
fn is_own_section(schema: &Value, name: &str, property: &Value) -> bool {
    name != "permission" && target(schema, property).is_some()
}

/// The struct that a property is, or that each of its named parts is.
fn target<'a>(schema: &'a Value, property: &'a Value) -> Option<(bool, &'a Value)> {
    let (named, reference) = match property["additionalProperties"]["$ref"].as_str() {
        Some(reference) => (true, reference),
        None => (false, property["$ref"].as_str()?),
    };
    let found = &schema["$defs"][reference.rsplit('/').next()?];
    found["properties"].is_object().then_some((named, found))
}

fn table(schema: &Value, properties: &Map<String, Value>, out: &mut String) {
    *out += "| key | value | |\n|---|---|---|\n";
    for (key, property) in properties {
        let mut text = text(property);
        if let Some(default) = property.get("default") {
            let _written = write!(text, " Usual: `{}`.", default.to_string().trim_matches('"'));
        }
        let _written = writeln!(out, "| `{key}` | {} | {text} |", kind(schema, property));
    }
}

fn text(property: &Value) -> String {
    property["description"].as_str().unwrap_or_default().to_owned()
}

fn kind(schema: &Value, property: &Value) -> String {
    let words = |values: Vec<&str>| values.iter().map(|it| format!("`{it}`")).collect::<Vec<_>>().join(", ");
    let named = property["$ref"].as_str().map(|it| &schema["$defs"][it.rsplit('/').next().unwrap()]);
    let chosen = named.unwrap_or(property);
    if let Some(values) = chosen["enum"].as_array() {
        return words(values.iter().filter_map(Value::as_str).collect());
    }
    if let Some(values) = chosen["oneOf"].as_array() {
        return words(values.iter().filter_map(|it| it["const"].as_str()).collect());
    }
    match chosen["type"].as_str().unwrap_or_default() {
        "string" => "text",
        "integer" => "number",
        "number" => "number",
        "boolean" => "`true`, `false`",
        "array" if chosen["items"]["type"] == "number" => "4 numbers",
        "array" => "list of texts",
        "object" if named.is_some() => "as `[permission]`",
        _ => "table of texts",
    }
    .to_owned()
}

#[test]
fn the_kept_schema_is_what_is_read() {
    let path = root("schema/config.json");
    let made = serde_json::to_string_pretty(&schema()).unwrap() + "\n";
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &made).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap();
    assert_eq!(kept, made, "{}: write it anew with UPDATE=1", path.display());
}

#[test]
fn the_tables_of_the_readme_are_what_the_schema_says() {
    let path = root("README.md");
    let text = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = text.split_once(MARKS[0]).unwrap();
    let (kept, after) = rest.split_once(MARKS[1]).unwrap();
    let made = format!("\n\n{}\n", reference(&schema()));
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, format!("{before}{}{made}{}{after}", MARKS[0], MARKS[1])).unwrap();
        return;
    }
    assert_eq!(kept, made, "{}: write it anew with UPDATE=1", path.display());
}

#[test]
fn every_key_is_described() {
    fn check(value: &Value, path: &str) {
        for (key, property) in value["properties"].as_object().into_iter().flatten() {
            let is_described = property["description"].as_str().is_some_and(|text| !text.is_empty());
            assert!(is_described, "{path}.{key}");
        }
    }
    let schema = schema();
    check(&schema, "");
    for (name, found) in schema["$defs"].as_object().unwrap() {
        check(found, name);
    }
}
