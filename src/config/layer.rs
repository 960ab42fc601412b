//! The layers of the person's own settings, from the lowest: what is built in, other agents' files, the person's
//! Markdown files, `config.toml`, the environment, the command line.

use std::path::Path;

use super::environment::Environment;
use super::import::Import;
use super::known::{self, KNOWN};
use super::problem::Problems;
use super::provider::Api;
use super::raw::Raw;
use super::tree::{self, Node, Source, Value, read};
use super::{ConfigError, Flags, Paths, file, markdown};

/// Sections whose entries stand for themselves: a wrong one leaves the others.
const SECTIONS: [&str; 5] = ["provider", "agent", "command", "mcp", "lsp"];

/// All layers in one tree, with what is wrong with those that are optional.
pub(super) fn person(
    environment: &Environment,
    flags: &Flags,
    paths: &Paths,
    problems: &mut Problems,
) -> Result<Node, ConfigError> {
    let mut tree = built_in();
    let named = flags.named(environment);
    match (&named, &paths.config) {
        (Some(path), _) => {
            let missing =
                || ConfigError::Unreadable { path: path.clone(), reason: "there is no such file".into() };
            tree.overlay(own(path)?.ok_or_else(missing)?);
        }
        (None, Some(folder)) => {
            for layer in usual(paths, folder, problems) {
                tree.overlay(layer);
            }
            tree.overlay(
                own(&folder.join("config.toml"))?.unwrap_or_else(|| Node::table(&Source::BuiltIn.whole())),
            );
        }
        (None, None) => {}
    }
    tree.overlay(outside(environment, flags));
    speak_as_most_do(&mut tree);
    Ok(tree)
}

/// What stands elsewhere under the name of `openai` mostly speaks chat alone.
fn speak_as_most_do(tree: &mut Node) {
    let Value::Table(parts) = &mut tree.value else { return };
    let openai = parts.get_mut("provider").and_then(|providers| match &mut providers.value {
        Value::Table(providers) => providers.get_mut("openai"),
        _ => None,
    });
    let Some(openai) = openai else { return };
    let set = |key: &str| openai.part(key).filter(|part| part.place.source != Source::BuiltIn);
    if let (Some(address), None) = (set("base_url"), set("api")) {
        let api = Node::text(Api::OpenAiChat.id(), &address.place);
        openai.put("api", api);
    }
}

fn built_in() -> Node {
    let place = Source::BuiltIn.whole();
    let mut providers = Node::table(&place);
    for known in KNOWN {
        let mut provider = Node::table(&place);
        for (key, text) in [("name", known.name), ("api", known.api.id()), ("base_url", known.base_url)] {
            provider.put(key, Node::text(text, &place));
        }
        providers.put(known.id, provider);
    }
    let mut tree = Node::table(&place);
    tree.put("provider", providers);
    for (key, text) in [("model", "auto"), ("mode", "default")] {
        tree.put(key, Node::text(text, &place));
    }
    tree
}

/// `config.toml`; what is wrong with it is an error.
fn own(path: &Path) -> Result<Option<Node>, ConfigError> {
    let unreadable = |reason| ConfigError::Unreadable { path: path.to_owned(), reason };
    let Some(text) = file::text(path, None).map_err(unreadable)? else { return Ok(None) };
    let tree = tree::toml(&text, &Source::file(path));
    let mut tree = tree.map_err(|e| ConfigError::Invalid(format!("{}: {}", e.place, e.reason)))?;
    read::<Raw>(&tree, "").map_err(ConfigError::Invalid)?;
    rename_providers(&mut tree);
    Ok(Some(tree))
}

/// Providers are called by the names known here.
fn rename_providers(tree: &mut Node) {
    let Some(Node { value: Value::Table(providers), place }) = tree.take("provider") else { return };
    let mut renamed = Node::table(&place);
    for (id, provider) in providers {
        let mut one = Node::table(&place);
        one.put(known::provider(&id), provider);
        renamed.overlay(one);
    }
    tree.put("provider", renamed);
}

/// Files of other agents, and Markdown files.
fn usual(paths: &Paths, folder: &Path, problems: &mut Problems) -> Vec<Node> {
    let mut import = Import::new(false, problems);
    let mut layers = Vec::new();
    let opencode = folder.with_file_name("opencode");
    let older = paths.home.iter().map(|home| home.join(".opencode.json"));
    let files = ["config.json", "opencode.json", "opencode.jsonc"].map(|name| opencode.join(name));
    layers.extend(older.chain(files).filter_map(|path| json(&path, None, &mut import)));
    let claude = paths.home.as_deref().map(|home| home.join(".claude"));
    for folder in [claude.as_deref(), Some(&opencode), Some(folder)].into_iter().flatten() {
        layers.extend(markdown::folders(folder, None, &mut import));
    }
    layers
}

/// A file of JSON in another agent's words; `None`: there is none, or it cannot be read and that is told.
pub(super) fn json(path: &Path, fence: Option<&Path>, import: &mut Import<'_>) -> Option<Node> {
    let place = Source::file(path).whole();
    let text = match file::text(path, fence) {
        Ok(text) => text?,
        Err(reason) => {
            import.problems.at(&place, &reason);
            return None;
        }
    };
    match tree::json(&text, &place.source) {
        Ok(file) => {
            let tree = import.json(&file);
            Some(readable(tree, import.problems))
        }
        Err(e) => {
            import.problems.at(&e.place, &e.reason);
            None
        }
    }
}

/// What of a tree can be read; the rest is told and left out, entry by entry.
pub(super) fn readable(tree: Node, problems: &mut Problems) -> Node {
    let mut out = Node::table(&tree.place);
    let Value::Table(parts) = tree.value else { return out };
    for (key, part) in parts {
        match part.value {
            Value::Table(entries) if SECTIONS.contains(&key.as_str()) => {
                for (name, entry) in entries {
                    let mut section = Node::table(&part.place);
                    section.put(&name, entry);
                    put_readable(&mut out, &key, section, problems);
                }
            }
            value => put_readable(&mut out, &key, Node { value, place: part.place }, problems),
        }
    }
    out
}

fn put_readable(out: &mut Node, key: &str, part: Node, problems: &mut Problems) {
    let mut one = Node::table(&out.place);
    one.put(key, part);
    match read::<Raw>(&one, "") {
        Ok(_) => out.overlay(one),
        Err(fault) => problems.line(&fault),
    }
}

/// What the environment and the command line set, above all files.
pub(super) fn outside(environment: &Environment, flags: &Flags) -> Node {
    let mut tree = Node::table(&Source::BuiltIn.whole());
    if let Some(model) = environment.value("ADJUTANT_MODEL") {
        tree.put("model", Node::text(model, &Source::Variable("ADJUTANT_MODEL").whole()));
    }
    let mut providers = Node::table(&tree.place);
    for known in KNOWN {
        let set = known.addresses.iter().find_map(|name| Some((*name, environment.value(name)?)));
        if let Some((name, address)) = set {
            let place = Source::Variable(name).whole();
            let mut provider = Node::table(&place);
            provider.put("base_url", Node::text(known.address(address), &place));
            providers.put(known.id, provider);
        }
    }
    tree.put("provider", providers);
    if let Some(mode) = flags.mode {
        tree.put("mode", Node::text(mode.id(), &Source::Flag("--mode").whole()));
    }
    tree
}
