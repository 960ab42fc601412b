//! Finding the lines of a hunk in a file, as they are written or nearly so.

use tokio_util::sync::CancellationToken;

use super::hunk::{Hunk, Line};
use crate::tool::edit::plain;
use crate::tool::label;

/// Where to look: the lines of a file, from one of them on.
#[derive(Clone, Copy)]
pub(super) struct Seek<'a> {
    pub(super) lines: &'a [&'a str],
    pub(super) from: usize,
    pub(super) stop: &'a CancellationToken,
}

/// Where a hunk belongs.
pub(super) struct Where {
    pub(super) start: usize,
    pub(super) length: usize,
}

/// Lines that are looked at before it is asked whether to stop.
const CHECKED: usize = 1024;

/// When two lines are taken for the same, the strictest first.
type Same = fn(&str, &str) -> bool;

const LEVELS: [Same; 4] = [
    |a, b| a == b,
    |a, b| a.trim_end() == b.trim_end(),
    |a, b| a.trim() == b.trim(),
    |a, b| a.trim().chars().map(plain).eq(b.trim().chars().map(plain)),
];

impl Seek<'_> {
    /// Where the hunk belongs; `Err(None)` if its lines are not there, else what is wrong.
    pub(super) fn place(&self, hunk: &Hunk) -> Result<Where, Option<String>> {
        let mut from = self.from;
        let mut anchored = None;
        for anchor in &hunk.anchors {
            let found = Self { from, ..*self }.anchor(anchor);
            let at = found.ok_or_else(|| {
                let shown = label::line(anchor.trim(), 80);
                let below = if from > 0 { format!(" below line {from}") } else { String::new() };
                Some(format!("there is no line `{shown}`{below}; give a line of the file after `@@`"))
            })?;
            (from, anchored) = (at, Some(at));
        }
        let old = hunk.old();
        let count = self.lines.len();
        if old.is_empty() {
            let start = match (anchored, hunk.line) {
                _ if hunk.at_end => count,
                (Some(at), _) => at + 1,
                (None, Some(line)) => line.clamp(self.from, count.max(self.from)),
                (None, None) => count,
            };
            return Ok(Where { start, length: 0 });
        }
        let seek = Self { from, ..*self };
        // A blank line between hunks reads as an empty line of the file.
        let padded = matches!(hunk.lines.last(), Some(Line::Keep(text)) if text.is_empty()) && old.len() > 1;
        let shorter = old.get(..old.len() - 1).filter(|_| padded);
        let found = [Some(old.as_slice()), shorter].into_iter().flatten().find_map(|old| {
            let start = seek.nearest(old, hunk)?;
            Some(Where { start, length: old.len() })
        });
        found.ok_or(None)
    }

    /// The first place of these lines at the strictest level at which there is one.
    pub(super) fn block(&self, old: &[&str]) -> Option<usize> {
        LEVELS.iter().find_map(|same| self.all(old, *same).next())
    }

    /// At the strictest level: the end of the file if the hunk stands there, else nearest to the line that a
    /// unified diff tells, else the first.
    fn nearest(&self, old: &[&str], hunk: &Hunk) -> Option<usize> {
        let end = self.lines.len().checked_sub(old.len()).filter(|_| hunk.at_end);
        LEVELS.iter().find_map(|same| {
            let mut places = self.all(old, *same);
            match (end, hunk.line) {
                (Some(end), _) => {
                    let mut last = None;
                    places.by_ref().take_while(|at| *at <= end).for_each(|at| last = Some(at));
                    last
                }
                (None, Some(line)) => places.min_by_key(|at| (at + 1).abs_diff(line)),
                (None, None) => places.next(),
            }
        })
    }

    fn all<'b>(&'b self, old: &'b [&'b str], same: Same) -> impl Iterator<Item = usize> + 'b {
        let ends = (self.lines.len() + 1).saturating_sub(old.len().max(1));
        let goes_on = |start: &usize| !start.is_multiple_of(CHECKED) || !self.stop.is_cancelled();
        (self.from..ends).take_while(goes_on).filter(move |start| {
            let there = self.lines.get(*start..start + old.len()).unwrap_or_default();
            !old.is_empty() && there.iter().zip(old).all(|(a, b)| same(a, b))
        })
    }

    /// A line that is the anchor, or failing that one that holds it.
    fn anchor(&self, anchor: &str) -> Option<usize> {
        let wanted = anchor.trim();
        let holds = || {
            let mut rest = self.lines.iter().enumerate().skip(self.from);
            rest.find(|(_, line)| !wanted.is_empty() && line.contains(wanted)).map(|(at, _)| at)
        };
        self.block(&[anchor]).or_else(holds)
    }
}
