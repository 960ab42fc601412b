//! What sessions have used up.

use std::ops::AddAssign;

use crate::acp::SessionId;

/// Milliseconds of a day.
const DAY: i64 = 24 * 60 * 60 * 1000;
/// Days that are kept; what was used before does not count any more.
const KEPT: i64 = 400;

/// What a session has used, now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spending {
    pub session: SessionId,
    /// Milliseconds since the Unix epoch.
    pub at: i64,
    pub used: Used,
}

impl Spending {
    /// The day it belongs to: days since the Unix epoch, UTC.
    pub(super) fn day(&self) -> i64 {
        self.at.div_euclid(DAY)
    }

    /// The first day that is still kept.
    pub(super) fn oldest(&self) -> i64 {
        self.day() - KEPT
    }
}

/// An amount of everything that can be used up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Used {
    pub tokens: u64,
    /// Millionths of a US dollar.
    pub micro_dollars: u64,
    /// Model calls.
    pub steps: u64,
    /// Milliseconds of turns.
    pub millis: u64,
}

impl AddAssign for Used {
    fn add_assign(&mut self, more: Self) {
        self.tokens = self.tokens.saturating_add(more.tokens);
        self.micro_dollars = self.micro_dollars.saturating_add(more.micro_dollars);
        self.steps = self.steps.saturating_add(more.steps);
        self.millis = self.millis.saturating_add(more.millis);
    }
}

/// What it comes to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SpendingTotals {
    /// Of the session, over all days that are kept.
    pub session: Used,
    /// Of that day, over all sessions, also those that were deleted since.
    pub day: Used,
}
