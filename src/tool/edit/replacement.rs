//! Finding a text in another and putting a third in its place.

use super::mismatch::{self, Wanted};
use super::{ALL, NEW, OLD};
use crate::tool::change::Sheet;
use crate::tool::input::Fields;
use crate::tool::output::Failure;

/// The shortest text, in bytes, that is taken for a change made before when it is found.
const TELLING: usize = 8;
/// How many line numbers a message lists.
const LISTED: usize = 10;

/// What to replace, by what. Lines end with a line feed.
#[derive(Debug)]
pub(in crate::tool) struct Replacement {
    old: String,
    new: String,
    all: bool,
}

impl Replacement {
    /// Reads it from the fields of an input.
    pub(in crate::tool) fn take(fields: &mut Fields) -> Result<Self, Failure> {
        let (old, new, all) = (fields.text(OLD)?, fields.text(NEW)?, fields.flag(ALL)?);
        Self::new(&old, &new, all).map_err(Failure)
    }

    /// Changes a file that is being worked on; or says why it does not fit.
    pub(in crate::tool) fn apply_to(&self, sheet: &mut Sheet) -> Result<(), Failure> {
        let name = sheet.name().to_owned();
        let (text, lines) = self.apply(sheet.text()?).map_err(|why| Failure(format!("{name}: {why}")))?;
        sheet.change(text, &lines);
        Ok(())
    }

    pub(in crate::tool) fn new(old: &str, new: &str, all: bool) -> Result<Self, String> {
        let (old, new) = (old.replace("\r\n", "\n"), new.replace("\r\n", "\n"));
        if old.is_empty() {
            return Err("`old_text` is empty; use `write` to set a whole file".to_owned());
        }
        if old == new {
            return Err("`old_text` and `new_text` are the same; nothing would change".to_owned());
        }
        Ok(Self { old, new, all })
    }

    /// The text after it, and the lines (in the text before) where the old one was found; or why it cannot be.
    pub(in crate::tool) fn apply(&self, text: &str) -> Result<(String, Vec<usize>), String> {
        let lines = self.lines(text);
        match lines.as_slice() {
            [] => Err(self.explain(text)),
            [_] if self.all || text.find(&self.old) == text.rfind(&self.old) => {
                Ok((text.replacen(&self.old, &self.new, 1), lines))
            }
            _ if self.all => Ok((text.replace(&self.old, &self.new), lines)),
            [line] => Err(format!(
                "`old_text` overlaps itself from line {line} on; give more of the text around it"
            )),
            many => Err(format!(
                "`old_text` occurs {} times, at lines {}; give more lines around the one you mean, or set \
                 `replace_all`",
                many.len(),
                listed(many)
            )),
        }
    }

    fn explain(&self, text: &str) -> String {
        let made = text.find(&self.new).filter(|_| self.new.trim().len() >= TELLING);
        if let Some(at) = made {
            let before = text.get(..at).unwrap_or_default();
            let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
            return format!(
                "`old_text` was not found, and `new_text` is there already, at line {line}: this edit seems to be made"
            );
        }
        mismatch::explain(text, &Wanted { text: &self.old, name: "`old_text`" })
    }

    fn lines(&self, text: &str) -> Vec<usize> {
        let (mut line, mut counted) = (1, 0);
        let number = |at: usize| {
            let between = text.get(counted..at).unwrap_or_default();
            line += memchr::memchr_iter(b'\n', between.as_bytes()).count();
            counted = at;
            line
        };
        text.match_indices(&self.old).map(|(at, _)| at).map(number).collect()
    }
}

/// `3, 9, 12 and 4 more`.
pub(in crate::tool) fn listed(lines: &[usize]) -> String {
    let shown: Vec<String> = lines.iter().take(LISTED).map(usize::to_string).collect();
    let more = lines.len() - shown.len();
    if more > 0 { format!("{} and {more} more", shown.join(", ")) } else { shown.join(", ") }
}
