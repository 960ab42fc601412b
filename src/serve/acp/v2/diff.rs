//! Changes of files in the words of version 2: which file, what becomes of it, and Git's text of it.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::path::Path;

use similar::TextDiff;

use crate::acp::{Diff, is_deletion, v2};

/// Bytes of both sides of a change that is compared line by line.
const COMPARED: usize = 256 * 1024;

/// The change of one file. `part`: of a large one, whose line numbers are not known.
pub(super) fn of(diff: &Diff, part: bool) -> v2::Diff {
    let file = diff.path.clone();
    let (old, new) = (diff.old_text.as_deref(), diff.new_text.as_str());
    let change = match old {
        None => v2::DiffChange::add(file),
        Some(_) if is_deletion(diff) => v2::DiffChange::delete(file),
        Some(_) => v2::DiffChange::modify(file),
    };
    let large = old.map_or(0, str::len) + new.len() > COMPARED;
    let text = (!part && !large).then(|| v2::DiffPatch::new(patch(diff, old, new)));
    v2::Diff::new(vec![change.file_type(v2::DiffFileType::Text)]).with_patch(text)
}

fn patch(diff: &Diff, old: Option<&str>, new: &str) -> String {
    let (name, deleted) = (quoted(&diff.path), is_deletion(diff));
    // Git ends a name that holds a space with a tab, where it stands alone in its line.
    let alone = if name.contains(' ') { format!("{name}\t") } else { name.clone().into_owned() };
    let mut text = format!("diff --git {name} {name}\n");
    match old {
        None => text.push_str("new file mode 100644\n"),
        Some(_) if deleted => text.push_str("deleted file mode 100644\n"),
        Some(_) => {}
    }
    let nothing = "/dev/null".to_owned();
    let (from, to) = (if old.is_none() { &nothing } else { &alone }, if deleted { &nothing } else { &alone });
    let changes = TextDiff::from_lines(old.unwrap_or_default(), new);
    text.push_str(&changes.unified_diff().context_radius(3).header(from, to).to_string());
    text
}

/// The name as Git writes it: in quotes, and byte by byte where it is not plain.
fn quoted(path: &Path) -> Cow<'_, str> {
    let name = path.to_string_lossy();
    let plain = |byte: u8| (b' '..0x7f).contains(&byte) && byte != b'"' && byte != b'\\';
    if name.bytes().all(plain) {
        return name;
    }
    let mut text = String::from("\"");
    for byte in name.bytes() {
        match byte {
            b'"' => text.push_str("\\\""),
            b'\\' => text.push_str("\\\\"),
            b'\n' => text.push_str("\\n"),
            b'\t' => text.push_str("\\t"),
            b'\r' => text.push_str("\\r"),
            byte if plain(byte) => text.push(char::from(byte)),
            // Writing to a string cannot fail.
            byte => drop(write!(text, "\\{byte:03o}")),
        }
    }
    text.push('"');
    text.into()
}
