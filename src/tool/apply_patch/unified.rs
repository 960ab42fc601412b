//! Unified diffs, as `diff -u` and `git diff` write them.

use super::envelope::hunk_line;
use super::hunk::{Hunk, Line};
use super::{Change, FilePatch};
use crate::tool::label;

const NOTHING: &str = "/dev/null";

/// The numbers of a hunk's heading: `-3,4 +3,5`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    /// The first line in the old file, counted from 1.
    pub(super) start: usize,
    old: usize,
    new: usize,
}

impl Span {
    /// Reads what follows the first `@@`.
    pub(super) fn parse(heading: &str) -> Option<Self> {
        let mut words = heading.split_whitespace();
        let (start, old) = range(words.next()?.strip_prefix('-')?)?;
        let (_, new) = range(words.next()?.strip_prefix('+')?)?;
        words.next().filter(|word| word.starts_with("@@"))?;
        Some(Self { start, old, new })
    }
}

fn range(text: &str) -> Option<(usize, usize)> {
    let (start, count) = text.split_once(',').unwrap_or((text, "1"));
    Some((start.parse().ok()?, count.parse().ok()?))
}

/// Whether these lines hold the heading of a file.
pub(super) fn is_one(lines: &[&str]) -> bool {
    lines.windows(2).any(|pair| matches!(pair, [a, b] if a.starts_with("--- ") && b.starts_with("+++ ")))
        || lines.iter().any(|line| line.starts_with("diff --git "))
}

/// One file of the diff while it is read.
#[derive(Debug, Default)]
struct Section {
    old: Option<String>,
    new: Option<String>,
    renamed: bool,
    hunks: Vec<Hunk>,
    /// Lines that the last hunk still has on either side, by its own count.
    left: (usize, usize),
}

pub(super) fn parse(lines: &[&str]) -> Result<Vec<FilePatch>, String> {
    let mut patches = Vec::new();
    let mut section = Section::default();
    for (at, line) in lines.iter().enumerate() {
        let next = lines.get(at + 1).copied().unwrap_or_default();
        let in_hunk = section.left.0 > 0 || section.left.1 > 0;
        let heads = line.starts_with("--- ") && next.starts_with("+++ ") && !in_hunk;
        if line.starts_with("diff --git ") || heads && !section.hunks.is_empty() {
            patches.extend(std::mem::take(&mut section).finish()?);
        }
        section.take(line, heads).map_err(|why| format!("line {}: {why}", at + 1))?;
    }
    patches.extend(section.finish()?);
    Ok(patches)
}

impl Section {
    fn take(&mut self, line: &str, heads: bool) -> Result<(), String> {
        if let Some(heading) = line.strip_prefix("@@") {
            let span = Span::parse(heading).ok_or("a hunk begins with `@@ -line,count +line,count @@`")?;
            self.left = (span.old, span.new);
            self.hunks.push(Hunk { line: Some(span.start), ..Hunk::default() });
            return Ok(());
        }
        if heads && self.hunks.is_empty() {
            self.old = line.strip_prefix("--- ").map(path);
            return Ok(());
        }
        let Some(hunk) = self.hunks.last_mut() else {
            return self.heading(line);
        };
        if line.starts_with('\\') {
            hunk.newline = Some(matches!(hunk.lines.last(), Some(Line::Cut(_))));
            return Ok(());
        }
        let counted = self.left.0 > 0 || self.left.1 > 0;
        let Some(parsed) = hunk_line(line) else {
            // Behind the last hunk there may be anything, such as the end of a mail.
            let shown = label::line(line, 80);
            return if counted {
                Err(format!("`{shown}` begins with none of space, `-` and `+`"))
            } else {
                Ok(())
            };
        };
        if !counted && matches!(parsed, Line::Keep(_)) {
            return Ok(());
        }
        let (old, new) = (!matches!(parsed, Line::Add(_)), !matches!(parsed, Line::Cut(_)));
        self.left.0 = self.left.0.saturating_sub(usize::from(old));
        self.left.1 = self.left.1.saturating_sub(usize::from(new));
        hunk.lines.push(parsed);
        Ok(())
    }

    /// A line before the first hunk.
    fn heading(&mut self, line: &str) -> Result<(), String> {
        if let Some(name) = line.strip_prefix("+++ ") {
            self.new = Some(path(name));
            self.strip();
        } else if let Some(name) = line.strip_prefix("rename from ") {
            (self.old, self.renamed) = (Some(name.trim().to_owned()), true);
        } else if let Some(name) = line.strip_prefix("rename to ") {
            self.new = Some(name.trim().to_owned());
        } else if let Some(name) = line.strip_prefix("copy to ") {
            let name = label::line(name.trim(), 80);
            return Err(format!("a copy is no change that can be made: add {name} with its whole text"));
        } else if let Some(names) = line.strip_prefix("diff --git a/") {
            // Stands alone where an empty file comes or goes.
            if let Some((old, new)) = names.split_once(" b/") {
                (self.old, self.new) = (Some(old.to_owned()), Some(new.to_owned()));
            }
        } else if line.starts_with("new file mode") {
            self.old = Some(NOTHING.to_owned());
        } else if line.starts_with("deleted file mode") {
            self.new = Some(NOTHING.to_owned());
        }
        Ok(())
    }

    /// Takes off what git puts in front of both paths.
    fn strip(&mut self) {
        let (Some(old), Some(new)) = (&self.old, &self.new) else { return };
        let bare = |path: &str, prefix: &str| match path {
            NOTHING => Some(path.to_owned()),
            _ => path.strip_prefix(prefix).map(str::to_owned),
        };
        if let (Some(old), Some(new)) = (bare(old, "a/"), bare(new, "b/")) {
            (self.old, self.new) = (Some(old), Some(new));
        }
    }

    fn finish(self) -> Result<Option<FilePatch>, String> {
        let Self { old, new, renamed, hunks, .. } = self;
        let (Some(old), Some(new)) = (old, new) else {
            return if hunks.is_empty() {
                Ok(None)
            } else {
                Err("has a hunk without `--- path` and `+++ path` above it".to_owned())
            };
        };
        let patch = |path, change| Ok(Some(FilePatch { path, change }));
        match (old.as_str(), new.as_str()) {
            (NOTHING, _) => {
                let added = hunks.iter().flat_map(|hunk| &hunk.lines).filter(|it| matches!(it, Line::Add(_)));
                let text: Vec<&str> = added.map(Line::text).collect();
                let newline = hunks.last().is_none_or(|hunk| hunk.newline != Some(false));
                let end = if newline && !text.is_empty() { "\n" } else { "" };
                patch(new, Change::Add(text.join("\n") + end))
            }
            (_, NOTHING) => patch(old, Change::Delete),
            _ if hunks.is_empty() && !renamed => Ok(None),
            _ => {
                let to = Some(new).filter(|new| *new != old);
                patch(old, Change::Update { to, hunks })
            }
        }
    }
}

/// The path of a heading, without the time that `diff` puts behind.
fn path(text: &str) -> String {
    let text = text.split('\t').next().unwrap_or_default().trim();
    text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text).to_owned()
}
