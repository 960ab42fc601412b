//! Making the conversation shorter, by itself before it is too long or when a person asks for it.

use std::sync::Arc;

use futures_util::StreamExt;

use super::Driver;
use crate::acp::{MessageId, StopReason};
use crate::agent::TurnFault;
use crate::agent::builtin::compaction;
use crate::event::{CompactingState, EventKind, TurnStop, Usage};
use crate::provider::{Answerer, Delta, ModelInfo, ModelRequest, Tokens};

/// How a summary came to be, or did not.
enum Written {
    Summary(String),
    Failed(String),
    Cancelled,
}

impl Driver<'_> {
    /// The turn of `/compact`: nothing but that.
    pub(in crate::agent::builtin) async fn compact_by_hand(mut self, focus: &str) -> TurnStop {
        let said = match self.compact_and_tell(focus).await {
            Ok(said) => said,
            Err(fault) => return TurnStop::Failed { message: fault.to_string() },
        };
        match self.session.answered(&self.turn, said).await {
            TurnStop::Finished { .. } if self.give_up.is_cancelled() => {
                TurnStop::Finished { reason: StopReason::Cancelled }
            }
            stop => stop,
        }
    }

    /// What came of it, for people.
    async fn compact_and_tell(&mut self, focus: &str) -> Result<String, TurnFault> {
        let before = self.session.transcript.messages().len();
        Ok(match self.answerer() {
            Err(e) => e.to_string(),
            Ok(answerer) if answerer.model.context == 0 => {
                "There is nothing to make shorter: no language model answers in this session.".to_owned()
            }
            Ok(_) if before <= 1 => "There is nothing to make shorter yet.".to_owned(),
            Ok(answerer) => match self.compact_within_budget(&answerer, focus).await? {
                None => format!(
                    "The conversation was made shorter: {} messages are {} now.",
                    before,
                    self.session.transcript.messages().len()
                ),
                Some(why) => format!("The conversation was not made shorter: {why}"),
            },
        })
    }

    pub(super) fn is_nearly_full(&self, model: &ModelInfo) -> bool {
        let transcript = &self.session.transcript;
        transcript.messages().len() > 1
            && compaction::is_full(model, self.session.account.expected(transcript.bytes()))
    }

    /// Nobody is asked for more: whoever wants a summary all the same raises the budget with the next prompt.
    async fn compact_within_budget(
        &mut self,
        answerer: &Answerer,
        focus: &str,
    ) -> Result<Option<String>, TurnFault> {
        let session = &mut *self.session;
        match session.meter.step(&session.account).await {
            Some(reached) => Ok(Some(reached.to_string())),
            None => self.compact(answerer, focus).await,
        }
    }

    /// Puts a summary in the place of the older part. Without one nothing changes, and this says why.
    pub(super) async fn compact(
        &mut self,
        answerer: &Answerer,
        focus: &str,
    ) -> Result<Option<String>, TurnFault> {
        let id = MessageId::new(self.session.parts.clock.id());
        self.emit(vec![EventKind::Compacting { id: id.clone(), state: CompactingState::Begun }]).await?;
        let messages = self.session.transcript.messages();
        let kept = compaction::kept(messages, &answerer.model);
        let gone = messages[..messages.len() - kept].to_vec();
        let (before, _) = self.session.account.so_far();
        let (news, why) = match self.summary(answerer, &gone, focus).await {
            Written::Summary(mut summary) => {
                let transcript = &self.session.transcript;
                summary.push_str(&compaction::facts(transcript.plan(), transcript.files(), &gone));
                self.session.account.forget_size();
                (EventKind::Compacted { id, summary, kept }, None)
            }
            Written::Failed(message) => {
                let state = CompactingState::Failed { message: message.clone() };
                (EventKind::Compacting { id, state }, Some(message))
            }
            Written::Cancelled => {
                let state = CompactingState::Cancelled;
                (EventKind::Compacting { id, state }, Some("it was cancelled".to_owned()))
            }
        };
        self.emit(vec![news]).await?;
        let account = &self.session.account;
        if account.so_far().0 > before {
            let used = account.expected(self.session.transcript.bytes());
            let usage = Usage { used, estimated: true, ..account.usage(&answerer.model) };
            self.emit(vec![EventKind::UsageChanged { usage }]).await?;
        }
        Ok(why)
    }

    async fn summary(
        &mut self,
        answerer: &Answerer,
        gone: &[Arc<crate::provider::Message>],
        focus: &str,
    ) -> Written {
        let request = ModelRequest {
            model: Arc::clone(&answerer.model),
            messages: vec![Arc::new(compaction::request(gone, &answerer.model, focus))],
            cwd: self.session.seed.workspace.cwd().display().to_string().into(),
            session: Arc::clone(&self.session.seed.session.0),
            ..ModelRequest::default()
        };
        let mut answer = answerer.provider.stream(request);
        let (mut summary, mut used) = (String::new(), Tokens::default());
        let cancel = self.give_up.clone();
        let written = loop {
            let delta = tokio::select! {
                biased;
                () = cancel.cancelled() => break Written::Cancelled,
                delta = answer.next() => delta,
            };
            match delta {
                Some(Ok(Delta::Text(text))) if summary.len() < compaction::SUMMARY => summary.push_str(&text),
                Some(Ok(Delta::Usage(tokens))) => used = tokens,
                Some(Ok(Delta::Done(_))) if summary.trim().is_empty() => {
                    break Written::Failed("the model wrote no summary".to_owned());
                }
                Some(Ok(Delta::Done(_))) => break Written::Summary(summary),
                Some(Ok(_)) => {}
                Some(Err(e)) => break Written::Failed(e.to_string()),
                None => break Written::Failed("the model's answer broke off".to_owned()),
            }
        };
        let cost = answerer.model.price.map_or(0.0, |price| used.cost(price));
        self.session.account.add(used.total(), cost);
        self.session.meter.note(&self.session.account);
        written
    }
}
