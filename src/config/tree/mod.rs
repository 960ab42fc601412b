//! What was written, whatever the file's language: a tree whose every part knows its file and line. Layers are merged
//! on it, and the raw structs are read from it.

mod de;
mod front_matter;
mod json;
mod merge;
mod toml;

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub(super) use de::read;
pub(super) use front_matter::front_matter;
pub(super) use json::json;
pub(super) use toml::toml;

/// Nesting of a tree; deeper parts are a mistake, or an attack.
const DEEPEST: usize = 64;

/// A part of the tree.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Node {
    pub(super) value: Value,
    pub(super) place: Place,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Truth(bool),
    Integer(i64),
    Float(f64),
    Text(String),
    List(Vec<Node>),
    Table(Table),
}

pub(super) type Table = BTreeMap<String, Node>;

/// Where something was written.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) source: Source,
    /// From 1; 0: not known.
    pub(super) line: usize,
    /// In bytes: the order of what stands on one line.
    column: usize,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Source {
    BuiltIn,
    File(Arc<Path>),
    /// An environment variable.
    Variable(&'static str),
    /// An option of the command line.
    Flag(&'static str),
}

/// A text that cannot be read as a tree.
#[derive(Debug)]
pub(super) struct Malformed {
    pub(super) place: Place,
    pub(super) reason: String,
}

impl Source {
    pub(super) fn file(path: &Path) -> Self {
        Self::File(path.into())
    }

    /// The place without a line.
    pub(super) fn whole(&self) -> Place {
        Place { source: self.clone(), line: 0, column: 0 }
    }
}

impl Place {
    pub(super) fn file(&self) -> Option<&Path> {
        match &self.source {
            Source::File(path) => Some(path),
            _ => None,
        }
    }

    /// The file as an owned path, for settings that say who set them.
    pub(super) fn path(&self) -> PathBuf {
        self.file().map(Path::to_owned).unwrap_or_default()
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.source {
            Source::BuiltIn => f.write_str("built in"),
            Source::File(path) if self.line == 0 => write!(f, "{}", path.display()),
            Source::File(path) => write!(f, "{}:{}", path.display(), self.line),
            Source::Variable(name) => write!(f, "variable {name}"),
            Source::Flag(name) => write!(f, "option {name}"),
        }
    }
}

impl Node {
    pub(super) fn new(value: Value, place: &Place) -> Self {
        Self { value, place: place.clone() }
    }

    pub(super) fn text(text: impl Into<String>, place: &Place) -> Self {
        Self::new(Value::Text(text.into()), place)
    }

    pub(super) fn table(place: &Place) -> Self {
        Self::new(Value::Table(Table::new()), place)
    }

    pub(super) fn as_text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn as_truth(&self) -> Option<bool> {
        match self.value {
            Value::Truth(truth) => Some(truth),
            _ => None,
        }
    }

    pub(super) fn as_table(&self) -> Option<&Table> {
        match &self.value {
            Value::Table(table) => Some(table),
            _ => None,
        }
    }

    pub(super) fn as_list(&self) -> Option<&[Self]> {
        match &self.value {
            Value::List(list) => Some(list),
            _ => None,
        }
    }

    /// Part of a table.
    pub(super) fn part(&self, key: &str) -> Option<&Self> {
        self.as_table()?.get(key)
    }

    pub(super) fn take(&mut self, key: &str) -> Option<Self> {
        match &mut self.value {
            Value::Table(table) => table.remove(key),
            _ => None,
        }
    }

    /// Puts a part into a table; anything else stays as it is.
    pub(super) fn put(&mut self, key: &str, part: Self) {
        if let Value::Table(table) = &mut self.value {
            table.insert(key.to_owned(), part);
        }
    }

    /// Parts of a table in the order in which they were written; none of anything else.
    pub(super) fn written(&self) -> Vec<(&str, &Self)> {
        let parts = self.as_table().into_iter().flatten();
        let mut parts: Vec<_> = parts.map(|(key, part)| (key.as_str(), part)).collect();
        parts.sort_by_key(|(_, part)| (part.place.line, part.place.column));
        parts
    }

    /// What kind of value it is, for people.
    pub(super) const fn kind(&self) -> &'static str {
        match self.value {
            Value::Truth(_) => "true or false",
            Value::Integer(_) => "a whole number",
            Value::Float(_) => "a number",
            Value::Text(_) => "a text",
            Value::List(_) => "a list",
            Value::Table(_) => "a table",
        }
    }
}

/// Line and column of places in one text, asked for in any order.
struct Lines<'a> {
    source: &'a Source,
    /// Where each line begins.
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    fn new(source: &'a Source, text: &str) -> Self {
        let breaks = memchr::memchr_iter(b'\n', text.as_bytes()).map(|at| at + 1);
        Self { source, starts: std::iter::once(0).chain(breaks).collect() }
    }

    fn place(&self, at: usize) -> Place {
        let line = self.starts.partition_point(|start| *start <= at);
        let column = at - self.starts.get(line.saturating_sub(1)).copied().unwrap_or(0);
        Place { source: self.source.clone(), line, column }
    }
}
