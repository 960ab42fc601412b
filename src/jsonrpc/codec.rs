use std::io;

use bytes::{Buf, Bytes, BytesMut};
use tokio_util::codec::Decoder;

/// Longest line taken by default, in bytes without its end: 32 MiB.
pub const MAX_LINE: usize = 32 * 1024 * 1024;

/// With what the mark of byte order begins: U+FEFF in UTF-8.
pub const MARK: u8 = 0xef;

/// What a byte stream holds: lines, and the places where one was too long to keep.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame {
    /// A line without its end; never empty, never only white space.
    Line(Bytes),
    /// What came behind the last end of a line when nothing more did: the whole last line, or half of it.
    Unended(Bytes),
    /// A line of more than the limit was thrown away up to its end.
    TooLong { limit: usize },
}

/// A text without the mark of byte order that it may begin with.
pub fn unmarked(mut text: Bytes) -> Bytes {
    if text.starts_with(&[MARK, 0xbb, 0xbf]) {
        text.advance(3);
    }
    text
}

/// Splits bytes into lines. Reads tolerantly: `\n` or `\r\n`, blank lines and a byte-order mark at the
/// very start are skipped, a last line is told from the others if it has no end. An overlong line costs no more memory than the
/// limit and the stream goes on behind its end.
#[derive(Debug)]
pub struct LineCodec {
    limit: usize,
    /// Bytes of the buffer known to hold no line end.
    scanned: usize,
    skipping: bool,
    started: bool,
}

impl LineCodec {
    /// Lines of up to `limit` bytes.
    pub fn new(limit: usize) -> Self {
        Self { limit, scanned: 0, skipping: false, started: false }
    }

    fn take(&mut self, mut line: Bytes) -> Option<Frame> {
        if !std::mem::replace(&mut self.started, true) {
            line = unmarked(line);
        }
        if line.len() > self.limit {
            return Some(Frame::TooLong { limit: self.limit });
        }
        if line.last() == Some(&b'\r') {
            line.truncate(line.len() - 1);
        }
        (!line.trim_ascii().is_empty()).then_some(Frame::Line(line))
    }
}

impl Decoder for LineCodec {
    type Item = Frame;
    type Error = io::Error;

    fn decode(&mut self, src: &mut BytesMut) -> io::Result<Option<Frame>> {
        loop {
            let Some(end) = memchr::memchr(b'\n', &src[self.scanned..]).map(|at| at + self.scanned) else {
                if self.skipping || src.len() > self.limit + 1 {
                    self.skipping = true;
                    src.clear();
                }
                self.scanned = src.len();
                return Ok(None);
            };
            let mut line = src.split_to(end + 1);
            line.truncate(end);
            self.scanned = 0;
            if std::mem::replace(&mut self.skipping, false) {
                self.started = true;
                return Ok(Some(Frame::TooLong { limit: self.limit }));
            }
            if let Some(frame) = self.take(line.freeze()) {
                return Ok(Some(frame));
            }
        }
    }

    fn decode_eof(&mut self, src: &mut BytesMut) -> io::Result<Option<Frame>> {
        if let Some(frame) = self.decode(src)? {
            return Ok(Some(frame));
        }
        if std::mem::replace(&mut self.skipping, false) {
            return Ok(Some(Frame::TooLong { limit: self.limit }));
        }
        let rest = src.split().freeze();
        self.scanned = 0;
        let last = if rest.is_empty() { None } else { self.take(rest) };
        Ok(last.map(|frame| match frame {
            Frame::Line(line) => Frame::Unended(line),
            other => other,
        }))
    }
}
