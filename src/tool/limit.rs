//! What one call may cost and how much of what it found is passed on.

use std::borrow::Cow;
use std::time::Duration;

use crate::workspace::MAX_SPILL;

/// Bytes of text in one output, as JSON writes them, so that no update of a client passes 64 KiB.
pub(super) const TEXT: usize = 48 * 1024;
/// Of these, what is kept free for notes about what was left out.
const NOTES: usize = 1024;
/// Characters of one line of a file.
pub(super) const LINE: usize = 2000;
/// Lines of a file in one output.
pub(super) const LINES: usize = 2000;
/// Bytes of a file that is handled whole: read with a fingerprint, changed, written.
pub(super) const FILE: u64 = 10 * 1024 * 1024;
/// Bytes of a larger file that are passed over to find a line.
pub(super) const SCAN: u64 = 256 * 1024 * 1024;
/// Bytes of an image.
pub(super) const IMAGE: u64 = 5 * 1024 * 1024;
/// Bytes of an image that still fits into one update, which is a third longer as base64.
pub const IMAGE_SHOWN: usize = 700 * 1024;
/// Bytes of both sides of a diff, as JSON writes them.
pub(super) const DIFF: usize = 768 * 1024;
/// Files in one change, their bytes together, and edits or hunks.
pub(super) const CHANGED: usize = 100;
pub(super) const DRAFT: u64 = 64 * 1024 * 1024;
pub(super) const EDITS: usize = 500;
/// Bytes of a patch.
pub(super) const PATCH: usize = 2 * 1024 * 1024;
/// Misfits that are told at once.
pub(super) const MISFITS: usize = 10;

/// Entries and paths in one output.
pub(super) const ENTRIES: usize = 500;
/// Entries that a walk looks at to list them.
pub(super) const LISTED: usize = 50_000;
/// Paths that a walk remembers to sort them.
pub(super) const PATHS: usize = 200_000;
/// Matching lines in one output: unless told otherwise, and at most.
pub(super) const MATCHES: usize = 200;
pub(super) const MAX_MATCHES: usize = 2000;
/// Lines around a match.
pub(super) const CONTEXT: usize = 20;
/// Characters of one matching line.
pub(super) const MATCH_LINE: usize = 500;
/// Bytes that a search reads in all.
pub(super) const SEARCHED: u64 = 2 * 1024 * 1024 * 1024;
/// Bytes of one line, and of the memory a search needs for one file.
pub(super) const SEARCH_LINE: usize = 8 * 1024 * 1024;
/// Characters of a search pattern and bytes of the automaton made from it.
pub(super) const PATTERN: usize = 2000;
pub(super) const AUTOMATON: usize = 1024 * 1024;
/// Groups within each other in a regular expression, and braces in a path pattern.
pub(super) const GROUPS: u32 = 50;
pub(super) const NESTING: usize = 10;
/// How long a walk may take.
pub(super) const TIME: Duration = Duration::from_secs(10);

/// Skills, bytes of one's instructions, and names of its files in one output.
pub(super) const SKILLS: usize = 64;
pub(super) const SKILL: u64 = 1024 * 1024;
pub(super) const SKILL_FILES: usize = 100;

/// Seconds a command may run: unless told otherwise, and at most.
pub(super) const COMMAND: u64 = 120;
pub(super) const MAX_COMMAND: u64 = 600;

/// Fields of a form, choices of one field, and characters of what is asked.
pub(super) const FORM: usize = 20;
pub(super) const CHOICES: usize = 50;
pub(super) const ASKED: usize = 2000;
/// Characters of a name, a title or a choice in a form.
pub(super) const FORM_LABEL: usize = 200;
/// How long loading a page may take, bytes of it, and redirects on the way.
pub(super) const FETCH_TIME: Duration = Duration::from_secs(30);
pub(super) const BODY: usize = 5 * 1024 * 1024;
pub(super) const REDIRECTS: usize = 10;

/// Entries of a plan, and characters of one.
pub(super) const PLAN: usize = 50;
pub(super) const PLAN_ENTRY: usize = 300;

/// The bytes a text takes inside a JSON string.
pub(super) fn weight(text: &str) -> usize {
    text.bytes().map(weight_of).sum()
}

fn weight_of(byte: u8) -> usize {
    match byte {
        b'"' | b'\\' | b'\n' | b'\r' | b'\t' | 0x08 | 0x0c => 2,
        0..0x20 => 6,
        _ => 1,
    }
}

/// The longest beginning of a text within a weight, and the rest.
pub(super) fn split(text: &str, limit: usize) -> (&str, &str) {
    let mut weight = 0;
    let mut fits = |byte: u8| {
        weight += weight_of(byte);
        weight <= limit
    };
    let end = text.bytes().take_while(|byte| fits(*byte)).count();
    text.split_at(text.floor_char_boundary(end))
}

/// A line of at most so many characters, with a word about what is missing.
pub(super) fn cut(line: &str, limit: usize) -> Cow<'_, str> {
    match line.char_indices().nth(limit) {
        None => Cow::Borrowed(line),
        Some((end, _)) => {
            let (kept, rest) = line.split_at(end);
            Cow::Owned(format!("{kept}… [{} more characters]", rest.chars().count()))
        }
    }
}

/// Whether a text can be passed on whole.
pub(super) fn fits(text: &str) -> bool {
    weight(text) <= TEXT - NOTES
}

/// A text, or the beginning and the end of one that is too long for one output.
pub(super) fn middle(text: &str) -> String {
    if fits(text) {
        return text.to_owned();
    }
    let limit = TEXT - NOTES;
    let (head, rest) = split(text, limit / 2);
    let mut left = limit / 2;
    let start = rest
        .char_indices()
        .rev()
        .take_while(|(_, char)| {
            let weight = if char.is_ascii() { weight_of(*char as u8) } else { char.len_utf8() };
            left.checked_sub(weight).map(|now| left = now).is_some()
        })
        .last()
        .map_or(rest.len(), |(at, _)| at);
    let (gone, tail) = rest.split_at(start);
    format!("{head}\n… {} bytes omitted …\n{tail}", gone.len())
}

/// Lines gathered until one output is full.
#[derive(Debug)]
pub(super) struct Page {
    text: String,
    weight: usize,
    room: usize,
}

impl Default for Page {
    fn default() -> Self {
        Self { text: String::new(), weight: 0, room: TEXT - NOTES }
    }
}

impl Page {
    /// One for a file, in which there is room for more.
    pub(super) fn whole() -> Self {
        Self { room: MAX_SPILL as usize, ..Self::default() }
    }

    /// Adds a line, unless it no longer fits.
    pub(super) fn push(&mut self, line: &str) -> bool {
        let weight = self.weight + weight(line) + 2;
        if weight > self.room {
            return false;
        }
        self.weight = weight;
        self.text.push_str(line);
        self.text.push('\n');
        true
    }

    /// Adds a short line about what was left out, for which there is always room.
    pub(super) fn note(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    pub(super) fn into_text(self) -> String {
        self.text
    }
}
