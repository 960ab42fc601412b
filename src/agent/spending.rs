//! What work uses up, and where it is written down.

use std::fmt::Debug;
use std::ops::{Add, Sub};
use std::time::Duration;

use futures_util::future::BoxFuture;

use crate::acp::SessionId;

/// An amount of everything that a budget limits.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Spent {
    /// US dollars.
    pub money: f64,
    pub tokens: u64,
    /// Model calls.
    pub steps: u64,
    /// Time of turns.
    pub time: Duration,
}

impl Add for Spent {
    type Output = Self;

    fn add(self, more: Self) -> Self {
        Self {
            money: self.money + more.money,
            tokens: self.tokens.saturating_add(more.tokens),
            steps: self.steps.saturating_add(more.steps),
            time: self.time.saturating_add(more.time),
        }
    }
}

/// No part of the difference is below nothing.
impl Sub for Spent {
    type Output = Self;

    fn sub(self, less: Self) -> Self {
        Self {
            money: (self.money - less.money).max(0.0),
            tokens: self.tokens.saturating_sub(less.tokens),
            steps: self.steps.saturating_sub(less.steps),
            time: self.time.saturating_sub(less.time),
        }
    }
}

/// What was used up so far.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Totals {
    /// By the session.
    pub session: Spent,
    /// By all sessions since midnight UTC.
    pub day: Spent,
}

/// Where it is written down what sessions use up.
pub trait Ledger: Send + Sync + Debug {
    /// Writes down what the session has used since it was last told, and returns what that comes to; `None` when it
    /// cannot be known.
    fn spend(&self, session: &SessionId, more: Spent) -> BoxFuture<'static, Option<Totals>>;
    /// Writes the same down for whoever asks later.
    fn note(&self, session: &SessionId, more: Spent) {
        drop(self.spend(session, more));
    }
}
