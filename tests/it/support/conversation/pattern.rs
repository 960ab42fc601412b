//! Expected JSON with names in it.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

/// What the names stand for.
pub(crate) type Names = BTreeMap<String, Value>;

static NAME: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\{([a-z_][a-z0-9_]*)\}").unwrap());
static QUOTED: LazyLock<Regex> = LazyLock::new(|| Regex::new(r#""\{([a-z_][a-z0-9_]*)\}""#).unwrap());

/// A client's line with the known names filled in. In JSON, `{name}` can only stand in a string.
pub(crate) fn fill(line: &str, names: &Names) -> String {
    let whole = QUOTED.replace_all(line, |found: &regex::Captures<'_>| match names.get(&found[1]) {
        Some(value) => value.to_string(),
        None => found[0].to_owned(),
    });
    let inside = NAME.replace_all(&whole, |found: &regex::Captures<'_>| match names.get(&found[1]) {
        Some(value) => text(value).trim_matches('"').to_owned(),
        None => found[0].to_owned(),
    });
    inside.into_owned()
}

fn text(value: &Value) -> String {
    value.to_string()
}

/// Whether the value is what the pattern says; `Err` tells where it is not. With `subset`, objects may
/// have further keys.
pub(super) fn matches(pattern: &Value, value: &Value, subset: bool, names: &mut Names) -> Result<(), String> {
    at("", pattern, value, subset, names)
}

/// Whether the text holds what the pattern says.
pub(crate) fn holds(pattern: &str, text: &str, names: &mut Names) -> bool {
    string("", &format!("{{_}}{pattern}{{_}}"), &text.into(), names).is_ok()
}

fn at(path: &str, pattern: &Value, value: &Value, subset: bool, names: &mut Names) -> Result<(), String> {
    match (pattern, value) {
        (Value::Object(wanted), Value::Object(found)) => {
            for (key, wanted) in wanted {
                let path = format!("{path}.{key}");
                let found = found.get(key).ok_or_else(|| format!("{path} is missing"))?;
                at(&path, wanted, found, subset, names)?;
            }
            match found.keys().find(|key| !subset && !wanted.contains_key(*key)) {
                Some(key) => Err(format!("{path}.{key} was not expected")),
                None => Ok(()),
            }
        }
        (Value::Array(wanted), Value::Array(found)) => {
            if wanted.len() != found.len() {
                return Err(format!("{path} has {} elements, not {}", found.len(), wanted.len()));
            }
            for (index, (wanted, found)) in wanted.iter().zip(found).enumerate() {
                at(&format!("{path}[{index}]"), wanted, found, subset, names)?;
            }
            Ok(())
        }
        (Value::String(wanted), found) if NAME.is_match(wanted) => string(path, wanted, found, names),
        (wanted, found) if wanted == found => Ok(()),
        (wanted, found) => Err(format!("{path} is {found}, not {wanted}")),
    }
}

fn string(path: &str, wanted: &str, found: &Value, names: &mut Names) -> Result<(), String> {
    if let Some(whole) = NAME.captures(wanted).filter(|name| name[0] == *wanted) {
        return match names.get(&whole[1]) {
            _ if &whole[1] == "_" => Ok(()),
            Some(known) if known == found => Ok(()),
            Some(known) => Err(format!("{path} is {found}, not {wanted} = {known}")),
            None => {
                names.insert(whole[1].to_owned(), found.clone());
                Ok(())
            }
        };
    }
    let Value::String(found) = found else { return Err(format!("{path} is {found}, not {wanted:?}")) };
    let (regex, fresh) = regex(wanted, names);
    let Some(caught) = regex.captures(found) else {
        return Err(format!("{path} is {found:?}, not {wanted:?}"));
    };
    for name in fresh {
        names.insert(name.clone(), caught[name.as_str()].into());
    }
    Ok(())
}

/// The pattern of a string with names in it, and the names it gives a meaning to.
fn regex(wanted: &str, names: &Names) -> (Regex, Vec<String>) {
    let (mut source, mut fresh, mut end) = (String::from("(?s)^"), Vec::new(), 0);
    for found in NAME.captures_iter(wanted) {
        let whole = found.get(0).unwrap();
        source += &regex::escape(&wanted[end..whole.start()]);
        end = whole.end();
        let name = &found[1];
        match names.get(name) {
            Some(Value::String(known)) => source += &regex::escape(known),
            Some(known) => source += &regex::escape(&known.to_string()),
            None if name == "_" => source += ".*?",
            None => {
                source.extend(["(?P<", name, ">.+?)"]);
                fresh.push(name.to_owned());
            }
        }
    }
    source += &regex::escape(&wanted[end..]);
    source.push('$');
    (Regex::new(&source).unwrap(), fresh)
}
