//! Some lines of a text, numbered.

use std::io::{BufRead, BufReader, Read};

use tokio_util::sync::CancellationToken;

use crate::tool::output::Failure;
use crate::tool::{ToolOutput, label, limit};

/// How far a NUL byte is looked for, as in texts that are read whole.
const SNIFF: usize = 8000;
/// What stands in place of the rest of a line whose length is not known.
const MARK: &str = "… [line cut]";
const CHUNK: usize = 64 * 1024;
/// Bytes kept of a line: more than the longest that is shown.
const KEPT: usize = 4 * (limit::LINE + 1);

/// Which lines are asked for, the first counted from 1.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted {
    pub(super) first: usize,
    pub(super) lines: usize,
}

/// The lines found.
#[derive(Debug)]
pub(super) struct Page {
    lines: limit::Page,
    /// The number of the last line that was taken; `first - 1` if none was.
    last: usize,
    rest: Rest,
}

/// What comes after the last line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rest {
    /// So many lines in all.
    Known(usize),
    /// More of a file of so many bytes.
    More(u64),
}

impl Page {
    pub(super) fn of(text: &str, wanted: Wanted) -> Self {
        let mut page = Self::empty(wanted, Rest::Known(text.lines().count()));
        for line in text.lines().skip(wanted.first - 1).take(wanted.lines) {
            if !page.take(line) {
                break;
            }
        }
        page
    }

    /// Reads only as far into the source as needed. `size` is that of the whole, in bytes.
    pub(super) fn read(
        source: impl Read,
        size: u64,
        wanted: Wanted,
        stop: &CancellationToken,
        name: &str,
    ) -> Result<Self, Failure> {
        let mut lines = Lines { source: BufReader::with_capacity(CHUNK, source), scanned: 0 };
        let refuse = |why: String| Failure(format!("{name} {why} ({})", label::size(size)));
        let mut page = Self::empty(wanted, Rest::More(size));
        for number in 1.. {
            if lines.at_end().map_err(&refuse)? {
                page.rest = Rest::Known(number - 1);
                break;
            }
            if number >= wanted.first + wanted.lines {
                break;
            }
            let keep = if number < wanted.first { 0 } else { KEPT };
            let line = lines.next(keep, stop).map_err(&refuse)?;
            let full = keep > 0 && !page.take(&line.into_text().map_err(&refuse)?);
            if full || (keep > 0 && lines.scanned > limit::SCAN) {
                break;
            }
        }
        Ok(page)
    }

    fn empty(wanted: Wanted, rest: Rest) -> Self {
        Self { lines: limit::Page::default(), last: wanted.first - 1, rest }
    }

    fn take(&mut self, line: &str) -> bool {
        let number = self.last + 1;
        let taken = self.lines.push(&numbered(number, line));
        self.last = if taken { number } else { self.last };
        taken
    }

    pub(super) fn into_output(self, name: &str, wanted: Wanted) -> Result<ToolOutput, Failure> {
        let (first, last) = (wanted.first, self.last);
        let left_out = match self.rest {
            Rest::Known(0) => return Ok(ToolOutput::done(format!("({name} is empty)"))),
            Rest::Known(lines) if first > lines => {
                let lines = label::count(lines, "line", "lines");
                return Err(Failure(format!("{name} has {lines}; there is no line {first}")));
            }
            Rest::Known(lines) if first == 1 && last == lines => String::new(),
            Rest::Known(lines) if last == lines => format!("(lines {first}–{last}, the end of the file)"),
            Rest::Known(lines) => {
                format!("(lines {first}–{last} of {lines}; read on with `line`: {})", last + 1)
            }
            Rest::More(size) => {
                let size = label::size(size);
                format!("(lines {first}–{last} of a file of {size}; read on with `line`: {})", last + 1)
            }
        };
        Ok(ToolOutput::done(self.lines.into_text() + &left_out))
    }
}

/// A line as `cat -n` writes it.
pub(in crate::tool) fn numbered(number: usize, line: &str) -> String {
    format!("{number:>6}\t{}", limit::cut(line, limit::LINE))
}

struct Lines<R> {
    source: BufReader<R>,
    scanned: u64,
}

struct Line {
    bytes: Vec<u8>,
    dropped: bool,
}

impl<R: Read> Lines<R> {
    fn at_end(&mut self) -> Result<bool, String> {
        Ok(self.chunk()?.is_empty())
    }

    /// The next line, of which at most `keep` bytes are kept; or why there cannot be one.
    fn next(&mut self, keep: usize, stop: &CancellationToken) -> Result<Line, String> {
        let mut line = Line { bytes: Vec::new(), dropped: false };
        loop {
            if stop.is_cancelled() {
                return Err("took too long to read; look for what you need with `grep`".to_owned());
            }
            if self.scanned > limit::SCAN {
                let limit = label::size(limit::SCAN);
                return match keep {
                    0 => Err(format!("is too long: lines are counted in its first {limit}; use `grep`")),
                    _ => Ok(line),
                };
            }
            let chunk = self.chunk()?;
            let end = memchr::memchr(b'\n', chunk);
            let found = chunk.get(..end.unwrap_or(chunk.len())).unwrap_or_default();
            let kept = found.len().min(keep.saturating_sub(line.bytes.len()));
            line.bytes.extend_from_slice(found.get(..kept).unwrap_or_default());
            line.dropped |= kept < found.len();
            let used = found.len() + usize::from(end.is_some());
            self.source.consume(used);
            self.scanned += used as u64;
            if end.is_some() || used == 0 {
                return Ok(line);
            }
        }
    }

    /// What is read and not consumed yet; empty at the end.
    fn chunk(&mut self) -> Result<&[u8], String> {
        let chunk = self.source.fill_buf().map_err(|error| format!("could not be read: {error}"))?;
        let start = chunk.get(..SNIFF).unwrap_or(chunk);
        if self.scanned == 0 && memchr::memchr(0, start).is_some() {
            return Err("is binary, not text".to_owned());
        }
        Ok(chunk)
    }
}

impl Line {
    fn into_text(self) -> Result<String, String> {
        if self.bytes.contains(&0) {
            return Err("is binary, not text".to_owned());
        }
        let bytes = self.bytes.strip_suffix(b"\r").unwrap_or(&self.bytes);
        let text = match std::str::from_utf8(bytes) {
            Ok(text) => text,
            // The last character was cut with the line.
            Err(error) if self.dropped && error.error_len().is_none() => {
                let whole = bytes.get(..error.valid_up_to()).unwrap_or_default();
                std::str::from_utf8(whole).unwrap_or_default()
            }
            Err(_) => return Err("is not UTF-8 text; convert it to read it".to_owned()),
        };
        if !self.dropped {
            return Ok(text.to_owned());
        }
        let end = text.char_indices().nth(limit::LINE - MARK.len()).map_or(text.len(), |(end, _)| end);
        Ok(text.split_at(end).0.to_owned() + MARK)
    }
}
