//! Output kept within bounds: its beginning, its end, and how much was in between.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};

use super::spill::{SpillFile, Spilled};

/// What was kept of an output. `omitted` bytes lay between `head` and `tail`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Captured {
    pub head: Vec<u8>,
    pub tail: Vec<u8>,
    pub omitted: u64,
    /// Where the whole is, if it was longer than what was kept and there was a folder for it.
    pub whole: Option<Spilled>,
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
    spill: Spill,
}

/// Where the whole goes once it is more than what is kept.
#[derive(Debug)]
enum Spill {
    Nowhere,
    Folder(PathBuf),
    File(SpillFile),
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
            spill: Spill::Nowhere,
        }
    }

    /// The same, with the whole of an output that is longer in a file of this folder.
    pub fn spilling(mut self, folder: Option<&Path>) -> Self {
        self.spill = folder.map_or(Spill::Nowhere, |folder| Spill::Folder(folder.to_owned()));
        self
    }

    pub fn push(&mut self, chunk: &[u8]) {
        self.spill(chunk);
        let (head, rest) = chunk.split_at(chunk.len().min(self.head_limit - self.head.len()));
        self.head.extend_from_slice(head);
        let (skipped, rest) = rest.split_at(rest.len().saturating_sub(self.tail_limit));
        let overflow = (self.tail.len() + rest.len()).saturating_sub(self.tail_limit);
        self.tail.drain(..overflow);
        self.tail.extend(rest);
        self.omitted += (skipped.len() + overflow) as u64;
    }

    /// A few tens of kilobytes into the page cache take less time than handing them to another thread.
    fn spill(&mut self, chunk: &[u8]) {
        let kept = self.head.len() + self.tail.len();
        if let Spill::Folder(folder) = &self.spill
            && kept + chunk.len() > self.head_limit + self.tail_limit
        {
            self.spill = match SpillFile::create(folder) {
                Ok(mut file) => {
                    let (front, back) = self.tail.as_slices();
                    for part in [&self.head, front, back] {
                        file.write(part);
                    }
                    Spill::File(file)
                }
                Err(error) => {
                    tracing::warn!(folder = %folder.display(), %error, "a long output is not kept");
                    Spill::Nowhere
                }
            };
        }
        if let Spill::File(file) = &mut self.spill {
            file.write(chunk);
        }
    }

    pub fn finish(self) -> Captured {
        let whole = if let Spill::File(file) = self.spill { Some(file.finish()) } else { None };
        Captured { head: self.head, tail: self.tail.into(), omitted: self.omitted, whole }
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
