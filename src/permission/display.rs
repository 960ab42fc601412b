//! Text as a person can check it: what does not show is made to show.

use std::fmt::Write as _;

/// Longest text that is shown whole, in characters.
pub const MAX_SHOWN: usize = 2_000;
/// Characters kept at each end of a longer text.
const END_SHOWN: usize = 900;

/// A text with every character that hides or reorders others written as `<U+XXXX>`: control
/// characters except newline, bidirectional marks, zero-width characters and all spaces but the plain
/// one. More than [`MAX_SHOWN`] characters become the head, a line with the full length, and the tail.
pub fn escape_for_display(text: &str) -> String {
    let length = text.chars().count();
    if length <= MAX_SHOWN {
        return escape(text.chars());
    }
    let head = escape(text.chars().take(END_SHOWN));
    let tail = escape(text.chars().skip(length - END_SHOWN));
    let left_out = length - 2 * END_SHOWN;
    format!("{head}\n… {left_out} of {length} characters are not shown …\n{tail}")
}

/// The first line of a text, escaped, at most `most` characters of it.
pub(super) fn brief(text: &str, most: usize) -> String {
    let line = text.trim().lines().next().unwrap_or_default();
    let shown = escape(line.chars().take(most));
    if line.len() < text.trim().len() || line.chars().count() > most { format!("{shown}…") } else { shown }
}

/// Whether a character cannot be seen as itself: control, format, invisible or a foreign space.
pub(super) fn is_hidden(c: char) -> bool {
    c.is_control()
        || (c.is_whitespace() && c != ' ')
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0d}' | '\u{feff}'
            | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

fn escape(text: impl Iterator<Item = char>) -> String {
    let mut out = String::new();
    for c in text {
        if is_hidden(c) && c != '\n' {
            // Writing to a String cannot fail.
            write!(out, "<U+{:04X}>", u32::from(c)).unwrap_or_default();
        } else {
            out.push(c);
        }
    }
    out
}
