//! What a session has used: tokens in the context, tokens and money in all.

use crate::acp::Cost;
use crate::event::Usage;
use crate::provider::{ModelInfo, Tokens};

/// Bytes of text that make about one token.
const BYTES_PER_TOKEN: usize = 4;
/// The part of a context from which an estimate is told: less is nothing that a gauge shows.
const SHOWN: u64 = 1_000;

/// The account of a session. What a provider reports of an answer replaces what it reported of the same one before.
#[derive(Debug, Default)]
pub(super) struct Account {
    /// Of all answers before the present one.
    spent: u64,
    cost: f64,
    /// Of the present answer, as last reported.
    tokens: Tokens,
    answer_cost: f64,
    told: Option<Tokens>,
    /// Tokens in the context at the last report, and bytes of the conversation then.
    known: Option<(u64, usize)>,
    /// Nobody reported what the last answer used.
    unreported: bool,
}

impl Account {
    /// Takes over what the journal says of earlier answers.
    pub(super) fn recall(&mut self, usage: &Usage) {
        self.spent = usage.spent;
        self.cost = usage.cost.as_ref().map_or(0.0, |cost| cost.amount);
    }

    /// The provider reports what its answer has used so far. The first report of an answer is told at once.
    pub(super) fn report(&mut self, tokens: Tokens, model: &ModelInfo, bytes: usize) -> Option<Usage> {
        self.tokens = tokens;
        self.answer_cost = model.price.map_or(0.0, |price| tokens.cost(price));
        self.known = Some((tokens.total(), bytes));
        self.unreported = false;
        let first = self.told.is_none();
        first.then(|| self.tell(model))
    }

    /// The answer is over: what was not told yet. What nobody reported is not told, but estimated.
    pub(super) fn close(&mut self, model: &ModelInfo) -> Option<Usage> {
        self.unreported = self.told.is_none();
        let news = self.told.is_some_and(|told| told != self.tokens);
        let usage = news.then(|| self.tell(model));
        self.spent += self.tokens.total();
        self.cost += self.answer_cost;
        (self.tokens, self.answer_cost, self.told) = (Tokens::default(), 0.0, None);
        usage
    }

    fn tell(&mut self, model: &ModelInfo) -> Usage {
        self.told = Some(self.tokens);
        self.usage(model)
    }

    /// What something beside the conversation has used: a summary, a sub-agent.
    pub(super) fn add(&mut self, spent: u64, cost: f64) {
        self.spent += spent;
        self.cost += cost;
    }

    /// What the context holds, about, now that the conversation has so many bytes; `None` where it was reported, or where
    /// it is next to nothing.
    pub(super) fn estimate(&mut self, model: &ModelInfo, bytes: usize) -> Option<Usage> {
        if !self.unreported {
            return None;
        }
        let used = self.expected(bytes);
        self.known = Some((used, bytes));
        (model.context > 0 && used >= model.context / SHOWN).then(|| self.usage(model))
    }

    /// Tokens the next request has, about: what was reported, and what was said since.
    pub(super) fn expected(&self, bytes: usize) -> u64 {
        let (tokens, then) = self.known.unwrap_or((0, 0));
        tokens + (bytes.saturating_sub(then) / BYTES_PER_TOKEN) as u64
    }

    /// The conversation was made shorter: nothing is known of its size any more.
    pub(super) fn forget_size(&mut self) {
        self.known = None;
    }

    /// Tokens used by the session so far, and what they cost in US dollars.
    pub(super) fn so_far(&self) -> (u64, f64) {
        (self.spent + self.tokens.total(), self.cost + self.answer_cost)
    }

    /// As clients and the journal are told it.
    pub(super) fn usage(&self, model: &ModelInfo) -> Usage {
        let (spent, cost) = self.so_far();
        let cost = (model.price.is_some() || cost > 0.0).then(|| Cost::new(cost, "USD"));
        let used = self.known.map_or(0, |known| known.0);
        Usage { used, size: model.context, cost, spent, estimated: self.unreported }
    }
}
