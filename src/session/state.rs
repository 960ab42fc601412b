//! What a session may do when: a pure machine. The actor feeds it and does what it says.

use crate::event::{AskId, TurnId};

/// Where a session stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum State {
    Idle,
    Running {
        turn: TurnId,
        asks: Vec<AskId>,
    },
    /// The turn was told to stop and has not ended yet.
    Cancelling {
        turn: TurnId,
    },
    Closed,
}

/// What becomes of a prompt.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum OnPrompt {
    Begin,
    /// Begins when the turn before it has ended.
    Next,
    Busy(TurnId),
    Closed,
}

/// What becomes of an ask.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum OnAsk {
    Open,
    /// Answered `cancelled` at once (law L7).
    Cancelled,
}

impl State {
    /// `waits`: whoever sent it would rather wait than be refused. Behind a turn that is being cancelled everyone does:
    /// who has cancelled need not wait for the end before it goes on.
    pub(super) fn prompt(&self, waits: bool) -> OnPrompt {
        match self {
            Self::Idle => OnPrompt::Begin,
            Self::Running { .. } if waits => OnPrompt::Next,
            Self::Running { turn, .. } => OnPrompt::Busy(*turn),
            Self::Cancelling { .. } => OnPrompt::Next,
            Self::Closed => OnPrompt::Closed,
        }
    }

    /// The turn has begun.
    pub(super) fn begin(&mut self, turn: TurnId) {
        *self = Self::Running { turn, asks: Vec::new() };
    }

    pub(super) fn ask(&mut self, ask: &AskId, limit: usize) -> OnAsk {
        match self {
            Self::Running { asks, .. } if asks.len() < limit => {
                asks.push(ask.clone());
                OnAsk::Open
            }
            Self::Running { .. } | Self::Cancelling { .. } | Self::Idle | Self::Closed => OnAsk::Cancelled,
        }
    }

    /// Whether this answer is the one that settles the ask: it is open, and nobody was faster.
    pub(super) fn settle(&mut self, ask: &AskId) -> bool {
        match self {
            Self::Running { asks, .. } => {
                let before = asks.len();
                asks.retain(|open| open != ask);
                asks.len() < before
            }
            Self::Idle | Self::Cancelling { .. } | Self::Closed => false,
        }
    }

    /// Stops a running turn: its open asks are to be settled as cancelled. `None` when there is nothing
    /// to stop, or it is being stopped already.
    pub(super) fn cancel(&mut self) -> Option<Vec<AskId>> {
        match self {
            Self::Running { turn, asks } => {
                let asks = std::mem::take(asks);
                *self = Self::Cancelling { turn: *turn };
                Some(asks)
            }
            Self::Idle | Self::Cancelling { .. } | Self::Closed => None,
        }
    }

    /// The turn is over. Its number, whether it was being cancelled, and asks nobody answered; `None` when
    /// none was running.
    pub(super) fn end(&mut self) -> Option<(TurnId, bool, Vec<AskId>)> {
        match std::mem::replace(self, Self::Idle) {
            Self::Running { turn, asks } => Some((turn, false, asks)),
            Self::Cancelling { turn } => Some((turn, true, Vec::new())),
            Self::Idle => None,
            Self::Closed => {
                *self = Self::Closed;
                None
            }
        }
    }

    pub(super) fn running(&self) -> Option<TurnId> {
        match self {
            Self::Running { turn, .. } | Self::Cancelling { turn } => Some(*turn),
            Self::Idle | Self::Closed => None,
        }
    }

    pub(super) fn close(&mut self) {
        *self = Self::Closed;
    }
}
