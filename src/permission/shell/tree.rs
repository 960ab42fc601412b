//! The tree-sitter reading: every command that can be seen anywhere in the text, also inside
//! substitutions and control flow. The walk is iterative, so nesting cannot exhaust the stack.

use super::{SimpleCommand, heredoc, word};
use std::{
    ops::ControlFlow,
    time::{Duration, Instant},
};
use tree_sitter::{Node, ParseOptions, Parser, Tree};

/// Node kinds a plain line is made of.
#[rustfmt::skip]
const PLAIN: &[&str] = &[
    "program", "list", "pipeline", "command", "command_name", "word", "number", "concatenation", "string",
    "string_content", "raw_string", "redirected_statement", "file_redirect", "file_descriptor", "&&",
    "||", ";", "|", "|&", "&", "\n", "\"", "$", ">", ">>", ">&", "&>", "&>>",
];

/// How long one reading may parse. Some texts of a few KiB take the grammar seconds and no count of
/// its steps tells; an ordinary line takes microseconds. Running out only ever leads to an ask.
const MAX_TIME: Duration = Duration::from_millis(400);
/// Progress reports before the time is looked at, so that a short line never depends on it.
const FREE_REPORTS: usize = 8;
/// Bytes of words kept, as a multiple of the text: nested substitutions repeat their inside.
const MAX_COPIES: usize = 16;

/// What one reading may still spend, over the line and all scripts in it.
#[derive(Debug)]
pub(super) struct Budget {
    until: Instant,
    parses: usize,
}

impl Budget {
    pub(super) fn new() -> Self {
        Self { until: Instant::now() + MAX_TIME, parses: super::MAX_PARSES }
    }

    /// Takes one parse; whether there was one left.
    pub(super) fn take(&mut self) -> bool {
        self.parses = self.parses.saturating_sub(1);
        self.parses > 0
    }
}

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
    /// A bound was hit, so that commands may be missing.
    pub(super) stopped: bool,
    copied: usize,
}

/// Reads a text within the budget's time.
pub(super) fn parse(text: &str, budget: &Budget) -> Seen {
    let mut seen = Seen::default();
    let Some(tree) = grow(text, budget) else {
        seen.fault = Some("it takes too long to parse".to_owned());
        seen.stopped = true;
        return seen;
    };
    if tree.root_node().has_error() {
        seen.fault = Some("it is not well-formed shell".to_owned());
        // What the grammar gives up on may be a document whose end it missed.
        seen.stopped = text.contains("<<");
    }
    let mut documents = heredoc::Documents::new(text);
    let mut cursor = tree.walk();
    loop {
        seen.visit(cursor.node(), text);
        if cursor.node().kind() == "heredoc_redirect"
            && let Some(fault) = documents.fault(cursor.node())
        {
            seen.fault = Some(fault.to_owned());
            seen.stopped = true;
        }
        if seen.copied > MAX_COPIES * text.len() + 4096 {
            seen.fault = Some("it nests too deeply".to_owned());
            seen.stopped = true;
            return seen;
        }
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

fn grow(text: &str, budget: &Budget) -> Option<Tree> {
    let mut parser = Parser::new();
    parser.set_language(&tree_sitter_bash::LANGUAGE.into()).ok()?;
    let mut reports = 0;
    let mut progress = |_: &_| {
        reports += 1;
        let late = reports > FREE_REPORTS && Instant::now() > budget.until;
        if late { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let options = ParseOptions::new().progress_callback(&mut progress);
    let bytes = in_ascii(text);
    parser.parse_with_options(&mut |at, _| bytes.get(at..).unwrap_or_default(), None, Some(options))
}

/// The grammar's scanner looks characters up in the C locale's table, which ends at 255: others make it read
/// out of bounds. To a shell they are letters, byte by byte, so letters stand in for them.
pub(in crate::permission) fn in_ascii(text: &str) -> Vec<u8> {
    text.bytes().map(|byte| if byte.is_ascii() { byte } else { b'x' }).collect()
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
            self.copied += written.len();
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

pub(super) fn source<'a>(node: Node<'_>, text: &'a str) -> &'a str {
    text.get(node.byte_range()).unwrap_or_default()
}
