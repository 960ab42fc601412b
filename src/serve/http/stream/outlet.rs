//! One stream: what waits on it, what was given out lately, and who reads it.

use std::collections::VecDeque;
use std::task::Waker;

use bytes::Bytes;

/// What is kept of what was given out.
const KEPT_BYTES: usize = 1024 * 1024;
const KEPT_LINES: usize = 4096;

/// Why a stream is not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unread {
    /// Somebody reads it already.
    Taken,
    /// What came after that number is no longer kept.
    Forgotten,
    /// That number was never given out.
    Unheard,
}

#[derive(Debug)]
struct Reader {
    lease: u64,
    /// The number of the last line it was given.
    at: u64,
    waker: Option<Waker>,
}

/// What there is for a reader.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// A line and its number. `fresh`: it was given out for the first time.
    Line {
        number: u64,
        line: Bytes,
        fresh: bool,
    },
    Nothing,
    /// The stream is another's now.
    Displaced,
}

#[derive(Debug)]
pub(super) struct Outlet {
    waiting: VecDeque<Bytes>,
    kept: VecDeque<Bytes>,
    kept_bytes: usize,
    /// The number of the last line that was given out.
    last: u64,
    reader: Option<Reader>,
}

impl Outlet {
    /// A stream whose first line is the one after `last`.
    pub(super) fn after(last: u64) -> Self {
        Self { waiting: VecDeque::new(), kept: VecDeque::new(), kept_bytes: 0, last, reader: None }
    }

    pub(super) fn put(&mut self, line: Bytes) {
        self.waiting.push_back(line);
        self.wake();
    }

    pub(super) fn wake(&mut self) {
        if let Some(waker) = self.reader.as_mut().and_then(|reader| reader.waker.take()) {
            waker.wake();
        }
    }

    /// Reads on after the line of that number, and takes the stream from whoever reads it; without a number, reads
    /// what was given to nobody yet.
    pub(super) fn subscribe(&mut self, after: Option<u64>, lease: u64) -> Result<(), Unread> {
        let at = match after {
            None if self.reader.is_some() => return Err(Unread::Taken),
            None => self.last,
            Some(seen) if seen > self.last => return Err(Unread::Unheard),
            Some(seen) if self.last - seen > self.kept.len() as u64 => return Err(Unread::Forgotten),
            Some(seen) => seen,
        };
        self.wake();
        self.reader = Some(Reader { lease, at, waker: None });
        Ok(())
    }

    /// Whether that reader was still the one.
    pub(super) fn leave(&mut self, lease: u64) -> bool {
        self.reader.take_if(|reader| reader.lease == lease).is_some()
    }

    pub(super) fn is_read(&self) -> bool {
        self.reader.is_some()
    }

    /// Whether nobody would miss it.
    pub(super) fn is_idle(&self) -> bool {
        self.reader.is_none() && self.waiting.is_empty()
    }

    pub(super) fn last(&self) -> u64 {
        self.last
    }

    pub(super) fn next(&mut self, lease: u64) -> Next {
        let Some(reader) = self.reader.as_mut().filter(|reader| reader.lease == lease) else {
            return Next::Displaced;
        };
        let behind = (self.last - reader.at) as usize;
        if behind > 0 {
            let Some(line) = self.kept.get(self.kept.len() - behind) else { return Next::Displaced };
            reader.at += 1;
            return Next::Line { number: reader.at, line: line.clone(), fresh: false };
        }
        let Some(line) = self.waiting.pop_front() else { return Next::Nothing };
        self.last += 1;
        reader.at = self.last;
        self.kept_bytes += line.len();
        self.kept.push_back(line.clone());
        while self.kept_bytes > KEPT_BYTES || self.kept.len() > KEPT_LINES {
            self.forget_oldest();
        }
        Next::Line { number: self.last, line, fresh: true }
    }

    /// Whoever reads is woken when a line comes.
    pub(super) fn sleep(&mut self, waker: &Waker) {
        if let Some(reader) = &mut self.reader {
            reader.waker = Some(waker.clone());
        }
    }

    /// Bytes that may be forgotten: none that a reader has still to be given.
    pub(super) fn forgettable(&self) -> usize {
        let behind = self.reader.as_ref().is_some_and(|reader| reader.at < self.last);
        if behind { 0 } else { self.kept_bytes }
    }

    pub(super) fn kept_bytes(&self) -> usize {
        self.kept_bytes
    }

    pub(super) fn forget_oldest(&mut self) {
        self.kept_bytes -= self.kept.pop_front().map_or(0, |line| line.len());
    }

    /// What waits, taken away.
    pub(super) fn drain(&mut self) -> VecDeque<Bytes> {
        std::mem::take(&mut self.waiting)
    }
}
