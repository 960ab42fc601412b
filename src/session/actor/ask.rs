//! Questions put to people: the first answer wins.

use tokio::sync::oneshot;

use super::{Actor, OPEN_ASKS, OpenAsk};
use crate::acp::{PermissionOption, ToolCallUpdate};
use crate::event::{AskId, AskOutcome, EventKind};
use crate::session::state::OnAsk;
use crate::store::RecordChange;

impl Actor {
    pub(super) async fn open_ask(
        &mut self,
        call: Box<ToolCallUpdate>,
        options: Vec<PermissionOption>,
        answer: oneshot::Sender<AskOutcome>,
    ) {
        let Some(turn) = self.state.running() else { return };
        let ask = AskId(format!("{turn}.{}", self.next_ask).into());
        self.next_ask += 1;
        match self.state.ask(&ask, OPEN_ASKS) {
            OnAsk::Cancelled => {
                // A turn that no longer waits has been given up.
                let _told = answer.send(AskOutcome::Cancelled);
            }
            OnAsk::Open => {
                let kind = EventKind::AskOpened { ask: ask.clone(), turn, call, options: options.clone() };
                if let Err(e) = self.start.writer.commit(vec![kind], RecordChange::default()).await {
                    self.state.settle(&ask);
                    self.fault(&e);
                    return;
                }
                self.asks.insert(ask, OpenAsk { options, answer });
            }
        }
    }

    pub(super) async fn answer(&mut self, ask: AskId, outcome: AskOutcome) {
        if !self.state.settle(&ask) {
            return;
        }
        let Some(open) = self.asks.remove(&ask) else { return };
        let outcome = match outcome {
            AskOutcome::Selected { option } if open.options.iter().all(|it| *it.option_id.0 != *option) => {
                tracing::warn!(%option, "an answer names an option that was not offered: taken as a no");
                AskOutcome::Cancelled
            }
            outcome => outcome,
        };
        let kind = EventKind::AskSettled { ask, outcome: outcome.clone() };
        match self.start.writer.commit(vec![kind], RecordChange::default()).await {
            // A turn that no longer waits has been given up.
            Ok(()) => drop(open.answer.send(outcome)),
            Err(e) => drop(self.fault(&e)),
        }
    }

    pub(super) fn settle_all(&mut self, asks: Vec<AskId>) -> Vec<EventKind> {
        let mut kinds = Vec::with_capacity(asks.len());
        for ask in asks {
            if let Some(open) = self.asks.remove(&ask) {
                // A turn that no longer waits has been given up.
                let _told = open.answer.send(AskOutcome::Cancelled);
            }
            kinds.push(EventKind::AskSettled { ask, outcome: AskOutcome::Cancelled });
        }
        kinds
    }
}
