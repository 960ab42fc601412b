//! What other agents call our tools.

use super::{Import, add, list, texts};
use crate::config::tree::{Node, Value};

const NAMES: &[(&str, &str)] = &[
    ("Read", "read"),
    ("Write", "write"),
    ("Edit", "edit"),
    ("MultiEdit", "edit"),
    ("NotebookEdit", "edit"),
    ("Bash", "bash"),
    ("Grep", "grep"),
    ("Glob", "glob"),
    ("LS", "list"),
    ("WebFetch", "web_fetch"),
    ("TodoWrite", "todo"),
    ("TodoRead", "todo"),
    ("Task", "task"),
    ("Agent", "task"),
    ("Skill", "skill"),
    ("AskUserQuestion", "question"),
    ("webfetch", "web_fetch"),
    ("todowrite", "todo"),
    ("todoread", "todo"),
    ("multiedit", "edit"),
    ("patch", "apply_patch"),
];

/// Our name of a tool; a name that is not known may be a remote tool's.
pub(super) fn ours(name: &str) -> String {
    // `Bash(git:*)`: what may be done with a tool is said by rules.
    let name = name.split('(').next().unwrap_or(name).trim();
    if let Some(remote) = name.strip_prefix("mcp__") {
        return match remote.split_once("__") {
            Some((server, tool)) => format!("{server}_{tool}"),
            None => format!("{remote}_*"),
        };
    }
    NAMES.iter().find(|row| row.0 == name).map_or(name, |row| row.1).to_owned()
}

/// `Read, Bash(git log:*), Grep`: commas in parentheses do not part.
pub(super) fn names(node: &Node) -> Vec<Node> {
    let mut names: Vec<String> = match &node.value {
        Value::Text(text) => {
            let mut depth = 0_usize;
            let parts = text.split(|c: char| {
                depth = match c {
                    '(' => depth + 1,
                    ')' => depth.saturating_sub(1),
                    _ => depth,
                };
                c == ',' && depth == 0
            });
            parts.map(ours).collect()
        }
        _ => texts(node).into_iter().filter_map(Node::as_text).map(ours).collect(),
    };
    names.retain(|name| !name.is_empty());
    names.dedup();
    names.into_iter().map(|name| Node::text(name, &node.place)).collect()
}

impl Import<'_> {
    /// The tools of an agent: `Read, Grep`, a list, or a table of tools and truths.
    pub(super) fn tools(&mut self, node: &Node, out: &mut Node) {
        match &node.value {
            Value::Table(_) => {
                let with = |has: bool| {
                    let parts =
                        node.written().into_iter().filter(move |(_, part)| part.as_truth() == Some(has));
                    parts.map(|(name, part)| Node::text(ours(name), &part.place)).collect::<Vec<_>>()
                };
                if node.part("*").and_then(Node::as_truth) == Some(false) {
                    out.put("tools", list(with(true), node));
                } else {
                    add(out, "without", with(false), node);
                }
            }
            Value::Text(_) | Value::List(_) => {
                let names = names(node);
                let all = names.iter().any(|name| matches!(name.as_text(), Some("*" | "All tools")));
                if !all {
                    out.put("tools", list(names, node));
                }
            }
            _ => self.problems.at(&node.place, "`tools` is no list of names, and is left out"),
        }
    }
}
