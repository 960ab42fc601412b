//! Expected lines written anew from what was said.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

use super::pattern::{Names, matches};

static IDENTIFIER: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}").unwrap());
static TIME: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z$").unwrap());

/// The line as a pattern: names where the old pattern had them, and for everything that is another in
/// every run.
pub(super) fn learn(said: &Value, old: Option<&Value>, names: &mut Names) -> Value {
    if let Some(old @ Value::String(text)) = old
        && text.contains('{')
        && matches(old, said, false, names).is_ok()
    {
        return old.clone();
    }
    match said {
        Value::Object(said) => {
            let learn = |(key, said): (&String, &Value)| {
                let pattern = match key.as_str() {
                    "elapsed_ms" => "{_}".into(),
                    _ => learn(said, old.and_then(|old| old.get(key)), names),
                };
                (key.clone(), pattern)
            };
            Value::Object(said.iter().map(learn).collect())
        }
        Value::Array(said) => {
            let learn = |(index, said)| learn(said, old.and_then(|old| old.get(index)), names);
            said.iter().enumerate().map(learn).collect()
        }
        Value::String(said) => Value::String(string(said, names)),
        other => other.clone(),
    }
}

fn string(said: &str, names: &mut Names) -> String {
    if TIME.is_match(said) {
        return "{_}".to_owned();
    }
    let mut pattern = said.to_owned();
    for found in IDENTIFIER.find_iter(said) {
        let known = names.values().any(|value| value.as_str() == Some(found.as_str()));
        if !known {
            let name =
                (1..10_000).map(|at| format!("id{at}")).find(|name| !names.contains_key(name)).unwrap();
            names.insert(name, found.as_str().into());
        }
    }
    let mut known: Vec<_> = names.iter().filter_map(|(name, value)| Some((name, value.as_str()?))).collect();
    known.sort_by_key(|(_, value)| std::cmp::Reverse(value.len()));
    for (name, value) in known.into_iter().filter(|(_, value)| value.len() > 6) {
        pattern = pattern.replace(value, &format!("{{{name}}}"));
    }
    pattern
}
