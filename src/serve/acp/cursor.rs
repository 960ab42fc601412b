//! How far a client has followed a session: `_meta.adjutant.cursor` at the end of what it was shown last, and
//! `_meta.adjutant.after` when it comes again.

use std::fmt;
use std::io::Write as _;
use std::str::FromStr;

use serde::Deserialize;
use serde_json::Value;

use crate::acp::{ClientCapabilities, SessionId};
use crate::event::{Event, Seq};
use crate::jsonrpc::notification_line;

/// What a client is told that was shown nothing of an event.
const METHOD: &str = "_adjutant/cursor";
/// How a line of `session/update` ends: with its parameters, and with itself.
const END: &[u8] = b"}}\n";

/// An event, and everything before it. To clients it is a text without a meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cursor {
    seq: Seq,
    /// A crash takes back what was not written yet, and the numbers are given again, to what happens later.
    at: i64,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Params {
    #[serde(rename = "_meta")]
    meta: Value,
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
pub(super) fn after(params: Option<&str>) -> Result<Option<Cursor>, ()> {
    let params: Params = params.and_then(|params| serde_json::from_str(params).ok()).unwrap_or_default();
    match &params.meta["adjutant"]["after"] {
        Value::Null => Ok(None),
        after => after.as_str().ok_or(())?.parse().map(Some),
    }
}

/// Whether a client wants to know how far it has come.
pub(super) fn are_wanted(capabilities: &ClientCapabilities) -> bool {
    let own = capabilities.meta.as_ref().and_then(|meta| meta.get("adjutant"));
    own.is_some_and(|own| own["cursors"] == true)
}
