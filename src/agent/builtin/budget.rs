//! Budgets: which limit is reached, and how that is told. Pure: what was used up comes in, nothing is looked at.

use std::fmt;
use std::time::Duration;

use crate::acp::ToolCallId;
use crate::agent::Spent;
use crate::config::{Budget, Budgets};

/// What a limit is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Span {
    Turn,
    Session,
    Day,
}

/// What it limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Measure {
    Money,
    Tokens,
    Steps,
    Time,
}

/// One limit that is set. Amounts are US dollars, tokens, model calls, or seconds.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Limit {
    span: Span,
    measure: Measure,
    /// As it is set: by so much it is raised.
    set: f64,
    /// As it is now.
    now: f64,
}

/// A limit that is reached.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Reached {
    limit: Limit,
    spent: f64,
}

/// The limits in force.
#[derive(Debug, Clone, Default)]
pub(super) struct Limits(Vec<Limit>);

impl Limits {
    pub(super) fn new(budgets: &Budgets) -> Self {
        let spans = [(Span::Turn, budgets.turn), (Span::Session, budgets.session), (Span::Day, budgets.day)];
        let limits = spans.into_iter().flat_map(|(span, budget)| {
            let set = amounts(budget).into_iter();
            set.filter_map(move |(measure, set)| Some(Limit { span, measure, set: set?, now: set? }))
        });
        Self(limits.collect())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether one of them is about money, and more than none of it.
    pub(super) fn limit_money(&self) -> bool {
        self.0.iter().any(|limit| limit.measure == Measure::Money && limit.set > 0.0)
    }

    /// Whether one of them is about more than this session's own account knows: the day, or what is not in the
    /// journal.
    pub(super) fn need_ledger(&self) -> bool {
        let counted = |limit: &Limit| matches!(limit.measure, Measure::Steps | Measure::Time);
        self.0.iter().any(|limit| limit.span == Span::Day || limit.span == Span::Session && counted(limit))
    }

    /// The first limit that is reached, if one is.
    pub(super) fn check(&self, spent: impl Fn(Span) -> Spent) -> Option<Reached> {
        let reached = |limit: &Limit| {
            let spent = limit.measure.of(&spent(limit.span));
            (spent >= limit.now).then_some(Reached { limit: *limit, spent })
        };
        self.0.iter().find_map(reached)
    }

    /// How long until the first limit of time is reached; `None`: there is none.
    pub(super) fn time_left(&self, spent: impl Fn(Span) -> Duration) -> Option<Duration> {
        let times = self.0.iter().filter(|limit| limit.measure == Measure::Time);
        let left = times.map(|limit| {
            Duration::try_from_secs_f64(limit.now).unwrap_or(Duration::MAX).saturating_sub(spent(limit.span))
        });
        left.min()
    }

    /// Somebody said to go on: as much again as is set, as often as it takes to go on at all, unless that was said
    /// already.
    pub(super) fn raise(&mut self, reached: &Reached) {
        let same =
            |limit: &&mut Limit| limit.span == reached.limit.span && limit.measure == reached.limit.measure;
        if let Some(limit) = self.0.iter_mut().find(same)
            && limit.set > 0.0
            && limit.now <= reached.spent
        {
            limit.now += limit.set * (((reached.spent - limit.now) / limit.set).floor().max(0.0) + 1.0);
        }
    }

    /// They are as they are set again, for a new turn or a new day.
    pub(super) fn reset(&mut self, span: Span) {
        self.0.iter_mut().filter(|limit| limit.span == span).for_each(|limit| limit.now = limit.set);
    }
}

fn amounts(budget: Budget) -> [(Measure, Option<f64>); 4] {
    [
        (Measure::Money, budget.money),
        (Measure::Tokens, budget.tokens.map(|tokens| tokens as f64)),
        (Measure::Steps, budget.steps.map(|steps| steps as f64)),
        (Measure::Time, budget.time.map(|time| time.as_secs_f64())),
    ]
}

impl Measure {
    fn of(self, spent: &Spent) -> f64 {
        match self {
            Self::Money => spent.money,
            Self::Tokens => spent.tokens as f64,
            Self::Steps => spent.steps as f64,
            Self::Time => spent.time.as_secs_f64(),
        }
    }

    /// An amount without its unit, and the unit that stands behind the last of several.
    fn amount(self, amount: f64) -> (String, &'static str) {
        match self {
            // Rounded up: what is nearly nothing is not nothing.
            Self::Money => (format!("${:.2}", (amount * 100.0 - 1e-6).ceil().abs() / 100.0), ""),
            Self::Tokens => (grouped(amount), if amount > 1.0 { " tokens" } else { " token" }),
            Self::Steps => (grouped(amount), if amount > 1.0 { " model calls" } else { " model call" }),
            Self::Time => (time(amount), ""),
        }
    }
}

/// `1234567` as `1,234,567`.
fn grouped(amount: f64) -> String {
    let digits = format!("{amount:.0}");
    let (first, rest) = digits.split_at((digits.len() + 2) % 3 + 1);
    let groups = rest.as_bytes().chunks(3).map(|group| format!(",{}", String::from_utf8_lossy(group)));
    std::iter::once(first.to_owned()).chain(groups).collect()
}

fn time(seconds: f64) -> String {
    let seconds = Duration::from_secs_f64(seconds.max(0.0)).as_secs();
    let parts = [(seconds / 3600, "h"), (seconds / 60 % 60, "min"), (seconds % 60, "s")];
    let parts = parts.iter().filter(|(amount, _)| *amount > 0);
    let text = parts.map(|(amount, unit)| format!("{amount} {unit}")).collect::<Vec<_>>().join(" ");
    if text.is_empty() { "0 s".to_owned() } else { text }
}

/// `the budget of this turn is used up ($1.02 of $1.00)`.
impl fmt::Display for Reached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let span = match self.limit.span {
            Span::Turn => "this turn",
            Span::Session => "this session",
            Span::Day => "this day",
        };
        let (spent, _) = self.limit.measure.amount(self.spent);
        let (limit, unit) = self.limit.measure.amount(self.limit.now);
        write!(f, "the budget of {span} is used up ({spent} of {limit}{unit})")
    }
}

impl Reached {
    /// Whether going on would help: nothing is not raised by any number of times nothing.
    pub(super) fn can_be_raised(&self) -> bool {
        self.limit.set > 0.0
    }

    /// What going on would cost, for the answer that allows it.
    pub(super) fn more(&self) -> String {
        let (amount, unit) = self.limit.measure.amount(self.limit.set);
        if amount == "1" { format!("another{unit}") } else { format!("another {amount}{unit}") }
    }
}

/// How the calls are named that budgets are asked about by: they are no calls of the model.
const QUESTION: &str = "budget-";

/// Whether that is such a name.
pub(super) fn is_question(call: &ToolCallId) -> bool {
    call.0.starts_with(QUESTION)
}

/// Such a name.
pub(super) fn question(id: &str) -> String {
    format!("{QUESTION}{id}")
}
