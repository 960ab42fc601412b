//! What people are asked: whether a tool may run, and (in `question`) what only they know. The first answer wins.

use tokio::sync::oneshot;

use super::{Actor, OPEN_ASKS};
use crate::acp::{PermissionOption, ToolCallUpdate};
use crate::event::{AskId, AskOutcome, EventKind, Question, QuestionAnswer, TurnId};
use crate::session::recovery::{unanswered, unanswered_question};
use crate::session::state::OnAsk;
use crate::store::RecordChange;

/// Something that a person is asked, and who waits for the answer.
#[derive(Debug)]
pub(super) enum OpenAsk {
    Permission { options: Vec<PermissionOption>, answer: oneshot::Sender<AskOutcome> },
    Question { question: Question, answer: oneshot::Sender<QuestionAnswer> },
}

impl OpenAsk {
    /// Nobody answers any more: tells whoever waits, and what happened.
    fn cancel(self, ask: &AskId) -> EventKind {
        // Who no longer waits has been given up.
        match self {
            Self::Permission { answer, .. } => {
                let _told = answer.send(AskOutcome::Cancelled);
                unanswered(ask)
            }
            Self::Question { answer, .. } => {
                let _told = answer.send(QuestionAnswer::Cancelled);
                unanswered_question(ask)
            }
        }
    }

    /// Nobody waits for the answer any more.
    fn is_withdrawn(&self) -> bool {
        match self {
            Self::Permission { answer, .. } => answer.is_closed(),
            Self::Question { answer, .. } => answer.is_closed(),
        }
    }
}

impl Actor {
    pub(super) async fn open_ask(
        &mut self,
        call: Box<ToolCallUpdate>,
        options: Vec<PermissionOption>,
        answer: oneshot::Sender<AskOutcome>,
    ) {
        let Some((ask, turn)) = self.next_ask() else { return };
        let opened = EventKind::AskOpened { ask: ask.clone(), turn, call, options: options.clone() };
        self.open(ask, opened, OpenAsk::Permission { options, answer }).await;
    }

    /// A name for the next thing to be asked; `None` when no turn runs.
    pub(super) fn next_ask(&mut self) -> Option<(AskId, TurnId)> {
        let turn = self.state.running()?;
        let ask = AskId(format!("{turn}.{}", self.next_ask).into());
        self.next_ask += 1;
        Some((ask, turn))
    }

    /// Asks, once that is durable (law L6). What comes while the turn is being cancelled, and what is too much, is
    /// answered at once (law L7).
    pub(super) async fn open(&mut self, ask: AskId, opened: EventKind, open: OpenAsk) {
        match self.state.ask(&ask, OPEN_ASKS) {
            OnAsk::Cancelled => drop(open.cancel(&ask)),
            OnAsk::Open => {
                if let Err(e) = self.start.writer.commit(vec![opened], RecordChange::default()).await {
                    self.state.settle(&ask);
                    self.fault(&e);
                    return;
                }
                self.asks.insert(ask, open);
            }
        }
    }

    pub(super) async fn answer(&mut self, ask: AskId, outcome: AskOutcome) {
        let Some(OpenAsk::Permission { options, answer }) = self.take(&ask, is_permission) else { return };
        let outcome = match outcome {
            AskOutcome::Selected { option } if options.iter().all(|it| *it.option_id.0 != *option) => {
                tracing::warn!(%option, "an answer names an option that was not offered: taken as a no");
                AskOutcome::Cancelled
            }
            outcome => outcome,
        };
        if self.settled(EventKind::AskSettled { ask, outcome: outcome.clone() }).await {
            // A turn that no longer waits has been given up.
            let _told = answer.send(outcome);
        }
    }

    /// What was asked, if this answer is the one that settles it: it is of that kind, open, and nobody was faster.
    pub(super) fn take(&mut self, ask: &AskId, kind: fn(&OpenAsk) -> bool) -> Option<OpenAsk> {
        let fits = self.asks.get(ask).is_some_and(kind);
        if fits && self.state.settle(ask) { self.asks.remove(ask) } else { None }
    }

    /// Makes the end of something asked durable; whether it is.
    pub(super) async fn settled(&mut self, kind: EventKind) -> bool {
        let written = self.start.writer.commit(vec![kind], RecordChange::default()).await;
        written.map_err(|e| self.fault(&e)).is_ok()
    }

    pub(super) fn settle_all(&mut self, asks: Vec<AskId>) -> Vec<EventKind> {
        let mut kinds = Vec::with_capacity(asks.len());
        for ask in asks {
            kinds.extend(self.asks.remove(&ask).map(|open| open.cancel(&ask)));
        }
        kinds
    }

    /// Takes back what is asked on behalf of work that no longer waits for the answer. That is still to be written.
    pub(super) fn withdrawn(&mut self) -> Vec<EventKind> {
        let withdrawn = self.asks.iter().filter(|(_, open)| open.is_withdrawn());
        let withdrawn: Vec<_> = withdrawn.map(|(ask, _)| ask.clone()).collect();
        let taken = withdrawn.into_iter().filter_map(|ask| {
            let open = self.take(&ask, OpenAsk::is_withdrawn)?;
            Some(open.cancel(&ask))
        });
        taken.collect()
    }
}

fn is_permission(open: &OpenAsk) -> bool {
    matches!(open, OpenAsk::Permission { .. })
}
