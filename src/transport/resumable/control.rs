//! The lines that are not of the conversation.

use memchr::memmem;
use serde::Deserialize;

/// Longest line that may be one of them, in bytes.
const LONGEST: usize = 128;

/// What one side tells the other about the connection itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub(super) enum Word {
    /// So many lines were received.
    Received { count: u64 },
    /// The other side is to say how many it has received.
    Count,
    /// Nothing more will be said. Counts as a line of the conversation.
    End,
}

/// The line that asks.
pub(super) const COUNT: &[u8] = b"{\"type\":\"count\"}\n";
/// The last line.
pub(super) const END: &[u8] = b"{\"type\":\"end\"}\n";

/// A line as one of these words. Most lines are told by their length, and the rest by the lack of a word.
pub(super) fn word(line: &[u8]) -> Option<Word> {
    if line.len() > LONGEST || memmem::find(line, b"\"type\"").is_none() {
        return None;
    }
    serde_json::from_slice(line).ok()
}

/// Says how many lines were received.
pub(super) fn received(count: u64, into: &mut Vec<u8>) {
    into.extend_from_slice(format!("{{\"type\":\"received\",\"count\":{count}}}\n").as_bytes());
}
