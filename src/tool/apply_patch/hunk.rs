//! The hunks of one file: where they belong and what comes of them.

use tokio_util::sync::CancellationToken;

use super::seek::{Seek, Where};
use crate::tool::edit::{Wanted, explain};
use crate::tool::{label, limit};

/// One run of lines to change.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Hunk {
    /// Lines that stand above it, outermost first: what follows `@@`.
    pub(super) anchors: Vec<String>,
    /// Where a unified diff says it begins in the old file, counted from 1; a hint where lines were miscounted.
    pub(super) line: Option<usize>,
    pub(super) lines: Vec<Line>,
    /// It stands at the end of the file.
    pub(super) at_end: bool,
    /// Whether the file ends with a line feed afterwards, if the patch says so and this is its end.
    pub(super) newline: Option<bool>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Line {
    Keep(String),
    Cut(String),
    Add(String),
}

/// Lines of the file that are taken out, and what is put in their place.
struct Splice<'a> {
    start: usize,
    length: usize,
    lines: Vec<&'a str>,
}

impl Hunk {
    /// What it is recognised by in a message: ` (@@ fn main)`.
    pub(super) fn heading(&self) -> String {
        match (self.anchors.last(), self.line) {
            (Some(anchor), _) => format!(" (@@ {})", label::line(anchor.trim(), 80)),
            (None, Some(line)) => format!(" (at line {line})"),
            (None, None) => String::new(),
        }
    }

    /// The lines it expects in the file.
    pub(super) fn old(&self) -> Vec<&str> {
        let old = |line: &'_ Line| !matches!(line, Line::Add(_));
        self.lines.iter().filter(|line| old(line)).map(Line::text).collect()
    }

    fn new_lines(&self) -> Vec<&str> {
        let new = |line: &'_ Line| !matches!(line, Line::Cut(_));
        self.lines.iter().filter(|line| new(line)).map(Line::text).collect()
    }

    /// What comes in place of `found`: kept lines as the file has them.
    fn splice<'a>(&'a self, start: usize, found: &[&'a str]) -> Splice<'a> {
        let mut there = found.iter().copied();
        let mut lines = Vec::new();
        for line in &self.lines {
            match line {
                Line::Keep(_) => lines.extend(there.next()),
                Line::Cut(_) => drop(there.next()),
                Line::Add(text) => lines.push(text.as_str()),
            }
        }
        Splice { start, length: found.len(), lines }
    }

    /// The first line of the file that changes, counted from 1.
    fn first_change(&self, start: usize) -> usize {
        start + self.lines.iter().take_while(|line| matches!(line, Line::Keep(_))).count() + 1
    }
}

impl Line {
    pub(super) fn text(&self) -> &str {
        match self {
            Self::Keep(text) | Self::Cut(text) | Self::Add(text) => text,
        }
    }
}

/// A text after all hunks, and the lines of the text before where they change it.
type Applied = (String, Vec<usize>);

/// Applies the hunks of one file; or says for each that does not fit its number and why.
pub(super) fn apply(
    text: &str,
    hunks: &[Hunk],
    stop: &CancellationToken,
) -> Result<Applied, Vec<(usize, String)>> {
    let body = text.strip_suffix('\n');
    let mut newline = body.is_some() || text.is_empty();
    let lines: Vec<&str> =
        if text.is_empty() { Vec::new() } else { body.unwrap_or(text).split('\n').collect() };
    let (mut cursor, mut splices, mut changed, mut misfits) = (0, Vec::new(), Vec::new(), Vec::new());
    for (number, hunk) in hunks.iter().enumerate() {
        if stop.is_cancelled() || misfits.len() >= limit::MISFITS {
            break;
        }
        match (Seek { lines: &lines, from: cursor, stop }).place(hunk) {
            Ok(Where { start, length }) => {
                cursor = start + length;
                if cursor >= lines.len() {
                    newline = hunk.newline.unwrap_or(newline);
                }
                changed.push(hunk.first_change(start));
                splices.push(hunk.splice(start, lines.get(start..cursor).unwrap_or_default()));
            }
            Err(why) => misfits.push((
                number,
                why.unwrap_or_else(|| misfit(text, hunk, Seek { lines: &lines, from: cursor, stop })),
            )),
        }
    }
    if !misfits.is_empty() {
        return Err(misfits);
    }
    let mut new: Vec<&str> = Vec::with_capacity(lines.len());
    let mut taken = 0;
    for splice in splices {
        new.extend(lines.get(taken..splice.start).unwrap_or_default());
        new.extend(splice.lines);
        taken = splice.start + splice.length;
    }
    new.extend(lines.get(taken..).unwrap_or_default());
    let end = if newline && !new.is_empty() { "\n" } else { "" };
    Ok((new.join("\n") + end, changed))
}

/// Why the lines of a hunk were not found from there on.
fn misfit(text: &str, hunk: &Hunk, seek: Seek<'_>) -> String {
    let anywhere = Seek { from: 0, ..seek };
    let old = hunk.old();
    if let Some(at) = anywhere.block(&old).filter(|at| *at < seek.from) {
        return format!(
            "its lines stand at line {}, above the end of the hunk before it; give hunks in the order of the file",
            at + 1
        );
    }
    let adds = hunk.lines.iter().any(|line| matches!(line, Line::Add(text) if !text.trim().is_empty()));
    if let Some(at) = anywhere.block(&hunk.new_lines()).filter(|_| adds) {
        return format!("it seems to be applied already: its result stands at line {}", at + 1);
    }
    explain(text, &Wanted { text: &old.join("\n"), name: "what it changes" })
}
