//! Names and commands as a person reads them: nothing in them can hide, reorder or end the line.

use std::fmt::Write;
use std::path::Path;

use crate::workspace::Workspace;

/// A path as short as it can be given back: relative to the working directory where it is below it.
pub(super) fn path(workspace: &Workspace, path: &Path) -> String {
    match path.strip_prefix(workspace.cwd()) {
        Ok(inside) if inside.as_os_str().is_empty() => ".".to_owned(),
        Ok(inside) => visible(&inside.to_string_lossy(), false),
        Err(_) => visible(&path.to_string_lossy(), false),
    }
}

/// One line of at most so many characters.
pub fn line(text: &str, limit: usize) -> String {
    let mut line: String = visible(text, false);
    if let Some((end, _)) = line.char_indices().nth(limit) {
        line.truncate(end);
        line.push('…');
    }
    line
}

/// The text with characters that do not show written as `\u{…}`; with `lines`, line feeds and tabs stay.
pub(super) fn visible(text: &str, lines: bool) -> String {
    let mut shown = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '\n' | '\t' if lines => shown.push(char),
            '\n' => shown.push_str("\\n"),
            '\t' => shown.push_str("\\t"),
            '\r' => shown.push_str("\\r"),
            _ if hides(char) => {
                // Writing to a string does not fail.
                write!(shown, "{}", char.escape_unicode()).ok();
            }
            _ => shown.push(char),
        }
    }
    shown
}

fn hides(char: char) -> bool {
    char.is_control()
        || matches!(char, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{feff}')
        || matches!(char, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}')
        || matches!(char, '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// A size in the unit that suits it.
pub(super) fn size(bytes: u64) -> String {
    const UNITS: [(&str, u64); 3] = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];
    match UNITS.iter().find(|(_, unit)| bytes >= *unit) {
        Some((name, unit)) => format!("{:.1} {name}", bytes as f64 / *unit as f64),
        None => count(bytes as usize, "byte", "bytes"),
    }
}

/// `1 file`, `2 files`.
pub(super) fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}
