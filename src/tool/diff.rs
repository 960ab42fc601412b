//! What a change of a file looks like to a person.

use std::path::Path;

use super::limit;
use crate::acp::{Diff, ToolCallContent, deletion};

/// Lines kept around what changed where a diff must be cut.
const AROUND: usize = 3;

/// The change as a diff; of a very large one the part that changed, with a note before it. `old` is `None` for
/// a new file.
pub(super) fn of(path: &Path, old: Option<&str>, new: &str) -> Vec<ToolCallContent> {
    within(path, old, new, limit::DIFF)
}

/// The same in so many bytes as JSON writes them, for one of several that are shown together.
pub(super) fn within(path: &Path, old: Option<&str>, new: &str, most: usize) -> Vec<ToolCallContent> {
    let whole = limit::weight(new) + old.map_or(0, limit::weight);
    if whole <= most {
        return vec![diff(path, old, new)];
    }
    let (lines, old_part, new_part) = match old {
        Some(old) => changed(old, new),
        None => (0, None, new),
    };
    let (old_cut, old_rest) = old_part.map_or(("", ""), |part| limit::split(part, most / 2));
    let (new_cut, new_rest) = limit::split(new_part, most / 2);
    let left_out = old_rest.len() + new_rest.len();
    let cut =
        if left_out > 0 { format!(" and leaves {left_out} bytes of the change out") } else { String::new() };
    let note = format!("The file is large: the diff starts at line {}{cut}", lines + 1);
    vec![note.into(), diff(path, old_part.map(|_| old_cut), new_cut)]
}

/// The same of a file that will be gone.
pub(super) fn gone(path: &Path, old: Option<&str>, most: usize) -> Vec<ToolCallContent> {
    let marked = |part| match part {
        ToolCallContent::Diff(diff) => deletion(diff).into(),
        other => other,
    };
    within(path, old, "", most).into_iter().map(marked).collect()
}

fn diff(path: &Path, old: Option<&str>, new: &str) -> ToolCallContent {
    Diff::new(path, new).old_text(old.map(str::to_owned)).into()
}

/// How many lines come before, and what differs on either side.
fn changed<'a>(old: &'a str, new: &'a str) -> (usize, Option<&'a str>, &'a str) {
    let lines = |text: &'a str| text.split_inclusive('\n');
    let head: Vec<usize> = same(lines(old), lines(new)).collect();
    let skipped = head.len().saturating_sub(AROUND);
    let start = head.iter().take(skipped).sum();
    let (old, new) = (old.split_at(start).1, new.split_at(start).1);
    let end: usize = same(lines(old).rev(), lines(new).rev()).skip(AROUND).sum();
    (skipped, Some(old.split_at(old.len() - end).0), new.split_at(new.len() - end).0)
}

/// The lengths of the lines two texts have in common until they part.
fn same<'a>(
    old: impl Iterator<Item = &'a str>,
    new: impl Iterator<Item = &'a str>,
) -> impl Iterator<Item = usize> {
    old.zip(new).take_while(|(old, new)| old == new).map(|(line, _)| line.len())
}
