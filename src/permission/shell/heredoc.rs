//! Here-documents: whether the grammar saw them end where a shell ends them. It takes a line that only
//! starts with the mark, is indented or follows a backslash for the end, so that what a shell runs after the
//! document could look like a quoted string to it, or the other way round.

use super::tree::source;
use tree_sitter::Node;

/// Checks the documents of one text, in the order they stand in.
#[derive(Debug)]
pub(super) struct Documents<'a> {
    text: &'a str,
    lines: Vec<&'a str>,
    /// The line that opened the last one.
    opened: Option<usize>,
}

impl<'a> Documents<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let lines = if text.contains("<<") { text.split('\n').collect() } else { Vec::new() };
        Self { text, lines, opened: None }
    }

    /// Why the text cannot be relied on, for a node that is a `heredoc_redirect` of it.
    pub(super) fn fault(&mut self, node: Node<'_>) -> Option<&'static str> {
        let mut cursor = node.walk();
        let (mut mark, mut end, mut indented) = (None, None, false);
        for child in node.children(&mut cursor) {
            match child.kind() {
                "heredoc_start" => mark = Some(child),
                "heredoc_end" => end = Some(child.start_position().row),
                "<<-" => indented = true,
                _ => {}
            }
        }
        let Some(mark) = mark else { return Some("a here-document has no end mark") };
        let opened = mark.start_position().row;
        if self.opened.replace(opened) == Some(opened) {
            return Some("two here-documents are opened in one line");
        }
        let rest = self.text.get(mark.end_byte()..).unwrap_or_default();
        let whole = rest.chars().next().is_none_or(|next| " \t\n;&|<>()".contains(next));
        let Some((word, quoted)) = plain(source(mark, self.text)).filter(|_| whole) else {
            return Some("the end mark of a here-document is not a plain word");
        };
        let ends = self.end(opened + 1, word, indented, quoted);
        (ends.is_none() || ends != end).then_some("it is unclear where a here-document ends")
    }

    /// The line that ends a document starting at `first`; none if there is none or shells differ.
    fn end(&self, first: usize, mark: &str, indented: bool, quoted: bool) -> Option<usize> {
        let mut continues = false;
        for (row, line) in self.lines.iter().enumerate().skip(first) {
            let line = if indented { line.trim_start_matches('\t') } else { line };
            if continues && mark.ends_with(line.trim_end_matches('\\')) {
                return None;
            }
            if line == mark {
                return Some(row);
            }
            continues = !quoted && line.ends_with('\\');
        }
        None
    }
}

/// The mark without its quotes, and whether it had any. Only ASCII: to the grammar all else looks alike.
fn plain(written: &str) -> Option<(&str, bool)> {
    let inside = |quote| written.strip_prefix(quote)?.strip_suffix(quote);
    let bare = inside('\'').or_else(|| inside('"')).or_else(|| written.strip_prefix('\\'));
    let word = bare.unwrap_or(written);
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
    (!word.is_empty() && word.bytes().all(is_plain)).then_some((word, bare.is_some()))
}
