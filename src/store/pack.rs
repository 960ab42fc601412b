use std::sync::Arc;

use super::StoreError;
use crate::acp::MessageId;
use crate::event::{Event, EventKind, NoticeLevel, Seq};

/// What a row's body is.
const EVENT: i64 = 0;
const TEXT: i64 = 1;
const THOUGHT: i64 = 2;
/// Never written: the row was found, and makes no sense.
pub(super) const UNREADABLE: i64 = -1;

/// A run ends here, so that reading one of its pieces never costs much more than that piece.
const MAX_PIECES: usize = 4_096;
const MAX_BYTES: usize = 64 * 1024;

/// One row: one event as JSON, or a run of consecutive pieces of one message.
#[derive(Debug)]
pub(super) struct Row<'a> {
    pub(super) seq: Seq,
    pub(super) count: usize,
    /// Time of the first event.
    pub(super) at: i64,
    pub(super) form: i64,
    pub(super) message: Option<&'a str>,
    /// For each piece of a run of several: its length, and the time since the piece before.
    pub(super) pieces: Option<&'a [u8]>,
    pub(super) body: &'a str,
}

/// Hands the rows of consecutive events to `sink`, in order.
pub(super) fn pack<E: From<StoreError>>(
    events: &[Arc<Event>],
    mut sink: impl FnMut(&Row<'_>) -> Result<(), E>,
) -> Result<(), E> {
    let (mut body, mut pieces) = (String::new(), Vec::new());
    let mut json;
    let mut rest = events;
    while let Some(first) = rest.first() {
        let mut row = Row {
            seq: first.seq,
            count: 1,
            at: first.at,
            form: EVENT,
            message: None,
            pieces: None,
            body: "",
        };
        if let Some((form, message, _)) = piece(first) {
            row.count = join(rest, &mut body, &mut pieces);
            row.form = form;
            row.message = Some(&*message.0);
            row.pieces = (row.count > 1).then_some(&pieces);
            row.body = &body;
            sink(&row)?;
        } else {
            json = serde_json::to_string(&first.kind).map_err(|error| {
                StoreError::Invalid(format!("event {} cannot be written as JSON: {error}", first.seq))
            })?;
            row.body = &json;
            sink(&row)?;
        }
        rest = &rest[row.count..];
    }
    Ok(())
}

/// Joins the pieces at the start of `events` that continue the first one; how many they are.
fn join(events: &[Arc<Event>], body: &mut String, pieces: &mut Vec<u8>) -> usize {
    body.clear();
    pieces.clear();
    let mut run = None;
    let mut before = 0;
    let mut count = 0;
    for event in events.iter().take(MAX_PIECES) {
        let Some((form, message, text)) = piece(event) else { break };
        if *run.get_or_insert((form, message)) != (form, message) || (count > 0 && body.len() > MAX_BYTES) {
            break;
        }
        body.push_str(text);
        put(pieces, text.len() as u64);
        let delta = if count == 0 { 0 } else { event.at.wrapping_sub(before) };
        put(pieces, zigzag(delta));
        before = event.at;
        count += 1;
    }
    count
}

fn piece(event: &Event) -> Option<(i64, &MessageId, &str)> {
    match &event.kind {
        EventKind::Text { message, text } => Some((TEXT, message, text)),
        EventKind::Thought { message, text } => Some((THOUGHT, message, text)),
        _ => None,
    }
}

/// Turns rows back into events: those after `next - 1`, at most `limit`, without a gap.
#[derive(Debug)]
pub(super) struct Unpacker {
    next: Seq,
    limit: usize,
    at: i64,
    events: Vec<Event>,
}

impl Unpacker {
    pub(super) fn new(after: Seq, limit: usize) -> Self {
        Self { next: after.saturating_add(1), limit, at: 0, events: Vec::new() }
    }

    pub(super) fn is_full(&self) -> bool {
        self.events.len() >= self.limit
    }

    pub(super) fn finish(self) -> Vec<Event> {
        self.events
    }

    /// Takes the next row. What it should hold and does not, and what is missing before it, becomes a notice.
    pub(super) fn push(&mut self, row: &Row<'_>) {
        self.lose(row.seq);
        let end = row.seq.saturating_add(row.count as u64);
        if self.open(row).is_none() {
            self.lose(end);
        }
    }

    fn open(&mut self, row: &Row<'_>) -> Option<()> {
        if row.form == EVENT {
            self.take(row.seq, row.at, serde_json::from_str(row.body).ok()?);
            return Some(());
        }
        let message = MessageId::new(row.message?);
        let kind = |text: &str| match row.form {
            TEXT => Some(EventKind::Text { message: message.clone(), text: text.to_owned() }),
            THOUGHT => Some(EventKind::Thought { message: message.clone(), text: text.to_owned() }),
            _ => None,
        };
        let Some(mut pieces) = row.pieces else {
            self.take(row.seq, row.at, kind(row.body)?);
            return Some(());
        };
        let (mut body, mut at) = (row.body, row.at);
        for seq in (row.seq..).take(row.count) {
            let length = usize::try_from(pull(&mut pieces)?).ok()?;
            at = at.wrapping_add(unzigzag(pull(&mut pieces)?));
            let (text, rest) = body.split_at_checked(length)?;
            body = rest;
            if seq >= self.next {
                self.take(seq, at, kind(text)?);
            }
            if self.is_full() {
                break;
            }
        }
        Some(())
    }

    fn take(&mut self, seq: Seq, at: i64, kind: EventKind) {
        if seq == self.next && !self.is_full() {
            self.events.push(Event { seq, at, kind });
            self.next += 1;
            self.at = at;
        }
    }

    /// Fills up to, but not with, `end`.
    fn lose(&mut self, end: Seq) {
        while self.next < end && !self.is_full() {
            let title = "a stored event was lost".to_owned();
            let detail = Some(format!("event {} of this session could not be read from the disk", self.next));
            self.take(self.next, self.at, EventKind::Notice { level: NoticeLevel::Error, title, detail });
        }
    }
}

/// LEB128.
fn put(bytes: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

fn pull(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

/// Small numbers of either sign become small ones without.
fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)) as u64
}

fn unzigzag(value: u64) -> i64 {
    (value >> 1) as i64 ^ -((value & 1) as i64)
}
