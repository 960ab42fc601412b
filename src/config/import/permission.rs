//! Permissions in `opencode`'s words: an action for a tool, or for patterns of what it does, of which the last that
//! matches counts. Here deny beats ask, and ask beats allow, so what cannot be said stays on the careful side.

use super::tool::ours;
use super::{Import, add, list};
use crate::config::tree::{Node, Value};
use crate::permission::Rule;

/// Their tools and the kind of action that our rules speak of.
const SCOPES: [(&str, &str); 11] = [
    ("*", "*"),
    ("read", "read"),
    ("edit", "edit"),
    ("write", "edit"),
    ("apply_patch", "edit"),
    ("patch", "edit"),
    ("glob", "search"),
    ("grep", "search"),
    ("list", "search"),
    ("bash", "bash"),
    ("webfetch", "fetch"),
];

/// Every kind of action that rules speak of.
const SCOPED: [&str; 6] = ["read", "search", "edit", "bash", "fetch", "mcp"];

/// What is so anyway.
const ALWAYS: [&str; 2] = ["external_directory", "doom_loop"];

/// One rule on its way.
struct Draft<'a> {
    action: &'a str,
    text: String,
    /// It speaks of every action of its kind.
    general: bool,
    node: &'a Node,
}

impl Import<'_> {
    /// `"ask"`, a table of tools, or our own lists of rules.
    pub(super) fn permission(&mut self, node: &Node, out: &mut Node) {
        let is_ours = node.as_table().is_some_and(|table| {
            !table.is_empty() && table.iter().all(|(key, part)| is_action(key) && part.as_list().is_some())
        });
        if is_ours {
            out.put("permission", node.clone());
            return;
        }
        let mut drafts = Vec::new();
        let mut without = Vec::new();
        if let Some(action) = node.as_text() {
            drafts.push(Draft { action, text: "*".to_owned(), general: true, node });
        }
        let tools = node.written();
        for (at, (tool, rule)) in tools.iter().enumerate() {
            match (*tool, rule.as_text(), others(&tools[at + 1..])) {
                // All but what is said of others further down.
                ("*", Some(action @ ("ask" | "deny")), others) if others.len() < SCOPED.len() => {
                    let rest = others.into_iter().map(str::to_owned);
                    drafts.extend(rest.map(|text| Draft { action, text, general: true, node: rule }));
                }
                _ => self.tool(tool, rule, &mut drafts, &mut without),
            }
        }
        self.put_rules(drafts, node, out);
        add(out, "without", without, node);
    }

    fn tool<'a>(&mut self, tool: &str, rule: &'a Node, drafts: &mut Vec<Draft<'a>>, without: &mut Vec<Node>) {
        let scope = SCOPES.iter().find(|row| row.0 == tool).map(|row| row.1);
        match (scope, rule.as_text()) {
            (Some(scope), Some(action)) => {
                drafts.push(Draft { action, text: scope.to_owned(), general: true, node: rule });
            }
            (Some(scope), None) => {
                let patterns = rule.written().into_iter();
                let start = drafts.len();
                drafts.extend(patterns.filter_map(|(pattern, node)| {
                    let general = matches!(pattern, "*" | "**");
                    let text = if general {
                        scope.to_owned()
                    } else {
                        format!("{scope}({})", translated(scope, pattern))
                    };
                    Some(Draft { action: node.as_text()?, text, general, node })
                }));
                // "Ask about all but these": what no rule speaks of is asked about anyway. A project's own allowances
                // do not count, so there it stays.
                let specific = |draft: &Draft<'_>| !draft.general && draft.action == "allow";
                if !self.project && drafts[start..].iter().any(specific) {
                    let mut at = 0;
                    drafts.retain(|draft| {
                        at += 1;
                        at <= start || !(draft.general && draft.action == "ask")
                    });
                }
            }
            (None, Some("deny")) if !ALWAYS.contains(&tool) => {
                without.push(Node::text(ours(tool), &rule.place))
            }
            (None, Some("allow")) => {}
            (None, _) if ALWAYS.contains(&tool) => {}
            (None, _) => {
                self.problems.at(&rule.place, &format!("permission: no rule speaks of {tool:?} here"))
            }
        }
    }

    fn put_rules(&mut self, drafts: Vec<Draft<'_>>, of: &Node, out: &mut Node) {
        let mut rules = Node::table(&of.place);
        for draft in drafts {
            if !is_action(draft.action) {
                let what = format!("permission: {:?} is neither allow, ask nor deny", draft.action);
                self.problems.at(&draft.node.place, &what);
            } else if let Err(e) = Rule::parse(draft.action, &draft.text) {
                self.problems.at(&draft.node.place, &format!("permission: {e}"));
            } else {
                let mut part = rules.take(draft.action).unwrap_or_else(|| list(Vec::new(), draft.node));
                if let Value::List(list) = &mut part.value {
                    list.push(Node::text(draft.text, &draft.node.place));
                }
                rules.put(draft.action, part);
            }
        }
        let mut part = Node::table(&out.place);
        part.put("permission", rules);
        out.overlay(part);
    }

    /// `{"bash": false}` for everybody.
    pub(super) fn tools_of_all(&mut self, node: &Node, out: &mut Node) {
        let mut drafts = Vec::new();
        let denied = node.written().into_iter().filter(|(_, part)| part.as_truth() == Some(false));
        for (tool, part) in denied {
            match SCOPES.iter().find(|row| row.0 == tool) {
                Some((_, scope)) => {
                    drafts.push(Draft {
                        action: "deny",
                        text: (*scope).to_owned(),
                        general: true,
                        node: part,
                    });
                }
                None => self
                    .problems
                    .at(&part.place, &format!("tools: {tool:?} cannot be left out for everybody")),
            }
        }
        self.put_rules(drafts, node, out);
    }
}

/// Kinds of action that nothing is said of.
fn others(tools: &[(&str, &Node)]) -> Vec<&'static str> {
    let said = |scope: &str| {
        tools
            .iter()
            .any(|(tool, _)| SCOPES.iter().any(|row| row.0 == *tool && (row.1 == scope || row.1 == "*")))
    };
    SCOPED.into_iter().filter(|scope| !said(scope)).collect()
}

fn is_action(word: &str) -> bool {
    matches!(word, "allow" | "ask" | "deny")
}

/// Their `*` stands for anything, also blanks and slashes.
fn translated(scope: &str, pattern: &str) -> String {
    let pattern = pattern.trim();
    let home = pattern.strip_prefix("$HOME/").map(|rest| format!("~/{rest}"));
    let pattern = home.as_deref().unwrap_or(pattern);
    match scope {
        "bash" => match pattern.strip_suffix('*') {
            Some(front) if !front.is_empty() && !front.ends_with([' ', ':']) => format!("{pattern}:*"),
            _ => pattern.to_owned(),
        },
        "read" | "edit" | "search" => {
            let deep = pattern.strip_suffix("/*").map(|front| format!("{front}/**"));
            let pattern = deep.unwrap_or_else(|| pattern.to_owned());
            if pattern.starts_with('*') && !pattern.starts_with("**") {
                format!("**/{pattern}")
            } else {
                pattern
            }
        }
        _ => pattern.to_owned(),
    }
}
