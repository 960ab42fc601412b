use jsonc_parser::ast;
use jsonc_parser::common::Ranged;
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};

use super::{DEEPEST, Lines, Malformed, Node, Source, Table, Value};

/// Reads JSON with comments and trailing commas. A `null` is as if it were not there.
pub(in crate::config) fn json(text: &str, source: &Source) -> Result<Node, Malformed> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let lines = Lines::new(source, text);
    let options = ParseOptions { allow_missing_commas: false, ..ParseOptions::default() };
    let parsed = parse_to_ast(text, &CollectOptions::default(), &options)
        .map_err(|e| Malformed { place: lines.place(e.range().start), reason: e.kind().to_string() })?;
    let node = parsed.value.and_then(|value| node(&value, &lines, 0));
    Ok(node.unwrap_or_else(|| Node::table(&source.whole())))
}

fn node(value: &ast::Value<'_>, lines: &Lines<'_>, depth: usize) -> Option<Node> {
    if depth > DEEPEST {
        return None;
    }
    let place = lines.place(value.range().start);
    let value = match value {
        ast::Value::StringLit(text) => Value::Text(text.value.clone().into_owned()),
        ast::Value::NumberLit(number) => match (number.value.parse(), number.value.parse()) {
            (Ok(integer), _) => Value::Integer(integer),
            (_, Ok(float)) => Value::Float(float),
            _ => Value::Text(number.value.to_owned()),
        },
        ast::Value::BooleanLit(truth) => Value::Truth(truth.value),
        ast::Value::NullKeyword(_) => return None,
        ast::Value::Array(items) => {
            Value::List(items.elements.iter().filter_map(|item| node(item, lines, depth + 1)).collect())
        }
        ast::Value::Object(object) => {
            let parts = object.properties.iter().filter_map(|property| {
                let mut part = node(&property.value, lines, depth + 1)?;
                part.place = lines.place(property.range().start);
                Some((property.name.as_str().to_owned(), part))
            });
            Value::Table(parts.collect::<Table>())
        }
    };
    Some(Node { value, place })
}
