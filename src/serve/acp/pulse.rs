//! Signs of life, for turns that are silent for long: something that is true already, said once more.

use crate::acp::{
    Meta, SessionInfoUpdate, SessionUpdate, ToolCallId, ToolCallUpdate, ToolCallUpdateFields, UsageUpdate,
};
use crate::clock::rfc3339;
use crate::event::{Event, EventKind, Usage};

/// What can be said once more.
#[derive(Debug, Default)]
pub(super) struct Pulse {
    /// Calls that have not ended, oldest first.
    calls: Vec<ToolCallId>,
    usage: Option<Usage>,
    /// When the last event happened.
    at: i64,
}

impl Pulse {
    pub(super) fn note(&mut self, event: &Event) {
        self.at = event.at;
        match &event.kind {
            EventKind::ToolProposed { call } => self.calls.push(call.tool_call_id.clone()),
            EventKind::ToolEnded { update, .. } => self.calls.retain(|open| *open != update.tool_call_id),
            EventKind::TurnEnded { .. } => self.calls.clear(),
            EventKind::UsageChanged { usage } => self.usage = Some(usage.clone()),
            _ => {}
        }
    }

    /// Whether the call was proposed in the turn that runs, and has not ended.
    pub(super) fn is_open(&self, call: &ToolCallId) -> bool {
        self.calls.contains(call)
    }

    /// A small update that changes nothing: of a call that is open, else the usage as it is, else when
    /// something happened last.
    pub(super) fn beat(&self) -> SessionUpdate {
        if let Some(call) = self.calls.first() {
            let nothing = ToolCallUpdateFields::new();
            return SessionUpdate::ToolCallUpdate(ToolCallUpdate::new(call.clone(), nothing));
        }
        match &self.usage {
            Some(usage) => SessionUpdate::UsageUpdate(usage_update(usage)),
            None => SessionUpdate::SessionInfoUpdate(SessionInfoUpdate::new().updated_at(rfc3339(self.at))),
        }
    }
}

/// The usage as clients are told it; an estimate has `"estimated": true` in its `_meta`.
pub(super) fn usage_update(usage: &Usage) -> UsageUpdate {
    let meta = usage.estimated.then(|| Meta::from_iter([("estimated".to_owned(), true.into())]));
    UsageUpdate::new(usage.used, usage.size).cost(usage.cost.clone()).meta(meta)
}
