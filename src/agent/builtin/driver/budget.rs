//! Budgets in a turn: looked at before each model call, and as long as the model speaks or tools run; asked about where
//! one is used up.

use std::sync::Arc;
use std::time::Duration;

use super::{Call, Driver, Outcome};
use crate::acp::{
    PermissionOption, PermissionOptionKind, ToolCall, ToolCallStatus, ToolCallUpdate, ToolCallUpdateFields,
    ToolKind,
};
use crate::agent::TurnFault;
use crate::agent::builtin::budget::{self, Reached};
use crate::agent::builtin::machine::{Answer, Input};
use crate::agent::builtin::report;
use crate::event::{AskOutcome, EventKind, NoticeLevel};
use crate::permission::escape_for_display;
use crate::provider::ModelInfo;

/// A budget that is used up, and the call by whose name a person is asked about it.
pub(super) struct BudgetAsk {
    id: String,
    reached: Reached,
}

impl Driver<'_> {
    /// Whether the model may be asked. If not, the turn goes on when somebody has said so, or ends.
    pub(super) async fn within_budget(&mut self) -> Result<bool, TurnFault> {
        let session = &mut *self.session;
        let Some(reached) = session.meter.step(&session.account).await else { return Ok(true) };
        if reached.can_be_raised() {
            self.ask_for_more(reached).await?;
        } else {
            self.used_up(&reached).await?;
        }
        Ok(false)
    }

    /// How long the model's answer and what runs may go on; `None`: there is neither, or for as long as they take.
    pub(super) fn time_left(&self) -> Option<Duration> {
        let works = self.answer.is_some() || self.calls.values().any(Call::goes_on);
        works.then(|| self.session.meter.time_left(&self.session.account)).flatten()
    }

    /// Ends what the model says and what runs if their time is over, which it is not if people were asked meanwhile. The
    /// next model call asks whether to go on.
    pub(super) async fn end_late_work(&mut self) -> Result<(), TurnFault> {
        if self.time_left().is_none_or(|left| !left.is_zero()) {
            return Ok(());
        }
        for call in self.calls.values_mut().filter(|call| call.goes_on()) {
            call.late = true;
            call.cancel.cancel();
        }
        if self.answer.is_none() {
            return Ok(());
        }
        // With calls in it, the results are what the model goes on with.
        self.cut = self.called == 0 && self.session.transcript.is_answering();
        let mut events = Vec::new();
        self.done(Input::ModelLate, &mut events);
        self.emit(events).await
    }

    /// Says that a budget in money does not hold for the model.
    pub(super) async fn tell_unpriced(&mut self, model: &ModelInfo) -> Result<(), TurnFault> {
        if !self.session.meter.is_blind_to(model) {
            return Ok(());
        }
        let title = format!("The budget in money does not limit {}", model.name);
        let detail = "its price is not known; budgets of tokens, steps and time count".to_owned();
        let detail = Some(detail);
        self.emit(vec![EventKind::Notice { level: NoticeLevel::Warning, title, detail }]).await
    }

    async fn ask_for_more(&mut self, reached: Reached) -> Result<(), TurnFault> {
        let id = budget::question(&self.session.parts.clock.id());
        let title = format!("{}. Go on?", sentence(&reached));
        let call = ToolCall::new(id.clone(), title.clone());
        let call = Box::new(call.kind(ToolKind::Other).status(ToolCallStatus::Pending));
        self.emit(vec![EventKind::ToolProposed { call }]).await?;
        let fields = ToolCallUpdateFields::new().title(title).kind(ToolKind::Other);
        let question = ToolCallUpdate::new(id.clone(), fields.status(ToolCallStatus::Pending));
        let go_on = format!("Go on ({})", reached.more());
        let options = vec![
            PermissionOption::new("allow_once", go_on, PermissionOptionKind::AllowOnce),
            PermissionOption::new("reject_once", "Stop", PermissionOptionKind::RejectOnce),
        ];
        let (turn, tally) = (self.turn.clone(), Arc::clone(self.session.meter.tally()));
        self.work.push(Box::pin(async move {
            let _pause = tally.pause();
            let outcome = turn.ask(question, options).await;
            Outcome::Budget(BudgetAsk { id, reached }, outcome)
        }));
        Ok(())
    }

    pub(super) async fn budget_answered(
        &mut self,
        ask: BudgetAsk,
        outcome: &AskOutcome,
    ) -> Result<(), TurnFault> {
        let BudgetAsk { id, reached } = ask;
        let allowed = report::answer(outcome) == Answer::Allowed;
        let (status, result) = if allowed {
            (ToolCallStatus::Completed, format!("Going on: {}.", reached.more()))
        } else {
            (ToolCallStatus::Failed, "Not going on.".to_owned())
        };
        let fields = ToolCallUpdateFields::new().status(status).content(vec![result.clone().into()]);
        let update = Box::new(ToolCallUpdate::new(id, fields));
        self.emit(vec![EventKind::ToolEnded { update, result, cancelled: false }]).await?;
        if !allowed {
            return self.used_up(&reached).await;
        }
        self.session.meter.raise(&reached);
        self.call_model().await
    }

    /// The turn ends, and says why.
    async fn used_up(&mut self, reached: &Reached) -> Result<(), TurnFault> {
        self.begin_message();
        self.emit(vec![self.text(format!("(Stopped: {reached}.)"))]).await?;
        self.inputs.push_back(Input::UsedUp);
        Ok(())
    }
}

fn sentence(reached: &Reached) -> String {
    let text = escape_for_display(&reached.to_string());
    text.strip_prefix('t').map_or_else(|| text.clone(), |rest| format!("T{rest}"))
}
