//! The bytes of an answer become deltas: events are found, the dialect reads them, and an answer stays within limits.

use super::dialect::{ReadError, Reader};
use super::sse::{Oversized, SseDecoder};
use super::{Delta, ModelRequest, dialect};
use crate::config::ProviderSettings;

/// Bytes of one answer, as they come over the wire.
const MAX_RECEIVED: usize = 64 * 1024 * 1024;
/// Bytes of text, thoughts and calls of one answer.
const MAX_SAID: usize = 8 * 1024 * 1024;
/// What a call counts beside its input.
const CALL: usize = 256;

/// Reads one answer of a provider, without a socket.
pub struct Decoder {
    sse: SseDecoder,
    reader: Box<dyn Reader>,
    received: usize,
    said: usize,
    over: bool,
}

impl std::fmt::Debug for Decoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Decoder")
            .field("received", &self.received)
            .field("over", &self.over)
            .finish_non_exhaustive()
    }
}

impl Decoder {
    /// A decoder for what that provider answers to the request.
    pub fn new(settings: &ProviderSettings, request: &ModelRequest) -> Self {
        Self::of(dialect::of(settings).reader(request))
    }

    pub(super) fn of(reader: Box<dyn Reader>) -> Self {
        Self { sse: SseDecoder::default(), reader, received: 0, said: 0, over: false }
    }

    /// Takes in bytes and pushes what they mean to `out`; nothing comes after [`Delta::Done`]. After an error the
    /// answer cannot be read on.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<Delta>) -> Result<(), ReadError> {
        self.received += bytes.len();
        if self.received > MAX_RECEIVED {
            return Err(too_large(MAX_RECEIVED));
        }
        let Self { sse, reader, said, over, .. } = self;
        sse.push(bytes, |name, data| read(&mut **reader, (name, data), (said, over), out))
    }

    /// The bytes have ended. Pushes what is complete, with [`Delta::Done`] if the answer came to its end.
    pub fn finish(&mut self, out: &mut Vec<Delta>) -> Result<(), ReadError> {
        let Self { sse, reader, said, over, .. } = self;
        sse.finish(|name, data| read(&mut **reader, (name, data), (said, over), out))?;
        if !*over {
            let from = out.len();
            reader.end(out);
            *over = ended(out, from);
        }
        Ok(())
    }

    /// Whether the answer has come to its end.
    pub fn is_over(&self) -> bool {
        self.over
    }
}

fn read(
    reader: &mut dyn Reader,
    (name, data): (Option<&str>, &str),
    (said, over): (&mut usize, &mut bool),
    out: &mut Vec<Delta>,
) -> Result<(), ReadError> {
    if *over {
        return Ok(());
    }
    let from = out.len();
    reader.event(name, data, out)?;
    *over = ended(out, from);
    *said += out[from..].iter().map(size).sum::<usize>();
    if *said > MAX_SAID { Err(too_large(MAX_SAID)) } else { Ok(()) }
}

/// Whether the end is among what was pushed last; drops what follows it.
fn ended(out: &mut Vec<Delta>, from: usize) -> bool {
    let end = out[from..].iter().position(|delta| matches!(delta, Delta::Done(_)));
    out.truncate(end.map_or(out.len(), |at| from + at + 1));
    end.is_some()
}

fn size(delta: &Delta) -> usize {
    match delta {
        Delta::Text(text) | Delta::Thought(text) => text.len(),
        Delta::Call(call) => CALL + call.name.len() + call.input.to_string().len(),
        Delta::Echo(_) | Delta::Usage(_) | Delta::Retry { .. } | Delta::Done(_) => 0,
    }
}

fn too_large(limit: usize) -> ReadError {
    let text = format!("the answer is larger than {} MiB", limit / 1024 / 1024);
    ReadError::Failed { text, retry: false }
}

impl From<Oversized> for ReadError {
    fn from(error: Oversized) -> Self {
        Self::Failed { text: error.to_string(), retry: false }
    }
}
