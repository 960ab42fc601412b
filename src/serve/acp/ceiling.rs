//! No line that is too long: some clients drop a frame of more than 1 MiB, and with it all that it is about.

use std::io;

use serde::Serialize;
use serde_json::{Value, json};

use crate::acp::{SessionUpdate, ToolCallUpdate};

/// Longest text of one chunk, in bytes.
pub(super) const CHUNK: usize = 32 * 1024;
/// Longest raw input of a call, in bytes of JSON.
const RAW: usize = 48 * 1024;
/// Longest line that is not made of the client's own words, in bytes.
const LINE: usize = 900 * 1024;

/// The text in pieces of at most [`CHUNK`] bytes; none of an empty one.
pub(super) fn pieces(mut text: &str) -> impl Iterator<Item = &str> {
    std::iter::from_fn(move || {
        let (piece, rest) = text.split_at(text.floor_char_boundary(CHUNK));
        text = rest;
        (!piece.is_empty()).then_some(piece)
    })
}

/// The first of these pieces.
pub(super) fn first_piece(text: &str) -> &str {
    &text[..text.floor_char_boundary(CHUNK)]
}

/// The input of a call with only the beginning of its long texts, if it is too long to be shown whole.
pub(super) fn shortened(raw: &Value) -> Option<Value> {
    let whole = size(raw);
    if whole <= RAW {
        return None;
    }
    let cut = [8 * 1024, 1024, 128].into_iter().map(|keep| cut(raw, keep)).find(|cut| size(cut) <= RAW);
    Some(cut.unwrap_or_else(|| json!({ "…": format!("{whole} bytes, too many to be shown") })))
}

fn cut(value: &Value, keep: usize) -> Value {
    match value {
        Value::String(text) => {
            let (head, rest) = text.split_at(text.floor_char_boundary(keep));
            if rest.is_empty() {
                value.clone()
            } else {
                format!("{head}… {} bytes more", rest.len()).into()
            }
        }
        Value::Array(values) => values.iter().map(|value| cut(value, keep)).collect(),
        Value::Object(fields) => {
            fields.iter().map(|(name, value)| (name.clone(), cut(value, keep))).collect()
        }
        other => other.clone(),
    }
}

/// Whether the line of an update, of `length` bytes, is too long. What a person said goes back as it came.
pub(super) fn is_too_long(update: &SessionUpdate, length: usize) -> bool {
    length > LINE && !matches!(update, SessionUpdate::UserMessageChunk(_))
}

/// What is sent instead of an update whose line has `length` bytes; `None` when nothing of it can be shown.
pub(super) fn instead(update: &SessionUpdate, length: usize) -> Option<SessionUpdate> {
    tracing::warn!(length, "an update is too long to be shown whole");
    match update {
        SessionUpdate::ToolCall(call) => {
            let mut call = call.clone();
            call.content = vec![note(length).into()];
            (call.locations, call.raw_output) = (Vec::new(), None);
            Some(SessionUpdate::ToolCall(call))
        }
        SessionUpdate::ToolCallUpdate(update) => {
            Some(SessionUpdate::ToolCallUpdate(without_content(update.clone(), length)))
        }
        _ => None,
    }
}

/// A call as it is put to a person, with a note in place of a content that is too long.
pub(super) fn call(call: ToolCallUpdate) -> ToolCallUpdate {
    let length = size(&call);
    if length <= LINE { call } else { without_content(call, length) }
}

fn without_content(mut update: ToolCallUpdate, length: usize) -> ToolCallUpdate {
    let fields = &mut update.fields;
    fields.content = Some(vec![note(length).into()]);
    (fields.locations, fields.raw_output) = (None, None);
    update
}

fn note(length: usize) -> String {
    format!("({length} bytes, too many to be shown)")
}

/// Bytes of the value as JSON.
fn size<T: Serialize>(value: &T) -> usize {
    struct Counted(usize);
    impl io::Write for Counted {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut counted = Counted(0);
    match serde_json::to_writer(&mut counted, value) {
        Ok(()) => counted.0,
        Err(_) => usize::MAX,
    }
}
