//! `{env:X}`, `{env:X:-default}` and `{file:path}` in values.

use super::{Reading, fault};
use crate::config::secret::Secret;
use crate::config::tree::Node;

/// What a text takes from elsewhere.
#[derive(Debug, PartialEq, Eq)]
enum Part<'a> {
    Plain(&'a str),
    /// Its name, and what stands for it where it is not set.
    Variable(&'a str, Option<&'a str>),
    File(&'a str),
}

impl Reading<'_> {
    /// A value of `key` with what it takes from variables and files.
    pub(super) fn secret(&self, written: &str, node: &Node, key: &str) -> Result<Secret, String> {
        let parts = parts(written);
        if let [] | [Part::Plain(_)] = parts[..] {
            return Ok(Secret::new(written));
        }
        let mut text = String::new();
        for part in parts {
            match part {
                Part::Plain(plain) => text += plain,
                Part::Variable(name, default) => {
                    text +=
                        self.environment.value(name).or(default).ok_or_else(|| {
                            fault(&node.place, key, &format!("the variable {name} is not set"))
                        })?;
                }
                Part::File(path) => {
                    let read = self.file(path.trim(), &node.place);
                    text += read.map_err(|reason| fault(&node.place, key, &reason))?.trim();
                }
            }
        }
        Ok(Secret::read(&text, written))
    }

    /// A list of words: all, or what is wrong with one.
    pub(super) fn words(&self, words: &[String], entry: &Node, key: &str) -> Result<Vec<Secret>, String> {
        let nodes = entry.part("args").and_then(Node::as_list).unwrap_or_default();
        let places = nodes.iter().chain(std::iter::repeat(entry));
        let words = words.iter().zip(places).enumerate();
        words.map(|(at, (word, node))| self.secret(word, node, &format!("{key}.args.{}", at + 1))).collect()
    }

    /// Values by name, such as headers: all, or what is wrong with one.
    pub(super) fn secrets(
        &self,
        entry: &Node,
        table: &str,
        key: &str,
    ) -> Result<Vec<(String, Secret)>, String> {
        let parts = entry.part(table).map(Node::written).unwrap_or_default();
        let values = parts.into_iter().filter_map(|(name, node)| Some((name, node, node.as_text()?)));
        values
            .map(|(name, node, text)| {
                let secret = self.secret(text, node, &format!("{key}.{table}.{name}"))?;
                Ok((name.to_owned(), secret))
            })
            .collect()
    }
}

/// The variable that a text consists of, without a default.
pub(super) fn variable(text: &str) -> Option<&str> {
    match parts(text)[..] {
        [Part::Variable(name, None)] => Some(name),
        _ => None,
    }
}

/// Whether nothing of a text is written in it: it takes all from variables and files.
pub(in crate::config) fn is_taken(text: &str) -> bool {
    let parts = parts(text);
    !parts.is_empty() && !parts.iter().any(|part| matches!(part, Part::Plain(_) | Part::Variable(_, Some(_))))
}

/// The variables and files that a text takes from, in its order.
pub(in crate::config) fn sources(text: &str) -> Vec<String> {
    let source = |part: Part<'_>| match part {
        Part::Plain(_) => None,
        Part::Variable(name, _) => Some(name.to_owned()),
        Part::File(path) => Some(format!("the file {}", path.trim())),
    };
    parts(text).into_iter().filter_map(source).collect()
}

fn parts(text: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let mut rest = text;
    let mut at = 0;
    while let Some(begin) = rest[at..].find('{').map(|begin| at + begin) {
        let inner = &rest[begin + 1..];
        let taken = inner.split_once('}').and_then(|(inner, _)| match inner.split_once(':')? {
            ("env", name) => {
                let (name, default) =
                    name.split_once(":-").map_or((name, None), |(name, default)| (name, Some(default)));
                Some((Part::Variable(name.trim(), default), inner.len()))
            }
            ("file", path) => Some((Part::File(path), inner.len())),
            _ => None,
        });
        let Some((part, length)) = taken else {
            at = begin + 1;
            continue;
        };
        parts.extend((begin > 0).then(|| Part::Plain(&rest[..begin])));
        parts.push(part);
        rest = &rest[begin + length + 2..];
        at = 0;
    }
    parts.extend((!rest.is_empty()).then_some(Part::Plain(rest)));
    parts
}
