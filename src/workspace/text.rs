//! Text as an editor sees it: without a byte order mark, lines ended by a bare line feed.

use std::fmt;

use crate::error::ErrorKind;

const BOM: &str = "\u{feff}";

/// How far a NUL byte is looked for: the rule `git` has for binary files.
const SNIFF: usize = 8000;

/// A text file that can be edited on its LF view and written back with the byte order mark and the line
/// endings it had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    bom: bool,
    endings: Endings,
    original: String,
    edited: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Endings {
    Lf,
    Crlf,
    /// For each line feed of the original, whether a carriage return stood before it.
    Mixed(Vec<bool>),
}

/// Why bytes are not text that can be edited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotText {
    Binary,
    /// Another encoding than UTF-8; the first foreign byte is at this offset.
    Encoding(usize),
}

impl NotText {
    /// What the caller can do about it.
    pub fn kind(self) -> ErrorKind {
        ErrorKind::Invalid
    }
}

impl fmt::Display for NotText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Binary => f.write_str("the file is binary, not text"),
            Self::Encoding(at) => {
                write!(f, "the file is not UTF-8 (byte {at}); convert it to read it as text")
            }
        }
    }
}

impl std::error::Error for NotText {}

impl Text {
    /// Reads bytes as UTF-8 text.
    pub fn decode(bytes: &[u8]) -> Result<Self, NotText> {
        if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
            return Err(NotText::Encoding(0));
        }
        if memchr::memchr(0, bytes.get(..SNIFF).unwrap_or(bytes)).is_some() {
            return Err(NotText::Binary);
        }
        let text = std::str::from_utf8(bytes).map_err(|error| NotText::Encoding(error.valid_up_to()))?;
        let (bom, text) = text.strip_prefix(BOM).map_or((false, text), |rest| (true, rest));
        let endings = Endings::of(text);
        let original = if endings == Endings::Lf { text.to_owned() } else { text.replace("\r\n", "\n") };
        Ok(Self { bom, endings, original, edited: None })
    }

    /// The text with every line ended by `\n`.
    pub fn as_str(&self) -> &str {
        self.edited.as_deref().unwrap_or(&self.original)
    }

    /// Puts another text in its place. Carriage returns before line feeds do not count: which lines get them
    /// is decided by the file.
    pub fn edit(&mut self, text: &str) {
        self.edited = Some(text.replace("\r\n", "\n"));
    }

    /// The bytes to write: lines that were not touched keep their ending, new ones get that of most lines.
    pub fn encode(&self) -> Vec<u8> {
        let text = self.as_str();
        let mut bytes = Vec::with_capacity(text.len() + text.len() / 16 + BOM.len());
        if self.bom {
            bytes.extend_from_slice(BOM.as_bytes());
        }
        match &self.endings {
            Endings::Lf => bytes.extend_from_slice(text.as_bytes()),
            Endings::Crlf => with_endings(&mut bytes, text, |_| true),
            Endings::Mixed(returns) => {
                let aligned = align(&self.original, text, returns);
                with_endings(&mut bytes, text, |line| aligned.get(line).copied().unwrap_or(false));
            }
        }
        bytes
    }
}

impl Endings {
    fn of(text: &str) -> Self {
        let bytes = text.as_bytes();
        let returns: Vec<bool> = memchr::memchr_iter(b'\n', bytes)
            .map(|at| at.checked_sub(1).and_then(|before| bytes.get(before)) == Some(&b'\r'))
            .collect();
        if returns.iter().all(|has| !has) {
            Self::Lf
        } else if returns.iter().all(|has| *has) {
            Self::Crlf
        } else {
            Self::Mixed(returns)
        }
    }
}

fn with_endings(bytes: &mut Vec<u8>, text: &str, has_return: impl Fn(usize) -> bool) {
    for (number, line) in text.split_inclusive('\n').enumerate() {
        match line.strip_suffix('\n') {
            Some(line) if has_return(number) => {
                bytes.extend_from_slice(line.as_bytes());
                bytes.extend_from_slice(b"\r\n");
            }
            _ => bytes.extend_from_slice(line.as_bytes()),
        }
    }
}

/// The endings for the lines of `new`: those of `old` for the lines both begin and end with.
fn align(old: &str, new: &str, returns: &[bool]) -> Vec<bool> {
    let lines = |text: &str| text.matches('\n').count();
    let same = |(a, b): &(&str, &str)| a == b;
    let head = old.split_inclusive('\n').zip(new.split_inclusive('\n')).take_while(same).count();
    let (old_lines, new_lines) = (lines(old), lines(new));
    let head = head.min(old_lines).min(new_lines);
    let tail = old
        .rsplit('\n')
        .skip(1)
        .zip(new.rsplit('\n').skip(1))
        .take_while(same)
        .count()
        .min(old_lines - head)
        .min(new_lines - head);
    let mostly = returns.iter().filter(|has| **has).count() * 2 > returns.len();
    let mut aligned = returns.get(..head).unwrap_or_default().to_vec();
    aligned.resize(new_lines - tail, mostly);
    aligned.extend_from_slice(returns.get(old_lines - tail..).unwrap_or_default());
    aligned
}
