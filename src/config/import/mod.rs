//! What other agents' files mean here. They become a tree in our words, whose parts keep their place; what cannot be
//! said in our words is told, and is never an error.

mod agent;
mod permission;
mod provider;
mod server;
mod tool;

use super::problem::Problems;
use super::tree::{Node, Value};

/// Settings that change nothing here: looks, and what is always so.
const SILENT: &[&str] = &[
    "$schema",
    "autoupdate",
    "autoshare",
    "share",
    "theme",
    "keybinds",
    "tui",
    "layout",
    "username",
    "logLevel",
    "log_level",
    "small_model",
    "snapshot",
    "server",
    "data",
    "debug",
    "debugLSP",
    "wd",
    "shell",
    "autoCompact",
    "compaction",
    "contextPaths",
    "watcher",
    "experimental",
    "tool_output",
    "formatter",
    "attachment",
    "skills",
    "version",
];

/// Bytes of all Markdown files together; one counts as a thousand at least.
const MOST: usize = 8 * 1024 * 1024;

/// Reads files of other agents.
pub(super) struct Import<'a> {
    /// The file is a project's: it may not say who is asked, and allows nothing.
    project: bool,
    pub(super) problems: &'a mut Problems,
    left: usize,
}

impl<'a> Import<'a> {
    pub(super) fn new(project: bool, problems: &'a mut Problems) -> Self {
        Self { project, problems, left: MOST }
    }

    /// Whether there is room for one more Markdown file.
    pub(super) fn takes(&mut self, text: &str) -> bool {
        let left = self.left.checked_sub(text.len().max(1_000));
        self.left = left.unwrap_or(0);
        left.is_some()
    }

    /// `opencode.json`, the older `.opencode.json`, and `.mcp.json`: each has a part of these keys.
    pub(super) fn json(&mut self, file: &Node) -> Node {
        let mut out = Node::table(&file.place);
        for (key, node) in file.written() {
            match key {
                "model" => self.model(node, &mut out, "model"),
                "permission" => self.permission(node, &mut out),
                "tools" => self.tools_of_all(node, &mut out),
                "provider" | "providers" if self.project => self
                    .problems
                    .at(&node.place, "a project does not say where models are: its providers are left out"),
                "provider" | "providers" => self.section(node, "provider", &mut out, Self::provider),
                "agent" | "mode" => self.section(node, "agent", &mut out, Self::agent),
                "agents" => self.older_agents(node, &mut out),
                "command" => self.section(node, "command", &mut out, Self::command),
                "mcp" => self.section(node, "mcp", &mut out, Self::server),
                "mcpServers" => self.section(node, "mcp", &mut out, Self::mcp_server),
                "lsp" => self.section(node, "lsp", &mut out, Self::language_server),
                silent if SILENT.contains(&silent) => {}
                other => self.problems.at(&node.place, &format!("`{other}` has no meaning here")),
            }
        }
        out
    }

    /// Named entries of one kind.
    fn section(
        &mut self,
        node: &Node,
        section: &str,
        out: &mut Node,
        entry: impl Fn(&mut Self, &str, &Node) -> (String, Node),
    ) {
        // `"lsp": false` and the like mean none.
        let Some(_) = node.as_table() else { return };
        let mut all = out.take(section).unwrap_or_else(|| Node::table(&node.place));
        for (name, part) in node.written() {
            if part.as_table().is_none() {
                self.problems.at(&part.place, &format!("`{name}` is {}, and is left out", part.kind()));
                continue;
            }
            let (name, mut meant) = entry(self, name, part);
            let is_off = ["disable", "disabled"]
                .iter()
                .any(|key| part.part(key).and_then(Node::as_truth) == Some(true));
            if is_off && section == "provider" {
                continue;
            }
            if is_off {
                meant.put("enabled", Node::new(Value::Truth(false), &part.place));
            }
            all.put(&name, meant);
        }
        out.put(section, all);
    }

    /// A model's name, if it says whose it is.
    fn model(&mut self, node: &Node, out: &mut Node, key: &str) {
        match node.as_text() {
            Some(name) if name.contains('/') => out.put(key, node.clone()),
            // Names without a provider that mean the session's own choice.
            Some("inherit" | "default" | "sonnet" | "opus" | "haiku" | "opusplan") => {}
            _ => self.problems.at(&node.place, "the model is left out: write it as provider/model"),
        }
    }

    /// The older `agents`: its `coder` is who answers.
    fn older_agents(&mut self, node: &Node, out: &mut Node) {
        for (name, agent) in node.written() {
            if let ("coder", Some(model)) = (name, agent.part("model")) {
                self.model(model, out, "model");
            }
        }
    }
}

/// Takes parts of a table as they are, under our names.
fn copy(from: &Node, to: &mut Node, keys: &[(&str, &str)]) {
    for (theirs, ours) in keys {
        if let Some(part) = from.part(theirs) {
            to.put(ours, part.clone());
        }
    }
}

/// A list of texts, of what is text in a list.
fn texts(node: &Node) -> Vec<&Node> {
    let items = node.as_list().unwrap_or_default();
    items.iter().filter(|item| matches!(item.value, Value::Text(_))).collect()
}

fn list(items: Vec<Node>, of: &Node) -> Node {
    Node::new(Value::List(items), &of.place)
}

/// Adds items to a list that may be there already.
fn add(to: &mut Node, key: &str, items: Vec<Node>, of: &Node) {
    if items.is_empty() {
        return;
    }
    let mut all = to.take(key).unwrap_or_else(|| list(Vec::new(), of));
    if let Value::List(known) = &mut all.value {
        known.extend(items);
    }
    to.put(key, all);
}

/// Keys that are neither known nor silent.
fn unknown<'a>(node: &'a Node, known: &[&str]) -> Vec<&'a str> {
    node.written().into_iter().map(|(key, _)| key).filter(|key| !known.contains(key)).collect()
}
