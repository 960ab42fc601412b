//! Every value in force, with where it came from.

use std::path::Path;

use serde::Serialize;

use super::meaning::is_taken;
use super::problem::Problems;
use super::tree::{Node, Source, Value};
use super::{Config, ConfigError, Environment, Flags, layer, project};

/// A value in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Setting {
    /// Keys with dots between them.
    pub key: String,
    /// As it would be written in TOML; `(set)` for what is secret.
    pub value: String,
    /// `built in`, `file:line`, `variable X`, `option --x`.
    pub origin: String,
}

/// Values that are secret, as sections and tables of their entries.
const SECRET: [(&str, &str); 5] =
    [("provider", "key"), ("provider", "headers"), ("mcp", "env"), ("mcp", "headers"), ("lsp", "env")];

/// The settings for a working directory, its project's among them. What is known of providers that nobody set is left
/// out.
pub(super) fn settings(
    environment: &Environment,
    flags: &Flags,
    cwd: &Path,
) -> Result<(Vec<Setting>, Vec<String>), ConfigError> {
    let config = Config::load(environment, flags)?;
    let mut tree = layer::person(environment, flags, &config.paths, &mut Problems::default())?;
    let project = project::tree(&config, cwd, &mut Problems::default());
    forget(&mut tree, &project);
    tree.overlay(project);
    tree.overlay(layer::outside(environment, flags));
    let problems = config.problems.iter().cloned().chain(config.project(cwd).problems).collect();
    let mut settings = Vec::new();
    for (key, part) in tree.as_table().into_iter().flatten() {
        for (name, entry) in part.as_table().into_iter().flatten().filter(|_| key == "provider") {
            if is_set(entry) {
                leaves(entry, &mut vec![key, name], &mut settings);
            }
        }
        if key != "provider" {
            leaves(part, &mut vec![key], &mut settings);
        }
    }
    Ok((settings, problems))
}

/// Takes away agents, commands and servers for which a project's of the same name stand.
fn forget(tree: &mut Node, project: &Node) {
    let Value::Table(sections) = &mut tree.value else { return };
    for (section, part) in sections.iter_mut().filter(|(section, _)| *section != "permission") {
        let names = project.part(section).and_then(Node::as_table).into_iter().flatten();
        names.for_each(|(name, _)| drop(part.take(name)));
    }
}

/// Whether anything of it is not built in.
fn is_set(node: &Node) -> bool {
    match &node.value {
        Value::Table(parts) => parts.values().any(is_set),
        _ => node.place.source != Source::BuiltIn,
    }
}

fn leaves<'a>(node: &'a Node, keys: &mut Vec<&'a str>, out: &mut Vec<Setting>) {
    if let Some(parts) = node.as_table() {
        for (key, part) in parts {
            keys.push(key);
            leaves(part, keys, out);
            keys.pop();
        }
        return;
    }
    let key = keys.iter().map(|key| plain(key)).collect::<Vec<_>>().join(".");
    let setting =
        |value: String, node: &Node| Setting { key: key.clone(), value, origin: node.place.to_string() };
    match &node.value {
        // Rules of several layers add up, so each has its own origin.
        Value::List(items) if keys.contains(&"permission") => {
            out.extend(items.iter().map(|item| setting(value(item), item)));
        }
        _ => out.push(setting(shown(node, keys), node)),
    }
}

fn shown(node: &Node, keys: &[&str]) -> String {
    let [section, _, key, ..] = keys else { return value(node) };
    if SECRET.contains(&(*section, *key)) {
        return match node.as_text() {
            Some(text) if is_taken(text) => value(node),
            _ => "(set)".to_owned(),
        };
    }
    match (*key, node.as_text()) {
        ("url" | "base_url", Some(url)) => format!("{:?}", address(url)),
        _ => value(node),
    }
}

/// An address without what may be a key in it.
fn address(url: &str) -> String {
    let (front, query) = url.split_once('?').map_or((url, ""), |(front, _)| (front, "?(set)"));
    match front.split_once("://").map(|(scheme, rest)| (scheme, rest.split_once('@'))) {
        Some((scheme, Some((user, rest)))) if !user.contains('/') => {
            format!("{scheme}://(set)@{rest}{query}")
        }
        _ => format!("{front}{query}"),
    }
}

fn value(node: &Node) -> String {
    match &node.value {
        Value::Truth(truth) => truth.to_string(),
        Value::Integer(number) => number.to_string(),
        Value::Float(number) => number.to_string(),
        Value::Text(text) => format!("{text:?}"),
        Value::List(items) => format!("[{}]", items.iter().map(value).collect::<Vec<_>>().join(", ")),
        Value::Table(parts) => {
            let parts: Vec<_> =
                parts.iter().map(|(key, part)| format!("{} = {}", plain(key), value(part))).collect();
            format!("{{ {} }}", parts.join(", "))
        }
    }
}

/// A key as TOML writes it.
fn plain(key: &str) -> String {
    let bare = !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    if bare { key.to_owned() } else { format!("{key:?}") }
}
