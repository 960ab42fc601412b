//! What a client was shown, put together: the same whether it was seen live or replayed.

use std::sync::{Arc, Mutex, PoisonError};

use agent_client_protocol::v1::schema::{
    ContentBlock, ContentChunk, SessionId, SessionUpdate, ToolCallStatus,
};
use tokio::sync::watch;

/// One thing in a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    User(String),
    Agent(String),
    Call { id: String, status: ToolCallStatus },
}

/// Updates of all sessions so far. Clones share them.
#[derive(Clone)]
pub struct Seen {
    updates: Arc<Mutex<Vec<(SessionId, SessionUpdate)>>>,
    count: watch::Sender<usize>,
}

impl Seen {
    pub fn new() -> Self {
        Self { updates: Arc::default(), count: watch::Sender::new(0) }
    }

    pub fn add(&self, session: SessionId, update: SessionUpdate) {
        self.updates.lock().unwrap_or_else(PoisonError::into_inner).push((session, update));
        self.count.send_modify(|count| *count += 1);
    }

    /// How many updates there were: a place to look from.
    pub fn mark(&self) -> usize {
        *self.count.borrow()
    }

    /// Waits until the updates of a session since then are enough.
    pub async fn until(&self, session: &SessionId, mark: usize, enough: impl Fn(&[Entry]) -> bool) {
        let mut count = self.count.subscribe();
        while !enough(&self.entries(session, mark)) && count.changed().await.is_ok() {}
    }

    /// What a person sees of a session, of what came since then.
    pub fn entries(&self, session: &SessionId, mark: usize) -> Vec<Entry> {
        let updates = self.updates.lock().unwrap_or_else(PoisonError::into_inner);
        let mut entries = Vec::new();
        for (_, update) in updates.iter().skip(mark).filter(|(id, _)| id == session) {
            fold(&mut entries, update);
        }
        entries
    }
}

fn fold(entries: &mut Vec<Entry>, update: &SessionUpdate) {
    match update {
        SessionUpdate::UserMessageChunk(chunk) => entries.push(Entry::User(text(chunk))),
        SessionUpdate::AgentMessageChunk(chunk) => match entries.last_mut() {
            Some(Entry::Agent(said)) => said.push_str(&text(chunk)),
            _ => entries.push(Entry::Agent(text(chunk))),
        },
        SessionUpdate::ToolCall(call) => {
            entries.push(Entry::Call { id: call.tool_call_id.to_string(), status: call.status });
        }
        SessionUpdate::ToolCallUpdate(update) => {
            let wanted = update.tool_call_id.to_string();
            let found = entries.iter_mut().find_map(|it| match it {
                Entry::Call { id, status } if *id == wanted => Some(status),
                _ => None,
            });
            if let (Some(status), Some(now)) = (found, update.fields.status) {
                *status = now;
            }
        }
        _ => {}
    }
}

fn text(chunk: &ContentChunk) -> String {
    match &chunk.content {
        ContentBlock::Text(text) => text.text.clone(),
        other => format!("{other:?}"),
    }
}
