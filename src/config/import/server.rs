//! MCP and language servers, in the two ways they are written elsewhere.

use super::{Import, copy, list, texts, unknown};
use crate::config::tree::{Node, Table, Value};

/// Where others' texts take variables from, beside our own `{env:X}`: as `${X}` and `${X:-default}`.
const ANYWHERE: [&str; 5] = ["command", "args", "url", "env", "headers"];

/// What `opencode` passes on as it is: a shell may mean its own variable.
const LITERAL: [&str; 3] = ["command", "args", "url"];

/// Keys of servers that are understood, or change nothing here.
const SERVER: &[&str] = &[
    "type",
    "transport",
    "command",
    "args",
    "cwd",
    "env",
    "environment",
    "url",
    "serverUrl",
    "httpUrl",
    "headers",
    "enabled",
    "disable",
    "disabled",
    "timeout",
    "name",
    "description",
    "$schema",
    "oauth",
];

impl Import<'_> {
    /// `{"type":"local","command":["npx","x"],"environment":{}}`, or a `url`.
    pub(super) fn server(&mut self, name: &str, from: &Node) -> (String, Node) {
        let mut out = self.server_of_any(name, from);
        self.replace(name, &mut out, &["env", "headers"]);
        for key in LITERAL {
            if let Some(part) = out.part(key).filter(|part| has(part, &["${"])) {
                self.not_replaced(name, key, part);
            }
        }
        self.timeout(name, from, "startup_timeout", &mut out);
        (name.to_owned(), out)
    }

    /// `{"command":"npx","args":["x"],"env":{}}`, or a `url`.
    pub(super) fn mcp_server(&mut self, name: &str, from: &Node) -> (String, Node) {
        let mut out = self.server_of_any(name, from);
        self.replace(name, &mut out, &ANYWHERE);
        self.timeout(name, from, "timeout", &mut out);
        (name.to_owned(), out)
    }

    /// What is written alike.
    fn server_of_any(&mut self, name: &str, from: &Node) -> Node {
        let mut out = Node::table(&from.place);
        command(from, &mut out);
        copy(
            from,
            &mut out,
            &[
                ("cwd", "cwd"),
                ("url", "url"),
                ("serverUrl", "url"),
                ("httpUrl", "url"),
                ("headers", "headers"),
                ("enabled", "enabled"),
            ],
        );
        for key in ["env", "environment"] {
            if let Some(env) = from.part(key) {
                out.put("env", variables(env));
            }
        }
        match from.part("type").or(from.part("transport")).and_then(Node::as_text) {
            Some("sse") => out.put("transport", Node::text("sse", &from.place)),
            None | Some("local" | "stdio" | "remote" | "http" | "streamable-http" | "streamableHttp") => {}
            Some(other) => {
                self.problems.at(&from.place, &format!("mcp {name}: the type {other:?} has no meaning here"))
            }
        }
        if from.part("cwd").is_some_and(|cwd| has(cwd, &["${", "{env:", "{file:"])) {
            self.problems.at(
                &from.place,
                &format!("mcp {name}: `cwd` is a folder as it is written: variables in it are not replaced"),
            );
        }
        if from.part("oauth").is_some_and(|oauth| oauth.as_table().is_some()) {
            let what =
                format!("mcp {name}: `oauth` is left out: signing in registers with the server by itself");
            self.problems.at(&from.place, &what);
        }
        for key in unknown(from, SERVER) {
            self.problems.at(&from.place, &format!("mcp {name}: `{key}` has no meaning here"));
        }
        out
    }

    /// One number of milliseconds means what the file's agent takes it for; a table says what each of them is.
    fn timeout(&mut self, name: &str, from: &Node, meaning: &str, out: &mut Node) {
        let Some(timeout) = from.part("timeout") else { return };
        let parts = [
            (meaning, Some(timeout)),
            ("startup_timeout", timeout.part("startup")),
            ("timeout", timeout.part("request")),
        ];
        let known: Vec<_> =
            parts.into_iter().filter_map(|(key, part)| Some((key, seconds(part?)?))).collect();
        if known.is_empty() {
            self.problems.at(
                &timeout.place,
                &format!("mcp {name}: `timeout` is no number of milliseconds, and is left out"),
            );
        }
        for (key, seconds) in known {
            out.put(key, seconds);
        }
    }

    /// Says variables in our words.
    fn replace(&mut self, name: &str, server: &mut Node, keys: &[&str]) {
        for key in keys {
            let Some(mut part) = server.take(key) else { continue };
            if !in_our_words(&mut part) {
                self.not_replaced(name, key, &part);
            }
            server.put(key, part);
        }
    }

    fn not_replaced(&mut self, name: &str, key: &str, node: &Node) {
        let what = format!(
            "mcp {name}: `{key}` has a `${{` that is not replaced here, and passes it on: a variable is written {{env:NAME}}"
        );
        self.problems.at(&node.place, &what);
    }

    pub(super) fn language_server(&mut self, name: &str, from: &Node) -> (String, Node) {
        let mut out = Node::table(&from.place);
        command(from, &mut out);
        copy(from, &mut out, &[("env", "env"), ("extensions", "extensions")]);
        if from.part("initialization").is_some() {
            self.problems.at(&from.place, &format!("lsp {name}: `initialization` has no meaning here"));
        }
        (name.to_owned(), out)
    }
}

/// A command in one list, or beside its arguments.
fn command(from: &Node, out: &mut Node) {
    copy(from, out, &[("args", "args")]);
    match from.part("command") {
        Some(words) if words.as_list().is_some() => {
            let mut words = texts(words).into_iter().cloned();
            if let Some(program) = words.next() {
                out.put("command", program);
                out.put("args", list(words.collect(), from));
            }
        }
        Some(program) => out.put("command", program.clone()),
        None => {}
    }
}

/// `{"A":"b"}` or `["A=b"]`.
fn variables(from: &Node) -> Node {
    if from.as_list().is_none() {
        return from.clone();
    }
    let pairs = texts(from).into_iter().filter_map(|node| {
        let (name, value) = node.as_text()?.split_once('=')?;
        Some((name.to_owned(), Node::text(value, &node.place)))
    });
    Node::new(Value::Table(pairs.collect::<Table>()), &from.place)
}

/// Milliseconds, which we write in seconds.
fn seconds(node: &Node) -> Option<Node> {
    let Node { value: Value::Integer(milliseconds), place } = node else { return None };
    Some(Node::new(Value::Integer((milliseconds / 1000).clamp(1, 86_400)), place))
}

/// The texts in a text, a list or a table.
fn each(node: &Node) -> Vec<&Node> {
    match &node.value {
        Value::List(parts) => parts.iter().collect(),
        Value::Table(parts) => parts.values().collect(),
        _ => vec![node],
    }
}

fn has(node: &Node, signs: &[&str]) -> bool {
    let has = |text: &str| signs.iter().any(|sign| text.contains(sign));
    each(node).into_iter().filter_map(Node::as_text).any(has)
}

/// `${X}` is what we write as `{env:X}`. False: some of it is something else, and stays.
fn in_our_words(node: &mut Node) -> bool {
    let parts: Vec<&mut Node> = match &mut node.value {
        Value::List(parts) => parts.iter_mut().collect(),
        Value::Table(parts) => parts.values_mut().collect(),
        Value::Text(text) => {
            let (ours, whole) = variables_in_our_words(text);
            *text = ours;
            return whole;
        }
        _ => return true,
    };
    parts.into_iter().map(in_our_words).filter(|whole| !whole).count() == 0
}

fn variables_in_our_words(text: &str) -> (String, bool) {
    let is_name = |name: &str| {
        let name = name.split_once(":-").map_or(name, |(name, _)| name);
        !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    let mut pieces = text.split("${");
    let mut out = pieces.next().unwrap_or_default().to_owned();
    let mut whole = true;
    for piece in pieces {
        if let Some((name, rest)) = piece.split_once('}').filter(|(name, _)| is_name(name)) {
            out.extend(["{env:", name, "}", rest]);
        } else {
            whole = false;
            out.extend(["${", piece]);
        }
    }
    (out, whole)
}
