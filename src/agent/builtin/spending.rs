//! What a session uses up, measured against its budgets and written down in the ledger.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::time::Instant;

use super::budget::{Limits, Reached, Span};
use super::usage::Account;
use crate::acp::SessionId;
use crate::agent::{Ledger, Spent, Totals};
use crate::config::Budgets;

/// The meter of a session.
#[derive(Debug)]
pub(super) struct Meter {
    session: SessionId,
    ledger: Arc<dyn Ledger>,
    limits: Limits,
    /// Whether it works for another session, whose time its time is.
    beneath: bool,
    turn: TurnMeter,
    totals: Totals,
}

/// What the present turn uses up.
#[derive(Debug)]
struct TurnMeter {
    begun: Instant,
    /// Since when a person is asked whether to go on, and how long that took before.
    asking: Option<Instant>,
    waited: Duration,
    /// What the session had used before.
    before: Spent,
    steps: u64,
    /// What sessions beneath this one have used; they write it down themselves.
    beneath: Spent,
    /// What is in the ledger.
    written: Spent,
}

impl TurnMeter {
    fn new(before: Spent) -> Self {
        Self {
            begun: Instant::now(),
            asking: None,
            waited: Duration::ZERO,
            before,
            steps: 0,
            beneath: Spent::default(),
            written: Spent::default(),
        }
    }

    fn spent(&self, account: &Account) -> Spent {
        let until = self.asking.unwrap_or_else(Instant::now);
        let time = until.duration_since(self.begun).saturating_sub(self.waited);
        Spent { steps: self.steps, time, ..of(account) - self.before }
    }
}

impl Meter {
    pub(super) fn new(session: SessionId, ledger: Arc<dyn Ledger>, budgets: &Budgets, depth: u32) -> Self {
        Self {
            session,
            ledger,
            limits: Limits::new(budgets),
            beneath: depth > 0,
            turn: TurnMeter::new(Spent::default()),
            totals: Totals::default(),
        }
    }

    /// A turn begins.
    pub(super) fn begin(&mut self, account: &Account) {
        self.turn = TurnMeter::new(of(account));
        self.limits.reset(Span::Turn);
    }

    /// Counts a model call, unless a limit is reached. The ledger hears what was used since it was last told.
    pub(super) async fn step(&mut self, account: &Account) -> Option<Reached> {
        let spent = self.turn.spent(account);
        if let Some((more, told)) = self.tell(spent)
            && self.limits.need_ledger()
        {
            let (session, day) = (self.totals.session + more, self.totals.day + more);
            let totals = told.await.unwrap_or(Totals { session, day });
            if totals.day.steps < self.totals.day.steps {
                self.limits.reset(Span::Day);
            }
            self.totals = totals;
        }
        let totals = self.totals;
        let session = Spent { steps: totals.session.steps, time: totals.session.time, ..of(account) };
        let reached = self.limits.check(|span| match span {
            Span::Turn => spent,
            Span::Session => session,
            Span::Day => totals.day,
        });
        if reached.is_none() {
            self.turn.steps += 1;
        }
        reached
    }

    /// The turn is over.
    pub(super) fn end(&mut self, account: &Account) {
        let spent = self.turn.spent(account);
        // It is written down all the same, and nobody waits for what it comes to.
        drop(self.tell(spent));
    }

    /// A session beneath this one has used that.
    pub(super) fn used_beneath(&mut self, tokens: u64, money: f64) {
        self.turn.beneath = self.turn.beneath + Spent { money, tokens, ..Spent::default() };
    }

    /// A person is asked: their time does not count.
    pub(super) fn pause(&mut self) {
        self.turn.asking.get_or_insert_with(Instant::now);
    }

    /// They have answered.
    pub(super) fn resume(&mut self) {
        if let Some(since) = self.turn.asking.take() {
            self.turn.waited += since.elapsed();
        }
    }

    /// They said to go on.
    pub(super) fn raise(&mut self, reached: &Reached) {
        self.limits.raise(reached);
    }

    /// Has what is new written down, and what that comes to looked up; `None`: nobody needs it.
    fn tell(&mut self, spent: Spent) -> Option<(Spent, BoxFuture<'static, Option<Totals>>)> {
        let mut own = spent - self.turn.beneath;
        if self.beneath {
            own.time = Duration::ZERO;
        }
        let more = own - self.turn.written;
        if self.limits.is_empty() && more.tokens == 0 {
            return None;
        }
        self.turn.written = own;
        Some((more, self.ledger.spend(&self.session, more)))
    }
}

/// Tokens and money of a session so far.
fn of(account: &Account) -> Spent {
    let (tokens, money) = account.so_far();
    Spent { money, tokens, ..Spent::default() }
}
