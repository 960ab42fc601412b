use std::borrow::Cow;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{Lines, Malformed, Node, Source, Value};

/// Reads TOML.
pub(in crate::config) fn toml(text: &str, source: &Source) -> Result<Node, Malformed> {
    let lines = Lines::new(source, text);
    let table = DeTable::parse(text).map_err(|e| Malformed {
        place: e.span().map_or_else(|| source.whole(), |span| lines.place(span.start)),
        reason: e.message().trim_end().to_owned(),
    })?;
    let start = table.span().start;
    let table = table.into_inner();
    let value =
        value(DeValue::Table(table), &lines).map_err(|reason| Malformed { place: source.whole(), reason })?;
    Ok(Node { value, place: lines.place(start) })
}

fn node(item: Spanned<DeValue<'_>>, lines: &Lines<'_>) -> Result<Node, String> {
    let place = lines.place(item.span().start);
    Ok(Node { value: value(item.into_inner(), lines)?, place })
}

fn value(value: DeValue<'_>, lines: &Lines<'_>) -> Result<Value, String> {
    Ok(match value {
        DeValue::String(text) => Value::Text(Cow::into_owned(text)),
        DeValue::Integer(number) => {
            let read = i64::from_str_radix(number.as_str(), number.radix());
            Value::Integer(read.map_err(|_| format!("the number {number} is too large"))?)
        }
        DeValue::Float(number) => {
            Value::Float(number.as_str().parse().map_err(|_| format!("{number} is no number"))?)
        }
        DeValue::Boolean(truth) => Value::Truth(truth),
        DeValue::Datetime(time) => Value::Text(time.to_string()),
        DeValue::Array(items) => {
            Value::List(items.into_iter().map(|item| node(item, lines)).collect::<Result<_, _>>()?)
        }
        DeValue::Table(parts) => {
            let parts = parts.into_iter().map(|(key, part)| {
                let at = key.span().start;
                let mut part = node(part, lines)?;
                part.place = lines.place(at);
                Ok((key.into_inner().into_owned(), part))
            });
            Value::Table(parts.collect::<Result<_, String>>()?)
        }
    })
}
