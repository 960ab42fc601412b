//! What lines come and go by: a line of their own, or posts and streams.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::Value;

use super::heard::Heard;
use crate::support::link::Link;
use crate::support::streams::{Stream, Streams};

pub(super) enum Way {
    Link(Link),
    Streams(Streams),
}

impl Way {
    /// Streams that lines may come on.
    pub(super) fn open(&self) -> BTreeSet<Stream> {
        match self {
            Self::Link(_) => [None].into(),
            Self::Streams(streams) => streams.open().clone(),
        }
    }

    pub(super) async fn say(&mut self, line: &str) {
        match self {
            Self::Link(near) => near.wire.send_line(line).await,
            Self::Streams(streams) => streams.say(line.as_bytes()).await,
        }
    }

    /// Sends bytes as they are, as a line.
    pub(super) async fn send(&mut self, bytes: &[u8]) {
        match self {
            Self::Link(link) => link.wire.send(&[bytes, b"\n"].concat()).await,
            // Each post is a message.
            Self::Streams(streams) => {
                for line in bytes.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty()) {
                    streams.say(line).await;
                }
            }
        }
    }

    /// Says that nothing more will come.
    pub(super) async fn end(&mut self) {
        match self {
            Self::Link(link) => link.wire.end().await,
            Self::Streams(_) => panic!("there are always more posts"),
        }
    }

    /// The next line and its stream; `Ok(None)` at the end.
    pub(super) async fn next(&mut self) -> Result<Option<(Stream, Value)>, String> {
        match self {
            Self::Link(link) => Ok(link.wire.json().await?.map(|line| (None, line))),
            Self::Streams(streams) => streams.next().await,
        }
    }

    /// The next line, if it comes so soon.
    pub(super) async fn next_within(&mut self, patience: Duration) -> Result<Option<Value>, String> {
        let Self::Link(near) = self else { panic!("what is written anew is said on one stream") };
        let Some(line) = near.wire.line_within(patience).await? else { return Ok(None) };
        serde_json::from_str(&line).map(Some).map_err(|e| format!("{e}: {line}"))
    }

    /// Ends the connection; what is still said is heard, or an error.
    pub(super) async fn finish(self, heard: &mut Heard) -> Result<(), String> {
        match self {
            Self::Link(link) => link.finish().await,
            Self::Streams(streams) => {
                streams.finish().await?.into_iter().for_each(|line| heard.put(line));
                Ok(())
            }
        }
    }
}
