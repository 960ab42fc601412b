//! Live output of a running tool, as updates a client can draw.

use std::time::Duration;

use serde_json::json;
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::acp::{Terminal, ToolCallContent, ToolCallId, ToolCallUpdate, ToolCallUpdateFields};
use crate::agent::Turn;
use crate::event::EventKind;
use crate::workspace::Live;

/// Updates of one call come no faster than this: a person reads, a log floods.
const PACE: Duration = Duration::from_millis(100);
/// Bytes of output shown while it runs, from its end.
const SHOWN: usize = 16 * 1024;

/// Chunks of live output that may be queued; more are skipped, the whole text comes at the end.
pub(super) const QUEUE: usize = 64;

/// Reports output while `live` lasts. With `terminal`, as pieces for a display-only terminal (the
/// `terminal_output` convention of `_meta`); else as text that replaces the text before. A terminal of the
/// client's own is embedded once and shows itself.
pub(super) async fn report(turn: Turn, call: ToolCallId, terminal: bool, mut live: mpsc::Receiver<Live>) {
    let (mut text, mut due) = (Tail::default(), Instant::now());
    while let Some(first) = live.recv().await {
        let mut embedded = text.take_in(first);
        while let Ok(Some(more)) = tokio::time::timeout_at(due, live.recv()).await {
            embedded = text.take_in(more).or(embedded);
        }
        let fields = ToolCallUpdateFields::new();
        let update = match embedded {
            Some(id) => {
                let content = vec![ToolCallContent::Terminal(Terminal::new(id))];
                ToolCallUpdate::new(call.clone(), fields.content(content))
            }
            None if terminal => {
                let meta = json!({ "terminal_output": { "terminal_id": call.0, "data": text.take() } });
                ToolCallUpdate::new(call.clone(), fields).meta(meta.as_object().cloned().unwrap_or_default())
            }
            None => ToolCallUpdate::new(call.clone(), fields.content(vec![text.shown().into()])),
        };
        if turn.emit(vec![EventKind::ToolProgress { update: Box::new(update) }]).await.is_err() {
            return;
        }
        due = Instant::now() + PACE;
    }
}

/// The end of what came, never cut inside a character.
#[derive(Default)]
struct Tail(Vec<u8>);

impl Tail {
    /// The id of the client's terminal, if that is the news.
    fn take_in(&mut self, live: Live) -> Option<String> {
        match live {
            Live::Output(chunk) => self.push(&chunk),
            Live::Terminal(id) => return Some(id),
        }
        None
    }

    fn push(&mut self, chunk: &[u8]) {
        self.0.extend_from_slice(chunk);
        if self.0.len() > 2 * SHOWN {
            self.0.drain(..self.0.len() - SHOWN);
        }
    }

    /// What can be shown now; an unfinished character stays for the next time.
    fn take(&mut self) -> String {
        let unfinished = match std::str::from_utf8(&self.0) {
            Err(e) if e.error_len().is_none() => self.0.len() - e.valid_up_to(),
            _ => 0,
        };
        let rest = self.0.split_off(self.0.len() - unfinished);
        String::from_utf8_lossy(&std::mem::replace(&mut self.0, rest)).into_owned()
    }

    fn shown(&self) -> String {
        let from = self.0.len().saturating_sub(SHOWN);
        String::from_utf8_lossy(&self.0[from..]).into_owned()
    }
}
