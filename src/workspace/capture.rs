//! Output kept within bounds: its beginning, its end, and how much was in between.

use std::collections::VecDeque;

/// What was kept of an output. `omitted` bytes lay between `head` and `tail`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Captured {
    pub head: Vec<u8>,
    pub tail: Vec<u8>,
    pub omitted: u64,
}

impl Captured {
    /// The output as text, with a line in place of what was left out. Bytes that are not UTF-8 become U+FFFD;
    /// a character cut by the gap counts as left out.
    pub fn to_text(&self) -> String {
        if self.omitted == 0 {
            let whole = [self.head.as_slice(), self.tail.as_slice()].concat();
            return String::from_utf8_lossy(&whole).into_owned();
        }
        let head = self.head.get(..self.head.len() - cut_end(&self.head)).unwrap_or_default();
        let tail = self.tail.get(cut_start(&self.tail)..).unwrap_or_default();
        let cut = self.head.len() + self.tail.len() - head.len() - tail.len();
        let omitted = self.omitted + cut as u64;
        let (head, tail) = (String::from_utf8_lossy(head), String::from_utf8_lossy(tail));
        format!("{head}\n… {omitted} bytes omitted …\n{tail}")
    }

    /// All bytes the command wrote, kept or not.
    pub fn total(&self) -> u64 {
        (self.head.len() + self.tail.len()) as u64 + self.omitted
    }
}

/// Collects an output of any length in at most the memory it was given.
#[derive(Debug)]
pub struct Capture {
    head_limit: usize,
    tail_limit: usize,
    head: Vec<u8>,
    tail: VecDeque<u8>,
    omitted: u64,
}

impl Capture {
    /// Keeps at most `keep` bytes, half from each end.
    pub fn new(keep: usize) -> Self {
        let head_limit = keep / 2;
        Self {
            head_limit,
            tail_limit: keep - head_limit,
            head: Vec::new(),
            tail: VecDeque::new(),
            omitted: 0,
        }
    }

    pub fn push(&mut self, chunk: &[u8]) {
        let (head, rest) = chunk.split_at(chunk.len().min(self.head_limit - self.head.len()));
        self.head.extend_from_slice(head);
        let (skipped, rest) = rest.split_at(rest.len().saturating_sub(self.tail_limit));
        let overflow = (self.tail.len() + rest.len()).saturating_sub(self.tail_limit);
        self.tail.drain(..overflow);
        self.tail.extend(rest);
        self.omitted += (skipped.len() + overflow) as u64;
    }

    pub fn finish(self) -> Captured {
        Captured { head: self.head, tail: self.tail.into(), omitted: self.omitted }
    }
}

/// How many bytes at the end begin a character that is not complete.
fn cut_end(bytes: &[u8]) -> usize {
    (1..=3.min(bytes.len()))
        .find(|back| bytes.get(bytes.len() - back).is_some_and(|byte| *byte >= 0xc0))
        .filter(|back| {
            let start = bytes.get(bytes.len() - back..).unwrap_or_default();
            std::str::from_utf8(start).is_err_and(|error| error.error_len().is_none())
        })
        .unwrap_or(0)
}

/// How many bytes at the start end a character that began earlier.
fn cut_start(bytes: &[u8]) -> usize {
    let count = bytes.iter().take(4).take_while(|byte| **byte & 0xc0 == 0x80).count();
    if count > 3 { 0 } else { count }
}
