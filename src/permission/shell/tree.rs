//! The tree-sitter reading: every command that can be seen anywhere in the text, also inside
//! substitutions and control flow. The walk is iterative, so nesting cannot exhaust the stack.

use super::{SimpleCommand, word};
use std::ops::ControlFlow;
use tree_sitter::{Node, ParseOptions, Parser, Tree};

/// Node kinds a plain line is made of.
const PLAIN: &[&str] = &[
    "program",
    "list",
    "pipeline",
    "command",
    "command_name",
    "word",
    "number",
    "concatenation",
    "string",
    "string_content",
    "raw_string",
    "redirected_statement",
    "file_redirect",
    "file_descriptor",
    "&&",
    "||",
    ";",
    "|",
    "|&",
    "&",
    "\n",
    "\"",
    ">",
    ">>",
    ">&",
    "&>",
    "&>>",
];

/// Times the parser may report progress before it is stopped. One report is about a hundred steps, so
/// the longest text allowed needs a small part of this.
const MAX_PROGRESS: usize = 200_000;

#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) commands: Vec<SimpleCommand>,
    pub(super) writes: Vec<String>,
    pub(super) reads: Vec<String>,
    /// Here-documents and here-strings: scripts, when a shell reads them.
    pub(super) bodies: Vec<String>,
    /// The first node kind that a plain line does not have.
    pub(super) foreign: Option<String>,
    /// Why the text could not be parsed, if it could not.
    pub(super) fault: Option<String>,
}

pub(super) fn parse(text: &str) -> Seen {
    let mut seen = Seen::default();
    let Some(tree) = grow(text) else {
        seen.fault = Some("its grammar could not be worked out".to_owned());
        return seen;
    };
    if tree.root_node().has_error() {
        seen.fault = Some("it is not well-formed shell".to_owned());
    }
    let mut cursor = tree.walk();
    loop {
        seen.visit(cursor.node(), text);
        if cursor.goto_first_child() {
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return seen;
            }
        }
    }
}

fn grow(text: &str) -> Option<Tree> {
    let mut parser = Parser::new();
    parser.set_language(&tree_sitter_bash::LANGUAGE.into()).ok()?;
    let mut reports = 0;
    let mut progress = |_: &_| {
        reports += 1;
        if reports > MAX_PROGRESS { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let options = ParseOptions::new().progress_callback(&mut progress);
    let bytes = text.as_bytes();
    parser.parse_with_options(&mut |at, _| bytes.get(at..).unwrap_or_default(), None, Some(options))
}

impl Seen {
    fn visit(&mut self, node: Node<'_>, text: &str) {
        let kind = node.kind();
        if self.foreign.is_none() && !PLAIN.contains(&kind) {
            self.foreign = Some(kind.replace('_', " "));
        }
        match kind {
            "command" | "declaration_command" | "unset_command" | "test_command" => self.command(node, text),
            "file_redirect" => self.redirect(node, text),
            "heredoc_body" => self.bodies.push(source(node, text).to_owned()),
            "herestring_redirect" => {
                let body = source(node, text).trim_start_matches(['<', ' ']);
                self.bodies.push(word::dequote(body));
            }
            _ => {}
        }
    }

    /// The words of a command are its children that are neither redirects nor assignments.
    fn command(&mut self, node: Node<'_>, text: &str) {
        let mut command = SimpleCommand::default();
        let mut cursor = node.walk();
        for child in node.children(&mut cursor) {
            let kind = child.kind();
            let assigns = kind == "variable_assignment" && node.kind() == "command";
            if kind.ends_with("redirect") || kind == "subshell" || assigns {
                continue;
            }
            let written = source(child, text);
            command.globs |= word::has_glob(written);
            command.argv.push(word::dequote(written));
        }
        if !command.argv.is_empty() {
            self.commands.push(command);
        }
    }

    fn redirect(&mut self, node: Node<'_>, text: &str) {
        let mut cursor = node.walk();
        let operator = node.children(&mut cursor).map(|c| c.kind()).find(|k| k.contains(['<', '>']));
        let operator = operator.unwrap_or(">");
        let targets = node.children_by_field_name("destination", &mut cursor);
        let targets = targets.map(|target| word::dequote(source(target, text)));
        if operator.starts_with('<') && operator != "<>" {
            self.reads.extend(targets);
            return;
        }
        let descriptor = |t: &str| operator == ">&" && t.chars().all(|c| c.is_ascii_digit() || c == '-');
        self.writes.extend(targets.filter(|t| t != "/dev/null" && !descriptor(t)));
    }
}

fn source<'a>(node: Node<'_>, text: &'a str) -> &'a str {
    text.get(node.byte_range()).unwrap_or_default()
}
