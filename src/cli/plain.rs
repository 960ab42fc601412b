//! Text for a terminal: what comes from files, models and commands must not be obeyed by it.

use crate::permission::{MAX_SHOWN, escape_for_display};

/// Text without what a terminal obeys or what reorders it: control characters but newlines and tabs, and
/// bidirectional marks.
pub(super) fn clean(text: &str) -> String {
    text.chars().filter(|c| matches!(c, '\n' | '\t') || !(c.is_control() || is_direction(*c))).collect()
}

fn is_direction(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Text that somebody judges, in full: what hides is written as `<U+XXXX>`, newlines and tabs are kept.
pub(super) fn visible(text: &str) -> String {
    let characters: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    for piece in characters.split_inclusive(|c| *c == '\t') {
        let (piece, tab) = match piece.split_last() {
            Some(('\t', piece)) => (piece, "\t"),
            _ => (piece, ""),
        };
        // Escaped in pieces, because a longer text would lose its middle.
        for piece in piece.chunks(MAX_SHOWN) {
            out += &escape_for_display(&piece.iter().collect::<String>());
        }
        out += tab;
    }
    out
}

/// A name, a title or a path, on one line.
pub(super) fn one_line(text: &str) -> String {
    escape_for_display(text).replace('\n', "<U+000A>")
}
