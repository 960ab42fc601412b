//! What was said and may have to be said again.

use std::collections::VecDeque;

use bytes::Bytes;
use memchr::memchr_iter;

/// Lines in the order in which they were said, from the first that the other side has not received.
#[derive(Debug, Default)]
pub(super) struct Counted {
    kept: VecDeque<Chunk>,
    bytes: usize,
    /// Chunks at the front that were handed out to the socket.
    handed: usize,
    acknowledged: u64,
    /// All lines there ever were.
    said: u64,
}

/// Whole lines that were said together.
#[derive(Debug)]
struct Chunk {
    lines: Bytes,
    /// The number of the last of them, counted from 1.
    last: u64,
}

/// A count that no side that speaks the truth could come to.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Impossible;

impl Counted {
    /// Takes whole lines, each with its end.
    pub(super) fn say(&mut self, lines: Bytes) {
        self.said += memchr_iter(b'\n', &lines).count() as u64;
        self.bytes += lines.len();
        self.kept.push_back(Chunk { lines, last: self.said });
    }

    /// What the socket is to be given next.
    pub(super) fn hand_out(&mut self) -> Option<Bytes> {
        let chunk = self.kept.get(self.handed)?;
        self.handed += 1;
        Some(chunk.lines.clone())
    }

    /// Bytes that are kept.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Whether the other side has received all there is.
    pub(super) fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    /// The other side has received so many lines; they are forgotten a chunk at a time.
    pub(super) fn acknowledge(&mut self, count: u64) -> Result<(), Impossible> {
        if count > self.handed_out() {
            return Err(Impossible);
        }
        self.acknowledged = self.acknowledged.max(count);
        while let Some(chunk) = self.kept.pop_front_if(|chunk| chunk.last <= count) {
            self.bytes -= chunk.lines.len();
            self.handed -= 1;
        }
        Ok(())
    }

    /// Goes back to what comes behind so many lines: the next socket is given that.
    pub(super) fn go_back(&mut self, count: u64) -> Result<(), Impossible> {
        if count < self.acknowledged {
            return Err(Impossible);
        }
        self.acknowledge(count)?;
        self.handed = 0;
        let Some(front) = self.kept.front_mut() else { return Ok(()) };
        let ends = memchr_iter(b'\n', &front.lines);
        let unreceived = front.last - count;
        // The chunk ends with the end of its last line, so there are as many ends as lines.
        if let Some(end) = ends.rev().nth(unreceived as usize) {
            self.bytes -= end + 1;
            front.lines = front.lines.slice(end + 1..);
        }
        Ok(())
    }

    /// The number of the last line that a socket was given.
    fn handed_out(&self) -> u64 {
        let last = self.handed.checked_sub(1).and_then(|at| self.kept.get(at));
        last.map_or(self.acknowledged, |chunk| chunk.last)
    }
}
