//! Closing what a process that ended left open. A started tool is shown as interrupted and never run
//! again by itself (law L6).

use std::collections::BTreeMap;
use std::sync::Arc;

use super::journal::Journal;
use crate::acp::{ToolCallStatus, ToolCallUpdate, ToolCallUpdateFields};
use crate::event::{AskId, AskOutcome, EventKind, QuestionAnswer, TurnId, TurnStop};
use crate::store::StoreError;

/// What of a session is still open.
#[derive(Debug, Default)]
pub(super) struct Open {
    turn: Option<TurnId>,
    tools: BTreeMap<Arc<str>, bool>,
    /// What people are asked, with what settles it.
    asks: Vec<(AskId, EventKind)>,
}

impl Open {
    pub(super) fn take(&mut self, event: &EventKind) {
        match event {
            EventKind::PromptAccepted { turn, .. } => self.turn = Some(*turn),
            EventKind::ToolProposed { call } => self.started(&call.tool_call_id.0, false),
            EventKind::ToolStarted { update } => self.started(&update.tool_call_id.0, true),
            EventKind::ToolEnded { update, .. } => self.ended(&update.tool_call_id.0),
            EventKind::AskOpened { ask, .. } => self.asks.push((ask.clone(), unanswered(ask))),
            EventKind::QuestionOpened { ask, .. } => {
                self.asks.push((ask.clone(), unanswered_question(ask)));
            }
            EventKind::AskSettled { ask, .. } | EventKind::QuestionSettled { ask, .. } => {
                self.asks.retain(|(open, _)| open != ask);
            }
            EventKind::TurnEnded { .. } => *self = Self::default(),
            EventKind::Text { .. }
            | EventKind::Thought { .. }
            | EventKind::ToolProgress { .. }
            | EventKind::PlanChanged { .. }
            | EventKind::ModeChanged { .. }
            | EventKind::OptionChanged { .. }
            | EventKind::CommandsChanged { .. }
            | EventKind::TitleChanged { .. }
            | EventKind::UsageChanged { .. }
            | EventKind::FileChanged { .. }
            | EventKind::PromptExtended { .. }
            | EventKind::TurnUndone { .. }
            | EventKind::Compacted { .. }
            | EventKind::Compacting { .. }
            | EventKind::Notice { .. } => {}
        }
    }

    fn started(&mut self, tool: &Arc<str>, started: bool) {
        self.tools.insert(Arc::clone(tool), started);
    }

    fn ended(&mut self, tool: &Arc<str>) {
        self.tools.remove(tool);
    }

    /// Ends of the tools that have none.
    pub(super) fn interrupted_tools(self) -> Vec<EventKind> {
        self.tools.into_iter().map(|(id, started)| interrupted(&id, started)).collect()
    }

    fn close(mut self) -> Vec<EventKind> {
        let turn = self.turn.take();
        let mut kinds: Vec<_> =
            std::mem::take(&mut self.asks).into_iter().map(|(_, settled)| settled).collect();
        kinds.extend(self.interrupted_tools());
        if let Some(turn) = turn {
            kinds.push(EventKind::TurnEnded { turn, stop: TurnStop::Interrupted });
        }
        kinds
    }
}

/// A permission that nobody will give any more.
pub(super) fn unanswered(ask: &AskId) -> EventKind {
    EventKind::AskSettled { ask: ask.clone(), outcome: AskOutcome::Cancelled }
}

/// A question that nobody will answer any more.
pub(super) fn unanswered_question(ask: &AskId) -> EventKind {
    EventKind::QuestionSettled { ask: ask.clone(), answer: QuestionAnswer::Cancelled }
}

/// A tool that nobody will hear of again.
pub(super) fn interrupted(id: &Arc<str>, started: bool) -> EventKind {
    let text = if started {
        "Interrupted while this was running. Whether it took effect is not known; it was not run again."
    } else {
        "Interrupted before this was run."
    };
    let fields = ToolCallUpdateFields::new()
        .status(ToolCallStatus::Failed)
        .content(vec![text.to_owned().into()])
        .raw_output(serde_json::json!({ "interrupted": true }));
    EventKind::ToolEnded {
        update: Box::new(ToolCallUpdate::new(Arc::clone(id), fields)),
        result: text.to_owned(),
        cancelled: false,
    }
}

/// The events that close what a journal has left open.
pub(super) async fn closing_events(journal: &Journal) -> Result<Vec<EventKind>, StoreError> {
    let (mut open, mut after) = (Open::default(), 0);
    loop {
        let page = journal.page(after, 512).await?;
        let Some(last) = page.last() else { return Ok(open.close()) };
        after = last.seq;
        for event in &page {
            open.take(&event.kind);
        }
    }
}
