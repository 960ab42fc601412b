//! How far the editor has come in its sessions: servers of ours note it in what they say, when they are asked to.

use bytes::Bytes;
use memchr::memmem;
use serde_json::{Map, Value, json};

use crate::chance;
use crate::jsonrpc;

/// What a server adds to the parameters of a line; the cursor and [`END`] follow.
const NOTE: &[u8] = b",\"_meta\":{\"adjutant\":{\"cursor\":\"";
const END: &[u8] = b"\"}}}}";
/// The end of the line without it.
const CLOSED: &[u8] = b"}}";
/// The longest note.
const LONGEST: usize = 128;
/// How a line begins that holds nothing else.
const BARE: &[u8] = b"{\"jsonrpc\":\"2.0\",\"method\":\"_adjutant/cursor\",";
/// What stands before the session in a line that a server says of one.
const SESSION: &[u8] = b"\"params\":{\"sessionId\":\"";
/// How far into the line that may be.
const HEAD: usize = 96;

/// A line of the server's that says how far it leads.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Noted<'a> {
    pub(super) session: &'a str,
    pub(super) cursor: &'a str,
    /// The line without the note, but for its end; `None`: it is for nobody else.
    line: Option<&'a [u8]>,
}

impl<'a> Noted<'a> {
    /// Reads the note of a line.
    pub(super) fn of(line: &'a [u8]) -> Option<Self> {
        let rest = line.strip_suffix(END)?;
        let tail = rest.len().saturating_sub(LONGEST);
        let note = tail + memmem::rfind(&rest[tail..], NOTE)?;
        let cursor = std::str::from_utf8(&rest[note + NOTE.len()..]).ok()?;
        let from = memmem::find(&line[..line.len().min(HEAD)], SESSION)? + SESSION.len();
        let session = line[from..].split(|byte| *byte == b'"').next()?;
        let session = std::str::from_utf8(session).ok()?;
        Some(Self { session, cursor, line: (!line.starts_with(BARE)).then_some(&line[..note]) })
    }

    /// Writes what the editor is told.
    pub(super) fn write(&self, into: &mut Vec<u8>) {
        if let Some(line) = self.line {
            into.extend_from_slice(line);
            into.extend_from_slice(CLOSED);
            into.push(b'\n');
        }
    }
}

/// The editor's `initialize`, with our own wish in it.
pub(super) fn wishing(initialize: &Bytes) -> Bytes {
    let wishing = || {
        let mut message: Map<String, Value> = serde_json::from_slice(initialize).ok()?;
        let params = message.get_mut("params")?.as_object_mut()?;
        let able = params.entry("clientCapabilities").or_insert_with(|| json!({})).as_object_mut()?;
        let own = adjutant(able)?;
        own.insert("cursors".to_owned(), true.into());
        own.entry("name").or_insert_with(|| format!("{:016x}", chance::number()).into());
        let mut line = Vec::new();
        jsonrpc::line(&message, &mut line);
        line.pop();
        Some(line.into())
    };
    // What is wrong with it is the server's to say.
    wishing().unwrap_or_else(|| initialize.clone())
}

/// Has a session resumed behind what the editor was shown of it.
pub(super) fn resuming(params: &mut Map<String, Value>, cursor: &str) {
    if let Some(own) = adjutant(params) {
        own.insert("after".to_owned(), cursor.into());
    }
}

/// `_meta.adjutant`, which is ours.
fn adjutant(of: &mut Map<String, Value>) -> Option<&mut Map<String, Value>> {
    let meta = of.entry("_meta").or_insert_with(|| json!({})).as_object_mut()?;
    meta.entry("adjutant").or_insert_with(|| json!({})).as_object_mut()
}
