//! What a session uses up, measured against its budgets and written down in the ledger.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::budget::{Limits, Reached, Span};
use super::usage::Account;
use crate::acp::SessionId;
use crate::agent::{Ledger, Spent, Totals};
use crate::config::Budgets;
use crate::provider::ModelInfo;

/// What a session that a person opened uses up with all those beneath it, and the limits that they share.
#[derive(Debug)]
pub(super) struct Tally {
    session: SessionId,
    shared: Mutex<Amounts>,
}

#[derive(Debug)]
struct Amounts {
    limits: Limits,
    /// Of the session itself, in its turn and so far, with what has ended beneath it.
    turn: Spent,
    session: Spent,
    /// Of what has not ended beneath it; of model calls, all in the turn.
    beneath: Spent,
    waits: Waits,
}

/// Waiting for people, whose time does not count.
#[derive(Debug, Default)]
struct Waits {
    /// Questions that are open, and since when there is one.
    open: usize,
    since: Option<Instant>,
    /// Of those that are over.
    past: Duration,
}

/// Something a person is asked: as long as it lives, no time is used up.
#[derive(Debug)]
pub(super) struct Pause(Arc<Tally>);

impl Drop for Pause {
    fn drop(&mut self) {
        let waits = &mut self.0.amounts().waits;
        waits.open -= 1;
        if waits.open == 0
            && let Some(since) = waits.since.take()
        {
            waits.past += since.elapsed();
        }
    }
}

impl Tally {
    pub(super) fn new(session: &SessionId, budgets: &Budgets) -> Self {
        let none = Spent::default();
        let limits = Limits::new(budgets);
        let amounts = Amounts { limits, turn: none, session: none, beneath: none, waits: Waits::default() };
        Self { session: session.clone(), shared: Mutex::new(amounts) }
    }

    /// How long people were waited for so far.
    fn waited(&self) -> Duration {
        let waits = &self.amounts().waits;
        waits.past + waits.since.map_or(Duration::ZERO, |since| since.elapsed())
    }

    /// A person is asked something.
    pub(super) fn pause(self: &Arc<Self>) -> Pause {
        let waits = &mut self.amounts().waits;
        waits.open += 1;
        waits.since.get_or_insert_with(Instant::now);
        Pause(Arc::clone(self))
    }

    fn amounts(&self) -> MutexGuard<'_, Amounts> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The meter of a session.
#[derive(Debug)]
pub(super) struct Meter {
    tally: Arc<Tally>,
    ledger: Arc<dyn Ledger>,
    /// Whether it works for another session, whose time its time is.
    beneath: bool,
    turn: TurnMeter,
    totals: Totals,
    /// The model of which it was said last that its price is not known.
    unpriced: Option<String>,
}

/// What the present turn uses up.
#[derive(Debug)]
struct TurnMeter {
    begun: Instant,
    /// How long people had been waited for before.
    waited: Duration,
    /// What the session had used before.
    before: Spent,
    steps: u64,
    /// What sessions beneath this one have used; they write it down themselves.
    beneath: Spent,
    /// What the tally has of a session that works for another one.
    tallied: Spent,
    /// What is in the ledger.
    written: Spent,
}

impl TurnMeter {
    fn new(before: Spent, waited: Duration) -> Self {
        Self {
            begun: Instant::now(),
            waited,
            before,
            steps: 0,
            beneath: Spent::default(),
            tallied: Spent::default(),
            written: Spent::default(),
        }
    }

    /// `waited`: how long people have been waited for by now.
    fn spent(&self, account: &Account, waited: Duration) -> Spent {
        let time = self.begun.elapsed().saturating_sub(waited.saturating_sub(self.waited));
        Spent { steps: self.steps, time, ..of(account) - self.before }
    }
}

impl Meter {
    pub(super) fn new(session: &SessionId, tally: Arc<Tally>, ledger: Arc<dyn Ledger>) -> Self {
        Self {
            beneath: tally.session != *session,
            turn: TurnMeter::new(Spent::default(), tally.waited()),
            tally,
            ledger,
            totals: Totals::default(),
            unpriced: None,
        }
    }

    /// A turn begins.
    pub(super) fn begin(&mut self, account: &Account) {
        self.turn = TurnMeter::new(of(account), self.tally.waited());
        if !self.beneath {
            let mut amounts = self.tally.amounts();
            amounts.limits.reset(Span::Turn);
            amounts.beneath = Spent::default();
        }
        self.note(account);
    }

    /// Lets those know who share the limits what was used.
    pub(super) fn note(&mut self, account: &Account) {
        let spent = self.spent(account);
        let mut amounts = self.tally.amounts();
        if self.beneath {
            let own = Spent { time: Duration::ZERO, ..spent - self.turn.beneath };
            amounts.beneath = amounts.beneath + (own - self.turn.tallied);
            self.turn.tallied = own;
        } else {
            (amounts.turn, amounts.session) = (spent, of(account));
        }
    }

    /// Counts a model call, unless a limit is reached. The ledger hears what was used since it was last told.
    pub(super) async fn step(&mut self, account: &Account) -> Option<Reached> {
        self.note(account);
        let spent = self.spent(account);
        let needed = self.tally.amounts().limits.need_ledger();
        match self.untold(spent) {
            Some(more) if needed => {
                let (session, day) = (self.totals.session + more, self.totals.day + more);
                let told = self.ledger.spend(&self.tally.session, more).await;
                let totals = told.unwrap_or(Totals { session, day });
                if totals.day.steps < self.totals.day.steps {
                    self.tally.amounts().limits.reset(Span::Day);
                }
                self.totals = totals;
            }
            Some(more) => self.ledger.note(&self.tally.session, more),
            None => {}
        }
        self.count(spent.time)
    }

    /// Counts a model call for everybody at once, unless a limit is reached. `time`: of the turn.
    fn count(&mut self, time: Duration) -> Option<Reached> {
        let Totals { session: counted, day } = self.totals;
        let mut amounts = self.tally.amounts();
        let turn = Spent { time, ..amounts.turn + amounts.beneath };
        let session = Spent { steps: counted.steps, time: counted.time, ..amounts.session + amounts.beneath };
        let reached = amounts.limits.check(|span| match span {
            Span::Turn => turn,
            Span::Session => session,
            Span::Day => day,
        });
        if reached.is_none() {
            self.turn.steps += 1;
            if self.beneath {
                amounts.beneath.steps += 1;
                self.turn.tallied.steps += 1;
            } else {
                amounts.turn.steps += 1;
            }
        }
        reached
    }

    /// The turn is over.
    pub(super) fn end(&mut self, account: &Account) {
        self.note(account);
        let spent = self.spent(account);
        if let Some(more) = self.untold(spent) {
            self.ledger.note(&self.tally.session, more);
        }
    }

    /// A session beneath this one has used that, and the account knows it.
    pub(super) fn used_beneath(&mut self, account: &Account, tokens: u64, money: f64) {
        let used = Spent { money, tokens, ..Spent::default() };
        self.turn.beneath = self.turn.beneath + used;
        if !self.beneath {
            let mut amounts = self.tally.amounts();
            amounts.beneath = amounts.beneath - used;
        }
        self.note(account);
    }

    /// How long until a limit of time is reached; `None`: there is none, or it is for another session to look at.
    pub(super) fn time_left(&self, account: &Account) -> Option<Duration> {
        if self.beneath {
            return None;
        }
        let turn = self.spent(account).time;
        let untold = turn.saturating_sub(self.turn.written.time);
        self.tally.amounts().limits.time_left(|span| match span {
            Span::Turn => turn,
            Span::Session => self.totals.session.time + untold,
            Span::Day => self.totals.day.time + untold,
        })
    }

    /// What people are asked through, so that their time does not count.
    pub(super) fn tally(&self) -> &Arc<Tally> {
        &self.tally
    }

    fn spent(&self, account: &Account) -> Spent {
        self.turn.spent(account, self.tally.waited())
    }

    /// Whether a limit of money is void for a model because its price is not known; told once in a row.
    pub(super) fn is_blind_to(&mut self, model: &ModelInfo) -> bool {
        let blind = model.price.is_none() && model.context > 0 && self.tally.amounts().limits.limit_money();
        if !blind || self.unpriced.as_ref() == Some(&model.id) {
            return false;
        }
        self.unpriced = Some(model.id.clone());
        true
    }

    /// They said to go on.
    pub(super) fn raise(&mut self, reached: &Reached) {
        self.tally.amounts().limits.raise(reached);
    }

    /// What the ledger is to be told now; `None`: nobody needs it.
    fn untold(&mut self, spent: Spent) -> Option<Spent> {
        let mut own = spent - self.turn.beneath;
        if self.beneath {
            own.time = Duration::ZERO;
        }
        let more = own - self.turn.written;
        if self.tally.amounts().limits.is_empty() && more.tokens == 0 {
            return None;
        }
        self.turn.written = own;
        Some(more)
    }
}

/// Tokens and money of a session so far.
fn of(account: &Account) -> Spent {
    let (tokens, money) = account.so_far();
    Spent { money, tokens, ..Spent::default() }
}
