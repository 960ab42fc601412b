//! MCP and language servers, in the two ways they are written elsewhere.

use super::{Import, copy, list, texts};
use crate::config::tree::{Node, Table, Value};

impl Import<'_> {
    /// `{"type":"local","command":["npx","x"],"environment":{}}`, `{"command":"npx","args":["x"],"env":{}}`, or a `url`.
    pub(super) fn server(&mut self, name: &str, from: &Node) -> (String, Node) {
        let mut out = Node::table(&from.place);
        command(from, &mut out);
        copy(
            from,
            &mut out,
            &[
                ("cwd", "cwd"),
                ("url", "url"),
                ("serverUrl", "url"),
                ("headers", "headers"),
                ("enabled", "enabled"),
            ],
        );
        for key in ["env", "environment"] {
            if let Some(env) = from.part(key) {
                out.put("env", variables(env));
            }
        }
        match from.part("type").and_then(Node::as_text) {
            Some("sse") => out.put("transport", Node::text("sse", &from.place)),
            None | Some("local" | "stdio" | "remote" | "http" | "streamable-http" | "streamableHttp") => {}
            Some(other) => {
                self.problems.at(&from.place, &format!("mcp {name}: the type {other:?} has no meaning here"))
            }
        }
        if let Some(Node { value: Value::Integer(milliseconds), place }) = from.part("timeout") {
            let seconds = (milliseconds / 1000).clamp(1, 86_400);
            out.put("startup_timeout", Node::new(Value::Integer(seconds), place));
        }
        for table in ["env", "headers"] {
            if let Some(mut values) = out.take(table) {
                in_our_words(&mut values);
                out.put(table, values);
            }
        }
        (name.to_owned(), out)
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

/// `${X}` is what we write as `{env:X}`.
fn in_our_words(values: &mut Node) {
    let Value::Table(table) = &mut values.value else { return };
    for node in table.values_mut() {
        if let Value::Text(text) = &mut node.value {
            *text = variables_in_our_words(text);
        }
    }
}

fn variables_in_our_words(text: &str) -> String {
    let is_name =
        |name: &str| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let mut pieces = text.split("${");
    let mut out = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        match piece.split_once('}').filter(|(name, _)| is_name(name)) {
            Some((name, rest)) => out.extend(["{env:", name, "}", rest]),
            None => out.extend(["${", piece]),
        }
    }
    out
}
