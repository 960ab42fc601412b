//! What a session is busy with, as far as its events tell: pure.

use std::collections::{HashMap, HashSet};

use crate::acp::{ToolCallId, v2};
use crate::event::{AskId, EventKind};

/// What the foreground does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum State {
    #[default]
    Idle,
    Running,
    /// Nothing goes on before a person has answered.
    RequiresAction,
}

/// Follows a session's events.
#[derive(Debug, Default)]
pub(super) struct Activity {
    turn: bool,
    /// Calls of the turn that have not ended, and whether they run.
    calls: HashMap<ToolCallId, bool>,
    /// Open questions, with the call that each is about or comes from.
    asks: HashMap<AskId, Option<ToolCallId>>,
}

impl Activity {
    pub(super) fn note(&mut self, kind: &EventKind) {
        match kind {
            EventKind::PromptAccepted { .. } => self.turn = true,
            EventKind::ToolProposed { call } => drop(self.calls.insert(call.tool_call_id.clone(), false)),
            EventKind::ToolStarted { update } => drop(self.calls.insert(update.tool_call_id.clone(), true)),
            EventKind::ToolEnded { update, .. } => drop(self.calls.remove(&update.tool_call_id)),
            EventKind::AskOpened { ask, call, .. } => {
                self.asks.insert(ask.clone(), Some(call.tool_call_id.clone()));
            }
            EventKind::QuestionOpened { ask, call, .. } => drop(self.asks.insert(ask.clone(), call.clone())),
            EventKind::AskSettled { ask, .. } | EventKind::QuestionSettled { ask, .. } => {
                self.asks.remove(ask);
            }
            EventKind::TurnEnded { .. } => *self = Self::default(),
            _ => {}
        }
    }

    /// A call that runs works, unless the question that is open is its own; one that comes from a call beneath holds up
    /// one of those that run.
    pub(super) fn state(&self) -> State {
        let asking: HashSet<_> = self.asks.values().flatten().collect();
        let working = self.calls.iter().filter(|(call, runs)| **runs && !asking.contains(call)).count();
        let beneath = asking.iter().filter(|call| !self.calls.contains_key(**call)).count();
        match (self.turn, self.asks.is_empty()) {
            (false, _) => State::Idle,
            (true, false) if working <= beneath => State::RequiresAction,
            (true, _) => State::Running,
        }
    }
}

impl State {
    /// The snapshot of it, without a reason where it is idle.
    pub(super) fn update(self) -> v2::SessionUpdate {
        v2::SessionUpdate::StateUpdate(match self {
            Self::Idle => v2::StateUpdate::Idle(v2::IdleStateUpdate::new()),
            Self::Running => v2::StateUpdate::Running(v2::RunningStateUpdate::new()),
            Self::RequiresAction => v2::StateUpdate::RequiresAction(v2::RequiresActionStateUpdate::new()),
        })
    }
}
