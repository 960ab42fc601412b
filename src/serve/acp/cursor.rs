//! How far a client has followed a session: `_meta.adjutant.cursor` at the end of what it was shown last, and
//! `_meta.adjutant.after` when it comes again, under the name that it may have given itself.

use std::fmt;
use std::io::Write as _;
use std::str::FromStr;

use serde_json::Value;

use crate::acp::lenient::OpenSession;
use crate::acp::{ClientCapabilities, MessageId, SessionId};
use crate::clock::Clock;
use crate::event::{Event, Seq};
use crate::jsonrpc::notification_line;

/// What a client is told that was shown nothing of an event.
const METHOD: &str = "_adjutant/cursor";
/// How a line of `session/update` ends: with its parameters, and with itself.
const END: &[u8] = b"}}\n";
/// The longest name of a client.
const NAME: usize = 32;

/// An event, and everything before it. To clients it is a text without a meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cursor {
    seq: Seq,
    /// A crash takes back what was not written yet, and the numbers are given again, to what happens later.
    at: i64,
}

impl Cursor {
    pub(super) fn of(event: &Event) -> Self {
        Self { seq: event.seq, at: event.at }
    }

    /// Whether who has come so far knows the event.
    pub(super) fn covers(self, event: &Event) -> bool {
        event.seq <= self.seq && event.at <= self.at
    }

    /// Notes in what an event has added to `lines`, from `from` on, that it is shown now.
    pub(super) fn stamp(self, session: &SessionId, from: usize, lines: &mut Vec<u8>) {
        #[derive(serde::Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Bare<'a> {
            session_id: &'a SessionId,
        }
        if lines.len() <= from {
            notification_line(METHOD, &Bare { session_id: session }, lines);
        }
        if lines.ends_with(END) {
            lines.truncate(lines.len() - END.len());
            // Writing to memory cannot fail.
            drop(writeln!(lines, ",\"_meta\":{{\"adjutant\":{{\"cursor\":\"{self}\"}}}}}}}}"));
        }
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.seq, self.at)
    }
}

impl FromStr for Cursor {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (seq, at) = text.split_once('-').ok_or(())?;
        Ok(Self { seq: seq.parse().map_err(|_| ())?, at: at.parse().map_err(|_| ())? })
    }
}

/// Where a client that resumes its session goes on. `Err`: it was never given that.
pub(super) fn after(asked: &OpenSession) -> Result<Option<Cursor>, ()> {
    asked.after().map(|after| after.as_str().ok_or(())?.parse()).transpose()
}

/// Whether a client wants to know how far it has come.
pub(super) fn are_wanted(capabilities: &ClientCapabilities) -> bool {
    ours(capabilities).is_some_and(|ours| ours["cursors"] == true)
}

/// What a client calls itself, to be known again when it comes again: its own words are not shown to it then.
fn name(capabilities: &ClientCapabilities) -> Option<&str> {
    let name = ours(capabilities)?.get("name")?.as_str()?;
    let fits = (1..=NAME).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
    fits.then_some(name)
}

/// A new message of a client's, which bears its name.
pub(super) fn message(capabilities: &ClientCapabilities) -> MessageId {
    let id = Clock::real().id();
    MessageId::new(match name(capabilities) {
        Some(name) => format!("{id}.{name}"),
        None => id,
    })
}

/// Whether a message bears the name of a client.
pub(super) fn is_own(message: &MessageId, capabilities: &ClientCapabilities) -> bool {
    let name = name(capabilities);
    name.is_some_and(|name| message.0.rsplit_once('.').is_some_and(|(_, of)| of == name))
}

/// `_meta.adjutant`, which is ours.
fn ours(capabilities: &ClientCapabilities) -> Option<&Value> {
    capabilities.meta.as_ref()?.get("adjutant")
}
