//! Reading structs from a tree, with errors that say where, and what was meant.

use std::fmt;

use serde::de::value::StrDeserializer;
use serde::de::{self, DeserializeSeed, Deserializer, Expected, MapAccess, SeqAccess, Unexpected, Visitor};
use serde::{Deserialize, forward_to_deserialize_any};

use super::{Node, Place, Value};

/// Why a tree is not what was expected.
#[derive(Debug)]
pub(in crate::config) struct Fault {
    message: String,
    /// From the innermost key outwards.
    keys: Vec<String>,
    place: Option<Place>,
}

/// Reads a struct from a tree that stands at `key`, a dotted path, empty for the whole.
pub(in crate::config) fn read<'de, T: Deserialize<'de>>(node: &'de Node, key: &str) -> Result<T, String> {
    T::deserialize(node).map_err(|mut fault: Fault| {
        let place = fault.place.as_ref().unwrap_or(&node.place).clone();
        fault.keys.extend((!key.is_empty()).then(|| key.to_owned()));
        fault.keys.reverse();
        let path = fault.keys.join(".");
        let colon = if path.is_empty() { "" } else { ": " };
        format!("{place}: {path}{colon}{}", fault.message)
    })
}

impl Fault {
    fn within(mut self, key: &str, place: &Place) -> Self {
        self.keys.push(key.to_owned());
        self.place.get_or_insert_with(|| place.clone());
        self
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Fault {}

impl de::Error for Fault {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self { message: message.to_string(), keys: Vec::new(), place: None }
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::custom(format!("expected {expected}, found {}", kind(&found)))
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::custom(format!("expected {expected}, found another {}", kind(&found).trim_start_matches("a ")))
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        Self::custom(match nearest(field, expected) {
            Some(near) => format!("unknown key {field:?}: did you mean {near:?}?"),
            None => format!("unknown key {field:?}: known here are {}", expected.join(", ")),
        })
    }

    fn unknown_variant(found: &str, expected: &'static [&'static str]) -> Self {
        Self::custom(match nearest(found, expected) {
            Some(near) => format!("unknown {found:?}: did you mean {near:?}?"),
            None => format!("unknown {found:?}: write {}", expected.join(", ")),
        })
    }
}

/// What was found: never its value, which may be a secret in the wrong place.
fn kind(found: &Unexpected<'_>) -> &'static str {
    match found {
        Unexpected::Bool(_) => "true or false",
        Unexpected::Unsigned(_) | Unexpected::Signed(_) => "a whole number",
        Unexpected::Float(_) => "a number",
        Unexpected::Char(_) | Unexpected::Str(_) => "a text",
        Unexpected::Seq => "a list",
        Unexpected::Map => "a table",
        _ => "something else",
    }
}

/// The known word that is closest to what was written, if it is close.
fn nearest(written: &str, known: &[&'static str]) -> Option<&'static str> {
    if written.len() > 64 {
        return None;
    }
    let far = |word: &str| (distance(written, word), word.len().abs_diff(written.len()));
    let (near, word) = known.iter().map(|word| (far(word), *word)).min()?;
    (near.0 <= 2.min(word.len() / 2)).then_some(word)
}

/// Letters to change, add, take away, or exchange with their neighbour.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows = vec![vec![0; b.len() + 1]; a.len() + 1];
    for i in 0..=a.len() {
        for j in 0..=b.len() {
            rows[i][j] = match (i, j) {
                (0, _) | (_, 0) => i + j,
                _ => {
                    let changed = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
                    let exchanged = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
                    let exchanged = if exchanged { rows[i - 2][j - 2] + 1 } else { usize::MAX };
                    changed.min(exchanged).min(rows[i - 1][j] + 1).min(rows[i][j - 1] + 1)
                }
            };
        }
    }
    rows[a.len()][b.len()]
}

impl<'de> Deserializer<'de> for &'de Node {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match &self.value {
            Value::Truth(truth) => visitor.visit_bool(*truth),
            Value::Integer(number) => visitor.visit_i64(*number),
            Value::Float(number) => visitor.visit_f64(*number),
            Value::Text(text) => visitor.visit_borrowed_str(text),
            Value::List(items) => visitor.visit_seq(Items { items: items.iter(), at: 0 }),
            Value::Table(parts) => visitor.visit_map(Parts { parts: parts.iter(), part: None }),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        match &self.value {
            Value::Text(text) => visitor.visit_enum(StrDeserializer::new(text)),
            _ => Err(de::Error::custom(format!("expected a text, found {}", self.kind()))),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map struct identifier ignored_any
    }
}

struct Items<'de> {
    items: std::slice::Iter<'de, Node>,
    at: usize,
}

impl<'de> SeqAccess<'de> for Items<'de> {
    type Error = Fault;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Fault> {
        let Some(item) = self.items.next() else { return Ok(None) };
        self.at += 1;
        seed.deserialize(item).map(Some).map_err(|fault| fault.within(&self.at.to_string(), &item.place))
    }
}

struct Parts<'de> {
    parts: std::collections::btree_map::Iter<'de, String, Node>,
    part: Option<(&'de str, &'de Node)>,
}

impl<'de> MapAccess<'de> for Parts<'de> {
    type Error = Fault;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Fault> {
        self.part = self.parts.next().map(|(key, part)| (key.as_str(), part));
        let Some((key, part)) = self.part else { return Ok(None) };
        let read = seed.deserialize(StrDeserializer::<Fault>::new(key));
        read.map(Some).map_err(|mut fault| {
            fault.place = Some(part.place.clone());
            fault
        })
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Fault> {
        let Some((key, part)) = self.part.take() else {
            return Err(de::Error::custom("a value without a key"));
        };
        seed.deserialize(part).map_err(|fault| fault.within(key, &part.place))
    }
}
