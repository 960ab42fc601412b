//! Patches between `*** Begin Patch` and `*** End Patch`.

use std::iter::Peekable;
use std::slice::Iter;

use super::hunk::{Hunk, Line};
use super::unified::Span;
use super::{Change, FilePatch};
use crate::tool::label;

pub(super) const BEGIN: &str = "*** Begin Patch";
const END: &str = "*** End Patch";
const ADD: &str = "*** Add File:";
const DELETE: &str = "*** Delete File:";
const UPDATE: &str = "*** Update File:";
const MOVE: &str = "*** Move to:";
const END_OF_FILE: &str = "*** End of File";

/// Lines with their numbers, counted from 0.
type Lines<'a> = Peekable<std::iter::Enumerate<Iter<'a, &'a str>>>;

/// Reads what stands below the line `begin`. What stands behind the end (a fence, the end of a here-document) does
/// not matter; that there is an end does, as a patch may be cut off.
pub(super) fn parse(lines: &[&str], begin: usize) -> Result<Vec<FilePatch>, String> {
    let Some(end) = lines.iter().rposition(|line| line.trim() == END).filter(|end| *end > begin) else {
        return Err(format!("has no line `{END}`: it may be cut off"));
    };
    let mut patches = Vec::new();
    let inner = lines.get(..end).unwrap_or_default();
    let mut rest = inner.iter().enumerate().peekable();
    rest.by_ref().take(begin + 1).for_each(drop);
    while let Some((number, line)) = rest.next() {
        if line.trim().is_empty() {
            continue;
        }
        let named = |word: &str| line.strip_prefix(word).map(|path| path.trim().to_owned());
        let (path, change) = if let Some(path) = named(ADD) {
            (path, Change::Add(added(&mut rest)?))
        } else if let Some(path) = named(DELETE) {
            (path, Change::Delete)
        } else if let Some(path) = named(UPDATE) {
            (path, update(&mut rest)?)
        } else {
            return Err(format!(
                "line {}: expected `{ADD}`, `{DELETE}` or `{UPDATE}` and a path, found `{}`",
                number + 1,
                label::line(line, 80)
            ));
        };
        if path.is_empty() {
            return Err(format!("line {}: there is no path", number + 1));
        }
        patches.push(FilePatch { path, change });
    }
    Ok(patches)
}

fn is_heading(line: &str) -> bool {
    [ADD, DELETE, UPDATE].iter().any(|word| line.starts_with(word))
}

fn added(rest: &mut Lines<'_>) -> Result<String, String> {
    let mut text = String::new();
    while let Some((number, line)) = rest.next_if(|(_, line)| !is_heading(line)) {
        match line.strip_prefix('+') {
            Some(line) => {
                text.push_str(line);
                text.push('\n');
            }
            None if line.trim().is_empty() => {}
            None => {
                let line = label::line(line, 80);
                return Err(format!("line {}: lines of a new file begin with `+`, not `{line}`", number + 1));
            }
        }
    }
    Ok(text)
}

fn update(rest: &mut Lines<'_>) -> Result<Change, String> {
    let to = rest.next_if(|(_, line)| line.starts_with(MOVE));
    let to = to.and_then(|(_, line)| line.strip_prefix(MOVE)).map(|path| path.trim().to_owned());
    // The heading of a unified diff says nothing more.
    rest.next_if(|(_, line)| line.starts_with("--- "));
    rest.next_if(|(_, line)| line.starts_with("+++ "));
    let mut hunks: Vec<Hunk> = Vec::new();
    let mut open = false;
    while let Some((number, line)) = rest.next_if(|(_, line)| !is_heading(line)) {
        if let Some(anchor) = line.strip_prefix("@@") {
            if !open || hunks.last().is_none_or(|hunk| !hunk.lines.is_empty()) {
                hunks.push(Hunk::default());
            }
            if let Some(hunk) = hunks.last_mut() {
                head(hunk, anchor);
            }
            open = true;
            continue;
        }
        if !open {
            hunks.push(Hunk::default());
            open = true;
        }
        let Some(hunk) = hunks.last_mut() else { continue };
        if line.trim_end() == END_OF_FILE {
            hunk.at_end = true;
            open = false;
        } else {
            let line = hunk_line(line).ok_or_else(|| {
                let line = label::line(line, 80);
                format!("line {}: a line of a hunk begins with a space, `-` or `+`, not `{line}`", number + 1)
            })?;
            hunk.lines.push(line);
        }
    }
    hunks.retain(|hunk| hunk.lines.iter().any(|line| !matches!(line, Line::Keep(_))));
    if hunks.is_empty() && to.is_none() {
        return Err("has an update without a line to add or to remove".to_owned());
    }
    Ok(Change::Update { to, hunks })
}

/// What stands behind `@@`: a line above, or line numbers as in a unified diff.
fn head(hunk: &mut Hunk, anchor: &str) {
    if let Some(span) = Span::parse(anchor) {
        hunk.line = Some(span.start);
        return;
    }
    let anchor = anchor.strip_prefix(' ').unwrap_or(anchor);
    let anchor = anchor.strip_suffix("@@").unwrap_or(anchor);
    if !anchor.trim().is_empty() {
        hunk.anchors.push(anchor.to_owned());
    }
}

/// A line with its mark; without any it can only be an empty one.
pub(super) fn hunk_line(line: &str) -> Option<Line> {
    let mut chars = line.chars();
    let mark = chars.next();
    let text = chars.as_str().to_owned();
    match mark {
        None => Some(Line::Keep(String::new())),
        Some(' ') => Some(Line::Keep(text)),
        Some('-') => Some(Line::Cut(text)),
        Some('+') => Some(Line::Add(text)),
        Some(_) => None,
    }
}
