//! A summary of the project, put together from its listing, README and manifests.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::report::{self, Report};
use super::result;
use super::step::{Call, Next, Step};
use super::turn::Round;

/// Languages by file extension.
const LANGUAGES: &[(&str, &str)] = &[
    ("rs", "Rust"),
    ("py", "Python"),
    ("ts", "TypeScript"),
    ("tsx", "TypeScript"),
    ("js", "JavaScript"),
    ("jsx", "JavaScript"),
    ("go", "Go"),
    ("java", "Java"),
    ("kt", "Kotlin"),
    ("swift", "Swift"),
    ("c", "C"),
    ("h", "C"),
    ("cpp", "C++"),
    ("cs", "C#"),
    ("rb", "Ruby"),
    ("php", "PHP"),
    ("sh", "Shell"),
    ("sql", "SQL"),
    ("html", "HTML"),
    ("css", "CSS"),
    ("md", "Markdown"),
];

/// Files that introduce a project; the first of each kind that is there is read.
const READMES: &[&str] = &["README.md", "README", "README.rst", "README.txt", "readme.md"];
const MANIFESTS: &[&str] = &["Cargo.toml", "package.json", "pyproject.toml", "go.mod"];

/// Lines of the README that are read.
const README_LINES: u32 = 40;

/// First the listing and the source files, then what the listing shows to be there.
pub(super) fn next(rounds: &[Round<'_>]) -> Next {
    let Some(first) = rounds.first() else { return Next::Calls(survey()) };
    let Some(listing) = first.first().filter(|listing| !listing.failed) else {
        return Next::Done(report::failure(&Step::Summary, first.first().map_or("", |listing| listing.text)));
    };
    let documents = documents(&result::names(listing.text));
    match rounds.get(1) {
        None if !documents.is_empty() => Next::Calls(documents.iter().map(|name| read(name)).collect()),
        read => {
            let texts = read.map_or(&[][..], Vec::as_slice);
            let texts: Vec<(&str, String)> = documents
                .iter()
                .zip(texts)
                .filter(|(_, outcome)| !outcome.failed)
                .map(|(name, outcome)| (*name, result::plain(outcome.text)))
                .collect();
            let sources = first.get(1).filter(|sources| !sources.failed).map_or("", |sources| sources.text);
            Next::Done(compose(listing.text, sources, &texts))
        }
    }
}

fn survey() -> Vec<Call> {
    let extensions: Vec<&str> = LANGUAGES.iter().map(|(extension, _)| *extension).collect();
    vec![
        Call::new("list", json!({})),
        Call::new("glob", json!({ "pattern": format!("**/*.{{{}}}", extensions.join(",")) })),
    ]
}

/// The README and the manifests among the names of a listing.
fn documents(names: &[&str]) -> Vec<&'static str> {
    let readme = READMES.iter().find(|name| names.contains(name));
    readme.into_iter().chain(MANIFESTS.iter().filter(|name| names.contains(name))).copied().collect()
}

fn read(name: &str) -> Call {
    let limit = READMES.contains(&name).then_some(README_LINES);
    Call::new("read", json!({ "path": name, "limit": limit }))
}

fn compose(listing: &str, sources: &str, texts: &[(&str, String)]) -> Report {
    let mut out = vec!["What the files of the project say:".to_owned()];
    for (name, text) in texts {
        let line = match *name {
            "Cargo.toml" | "pyproject.toml" => toml(text),
            "package.json" => package(text),
            "go.mod" => {
                text.lines().find(|line| line.starts_with("module ")).map(|line| format!("`{}`", line.trim()))
            }
            _ => opening(text),
        };
        if let Some(line) = line {
            out.push(format!("- {name}: {line}"));
        }
    }
    out.extend(languages(sources));
    let top: Vec<&str> =
        listing.lines().map(str::trim).filter(|line| !line.is_empty() && !result::is_note(line)).collect();
    if !top.is_empty() {
        out.push(format!("- Top level: {} entries:\n{}", top.len(), report::fenced(&top.join("\n"))));
    }
    out.push("This is put together from the files alone; a language model could say more.".to_owned());
    Report::done(out.join("\n"))
}

/// The title and the first paragraph of a README.
fn opening(text: &str) -> Option<String> {
    let mut title = None;
    let mut paragraph: Vec<&str> = Vec::new();
    for line in text.lines().map(str::trim) {
        let decoration = ["<", "[!", "![", "---", "===", "```"].iter().any(|mark| line.starts_with(mark));
        if let Some(heading) = line.strip_prefix('#') {
            if title.is_some() || !paragraph.is_empty() {
                break;
            }
            title = Some(heading.trim_start_matches('#').trim());
        } else if line.is_empty() && !paragraph.is_empty() {
            break;
        } else if !line.is_empty() && !decoration {
            paragraph.push(line);
        }
    }
    let paragraph: String = paragraph.join(" ").chars().take(600).collect();
    match (title, paragraph.is_empty()) {
        (None, true) => None,
        (Some(title), true) => Some(title.to_owned()),
        (None, false) => Some(paragraph),
        (Some(title), false) => Some(format!("{title} — {paragraph}")),
    }
}

/// Name, version, description and number of dependencies of a TOML manifest, read line by line because the
/// text may be cut.
fn toml(text: &str) -> Option<String> {
    let mut facts: BTreeMap<&str, &str> = BTreeMap::new();
    let mut dependencies = 0;
    let mut section = "";
    for line in text.lines().map(str::trim) {
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            section = name;
        } else if let Some((key, value)) = line.split_once('=').filter(|_| !line.starts_with('#')) {
            let key = key.trim();
            match section {
                "package" | "project" | "workspace.package" | "tool.poetry" => {
                    facts.entry(key).or_insert(value.trim().trim_matches('"'));
                }
                "dependencies" | "workspace.dependencies" | "tool.poetry.dependencies" => dependencies += 1,
                _ => {}
            }
        }
    }
    let facts = ["name", "version", "description"].map(|key| facts.get(key).copied());
    describe(facts, dependencies, &[])
}

fn package(text: &str) -> Option<String> {
    let manifest: Value = serde_json::from_str(text).ok()?;
    let facts = ["name", "version", "description"].map(|key| manifest.get(key).and_then(Value::as_str));
    let count = |key| manifest.get(key).and_then(Value::as_object).map_or(0, serde_json::Map::len);
    let scripts: Vec<&str> = manifest
        .get("scripts")
        .and_then(Value::as_object)
        .map_or(vec![], |scripts| scripts.keys().map(String::as_str).collect());
    describe(facts, count("dependencies"), &scripts)
}

fn describe(
    [name, version, about]: [Option<&str>; 3],
    dependencies: usize,
    scripts: &[&str],
) -> Option<String> {
    let mut parts: Vec<String> = Vec::new();
    parts.extend(name.map(|name| {
        format!("`{name}`{}", version.map_or_else(String::new, |version| format!(" {version}")))
    }));
    parts.extend(about.map(str::to_owned));
    match dependencies {
        0 => {}
        1 => parts.push("1 dependency".to_owned()),
        _ => parts.push(format!("{dependencies} dependencies")),
    }
    if !scripts.is_empty() {
        parts.push(format!("scripts {}", scripts.join(", ")));
    }
    (!parts.is_empty()).then(|| parts.join("; "))
}

/// How many files there are of each language.
fn languages(sources: &str) -> Option<String> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for path in result::paths(sources) {
        let extension = path.rsplit_once('.').map_or("", |(_, extension)| extension);
        if let Some((_, language)) = LANGUAGES.iter().find(|(known, _)| *known == extension) {
            *counts.entry(language).or_default() += 1;
        }
    }
    let mut counts: Vec<(&str, usize)> = counts.into_iter().collect();
    counts.sort_by_key(|(language, count)| (std::cmp::Reverse(*count), *language));
    let list: Vec<String> = counts.iter().map(|(language, count)| format!("{language} {count}")).collect();
    let cut = if result::is_cut(sources) { " (the listing was cut, there are more)" } else { "" };
    (!list.is_empty()).then(|| format!("- Files by language: {}{cut}", list.join(", ")))
}
