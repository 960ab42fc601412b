//! What a project's files may not set. They come with the code, from whoever wrote it: opening a folder must not send
//! anything elsewhere, loosen anything, or run anything.

use std::collections::BTreeMap;

use crate::config::Config;
use crate::config::known;
use crate::config::problem::Problems;
use crate::config::tree::{Node, Value};

/// Settings that a project may have a part in.
const SHARED: [&str; 6] = ["model", "permission", "agent", "command", "mcp", "lsp"];

/// Agents that there always are: a project puts none in their place.
const STANDARD: [&str; 3] = ["build", "plan", "general"];

/// Modes that ask less than the usual one.
const LOOSE: [&str; 2] = ["accept-edits", "full"];

/// Takes away what a project may not set, and tells it.
pub(super) fn limit(tree: &mut Node, config: &Config, problems: &mut Problems) {
    let own: Vec<String> = tree.as_table().into_iter().flatten().map(|(key, _)| key.clone()).collect();
    for key in own.iter().filter(|key| !SHARED.contains(&key.as_str())) {
        if let Some(part) = tree.take(key) {
            problems.at(&part.place, &format!("`{key}` is left out: a project does not set it"));
        }
    }
    limit_model(tree, "model", config, problems);
    if config.environment.value("ADJUTANT_MODEL").is_some() {
        tree.take("model");
    }
    no_allowances(tree, "permission.allow", problems);
    no_standard_agents(tree, problems);
    for (section, name, entry) in entries(tree, ["agent", "command"]) {
        let key = format!("{section}.{name}");
        limit_model(entry, &format!("{key}.model"), config, problems);
        if section == "agent" {
            no_allowances(entry, &format!("{key}.permission.allow"), problems);
            let mode = entry.part("mode").and_then(Node::as_text);
            if mode.is_some_and(|mode| LOOSE.contains(&mode))
                && let Some(mode) = entry.take("mode")
            {
                problems.at(
                    &mode.place,
                    &format!("`{key}.mode` is left out: a project's agent asks no less than usual"),
                );
            }
        }
    }
}

fn no_standard_agents(tree: &mut Node, problems: &mut Problems) {
    let Some(mut agents) = tree.take("agent") else { return };
    for name in STANDARD {
        if let Some(agent) = agents.take(name) {
            let what =
                format!("`agent.{name}` is left out: a project puts no agent in the place of a standard one");
            problems.at(&agent.place, &what);
        }
    }
    tree.put("agent", agents);
}

fn entries<'a>(tree: &'a mut Node, sections: [&str; 2]) -> Vec<(&'a str, &'a str, &'a mut Node)> {
    let Value::Table(parts) = &mut tree.value else { return Vec::new() };
    let parts = parts.iter_mut().filter(|(section, _)| sections.contains(&section.as_str()));
    let entries = parts.flat_map(|(section, part)| {
        let entries = match &mut part.value {
            Value::Table(entries) => Some(entries.iter_mut()),
            _ => None,
        };
        entries.into_iter().flatten().map(move |(name, entry)| (section.as_str(), name.as_str(), entry))
    });
    entries.collect()
}

fn no_allowances(entry: &mut Node, key: &str, problems: &mut Problems) {
    let Some(mut permission) = entry.take("permission") else { return };
    if let Some(allow) = permission.take("allow") {
        let places = allow.as_list().into_iter().flatten().map(|rule| &rule.place);
        let mut files = BTreeMap::new();
        for place in places {
            files.entry(&place.source).or_insert(place);
        }
        for place in files.into_values() {
            problems.at(place, &format!("`{key}` is left out: a project's rules only ask or deny"));
        }
    }
    entry.put("permission", permission);
}

/// A project may name a model that the person could choose.
fn limit_model(entry: &mut Node, key: &str, config: &Config, problems: &mut Problems) {
    let Some(model) = entry.take("model") else { return };
    let name = known::model(model.as_text().unwrap_or_default());
    let provider = name.split_once('/').map(|(id, _)| id);
    let provider = provider.and_then(|id| config.providers.iter().find(|provider| provider.id == id));
    if provider.is_some_and(|provider| config.has_key(provider)) {
        entry.put("model", model);
    } else {
        let what = format!("`{key}` is left out: {name:?} is of no provider that you have a key for");
        problems.at(&model.place, &what);
    }
}
