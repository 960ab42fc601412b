//! The repository's files, and their Rust code without comments and literals.

use std::path::{Path, PathBuf};
use std::sync::{LazyLock, OnceLock};

/// Folders that are made, not written.
const MADE: [&str; 5] = [".git", "target", "node_modules", ".venv", "__pycache__"];

/// One text file.
#[derive(Debug, Clone)]
pub(super) struct Source {
    /// From the repository's root, with slashes.
    pub(super) path: String,
    pub(super) text: String,
    code: OnceLock<String>,
}

impl Source {
    pub(super) fn new(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), text: text.to_owned(), code: OnceLock::new() }
    }

    pub(super) fn is_rust(&self) -> bool {
        Path::new(&self.path).extension().is_some_and(|it| it == "rs")
    }

    /// Whether it is compiled into tests alone.
    pub(super) fn is_test(&self) -> bool {
        let inside =
            |folder: &str| self.path.starts_with(folder) || self.path.contains(&format!("/{folder}"));
        inside("tests/") || ["/tests.rs", "/contract.rs"].iter().any(|end| self.path.ends_with(end))
    }

    /// The module it is, as names from the crate's root: `src/store/mod.rs` is `[store]`.
    pub(super) fn module(&self) -> Vec<&str> {
        let path = self.path.trim_start_matches("src/").trim_end_matches(".rs");
        let mut names: Vec<_> = path.split('/').collect();
        if matches!(names.last(), Some(&"mod" | &"lib")) {
            names.pop();
        }
        names
    }

    /// The code, with every comment and the inside of every literal blanked; lines stay where they are.
    pub(super) fn code(&self) -> &str {
        self.code.get_or_init(|| self.without_words())
    }

    fn without_words(&self) -> String {
        let mut code = String::with_capacity(self.text.len());
        let mut rest = self.text.as_str();
        while let Some(first) = rest.chars().next() {
            let blank = blank_length(rest, code.chars().next_back());
            let taken = blank.unwrap_or(first.len_utf8());
            let (head, tail) = rest.split_at(taken.min(rest.len()));
            match blank {
                Some(_) => code.extend(head.chars().map(|it| if it == '\n' { it } else { ' ' })),
                None => code.push(first),
            }
            rest = tail;
        }
        code
    }
}

/// Length of the comment or literal that stands at the beginning, if one does.
fn blank_length(text: &str, before: Option<char>) -> Option<usize> {
    let in_word = before.is_some_and(|it| it.is_alphanumeric() || it == '_');
    if text.starts_with("//") {
        return Some(text.find('\n').unwrap_or(text.len()));
    }
    if text.starts_with("/*") {
        return Some(text.find("*/").map_or(text.len(), |end| end + 2));
    }
    if text.starts_with('"') {
        return Some(string_length(text));
    }
    if text.starts_with('\'') {
        return character_length(text);
    }
    let raw = text.trim_start_matches(['b', 'c']).strip_prefix('r').filter(|_| !in_word)?;
    let fence = raw.len() - raw.trim_start_matches('#').len();
    if raw[fence..].starts_with('"') {
        let opening = text.len() - raw.len() + fence + 1;
        let end = format!("\"{}", "#".repeat(fence));
        return Some(text[opening..].find(&end).map_or(text.len(), |at| opening + at + end.len()));
    }
    None
}

fn string_length(text: &str) -> usize {
    let mut escaped = false;
    for (at, it) in text.char_indices().skip(1) {
        match it {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// Length of a character in quotes; a lifetime is none.
fn character_length(text: &str) -> Option<usize> {
    let inside = text.get(1..)?;
    let width = inside.chars().next()?.len_utf8();
    if inside.starts_with('\\') {
        return Some(1 + 2 + text.get(3..)?.find('\'')? + 1);
    }
    inside[width..].starts_with('\'').then_some(width + 2)
}

pub(super) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every text file that is written by people, in the order of paths.
pub(super) fn repository() -> &'static [Source] {
    static ALL: LazyLock<Vec<Source>> = LazyLock::new(|| {
        let mut files = Vec::new();
        walk(root(), &mut files);
        files.sort();
        let read = |path: &PathBuf| {
            let text = String::from_utf8(std::fs::read(path).unwrap()).ok()?;
            Some(Source::new(path.strip_prefix(root()).unwrap().to_str().unwrap(), &text))
        };
        files.iter().filter_map(read).collect()
    });
    &ALL
}

/// Every Rust file.
pub(super) fn rust() -> &'static [Source] {
    static RUST: LazyLock<Vec<Source>> = LazyLock::new(|| {
        let rust: Vec<_> = repository().iter().filter(|it| it.is_rust()).cloned().collect();
        for source in &rust {
            source.code();
        }
        rust
    });
    &RUST
}

/// The Rust files under `src`.
pub(super) fn library() -> &'static [Source] {
    static LIBRARY: LazyLock<Vec<Source>> =
        LazyLock::new(|| rust().iter().filter(|it| it.path.starts_with("src/")).cloned().collect());
    &LIBRARY
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name();
        if MADE.iter().any(|made| name == *made) {
            continue;
        }
        match entry.file_type().unwrap() {
            kind if kind.is_dir() => walk(&entry.path(), files),
            kind if kind.is_file() => files.push(entry.path()),
            _ => {}
        }
    }
}

#[test]
fn comments_and_literals_are_no_code() {
    let text =
        "a // b {\n/* c\n{ */ d \"e\\\" {\" f r#\"g \" {\"# 'h' b\"{\" br\"{\" forr \"{\" '{' '\\'' &'i j";
    let source = Source::new("x.rs", text);
    let code = source.code();
    assert_eq!(code.lines().count(), text.lines().count());
    assert_eq!(code.split_whitespace().collect::<Vec<_>>().join(" "), "a d f b forr &'i j");
}
