//! The model's side of a turn: what it is asked, and what comes of its answer piece by piece.

use std::sync::Arc;

use futures_util::StreamExt;

use super::{Answer, CHUNK, Driver, PIECE};
use crate::acp::MessageId;
use crate::agent::TurnFault;
use crate::agent::builtin::choice;
use crate::agent::builtin::machine::Input;
use crate::event::{EventKind, NoticeLevel};
use crate::provider::{Answerer, Delta, ModelRequest, ProviderError, ToolSpec};
use crate::tool::Registry;

/// What a model is told when its answer broke off.
const BROKE_OFF: &str =
    "(The connection broke off in the middle of your answer. Go on exactly where it ended.)";
/// What it is told when there was no more time for its answer, and now there is.
const CUT: &str = "(Your answer was cut short. Go on exactly where it ended.)";

impl Driver<'_> {
    /// Asks the model, after the conversation was made to fit.
    pub(super) async fn call_model(&mut self) -> Result<(), TurnFault> {
        let answerer = match self.answerer() {
            Ok(answerer) => answerer,
            Err(e) => {
                self.inputs.push_back(Input::ModelFailed(e.to_string()));
                return Ok(());
            }
        };
        if !self.within_budget().await? {
            return Ok(());
        }
        if std::mem::take(&mut self.cut) {
            self.session.transcript.note(CUT);
        }
        self.tell_unpriced(&answerer.model).await?;
        if std::mem::take(&mut self.too_long) || self.is_nearly_full(&answerer.model) {
            self.turn.accepted().await?;
            self.compact(&answerer, "").await?;
            // The summary took a model call.
            if !self.within_budget().await? {
                return Ok(());
            }
        }
        // Servers come and go, and their tools with them.
        self.tools = if answerer.model.tools {
            self.session.tools(&self.turn, &self.prompt.hands)
        } else {
            Registry::default()
        };
        let request = self.request(&answerer);
        self.called = 0;
        self.begin_message();
        self.thought = MessageId::new(self.session.parts.clock.id());
        self.model = Some(Arc::clone(&answerer.model));
        let answer = answerer.provider.stream(request).ready_chunks(CHUNK);
        self.turn.accepted().await?;
        self.answer = Some(answer);
        Ok(())
    }

    /// Who answers, by the settings of this moment.
    pub(super) fn answerer(&self) -> Result<Answerer, ProviderError> {
        self.session.answerer(&self.turn.settings())
    }

    fn request(&self, answerer: &Answerer) -> ModelRequest {
        let spec = |tool: &Arc<dyn crate::tool::Tool>| ToolSpec {
            name: tool.name().to_owned().into(),
            description: tool.description().to_owned().into(),
            input: tool.input(),
        };
        ModelRequest {
            model: Arc::clone(&answerer.model),
            effort: choice::effort(&answerer.model, &self.turn.settings()),
            system: self.session.system(),
            messages: self.session.transcript.messages().to_vec(),
            tools: self.tools.iter().map(spec).collect(),
            cwd: self.session.seed.workspace.cwd().display().to_string().into(),
            session: Arc::clone(&self.session.seed.session.0),
        }
    }

    /// Takes in what the model said, all that is there at once in one report.
    pub(super) async fn deltas(
        &mut self,
        deltas: Option<Vec<Result<Delta, ProviderError>>>,
    ) -> Result<(), TurnFault> {
        let Some(deltas) = deltas else {
            let mut events = Vec::new();
            self.done(Input::ModelBrokeOff("the model's answer broke off".into()), &mut events);
            return self.emit(events).await;
        };
        let mut events = Vec::with_capacity(deltas.len());
        for delta in deltas {
            if self.answer.is_none() {
                break;
            }
            self.delta(delta, &mut events);
        }
        self.emit(events).await?;
        let whole = matches!(self.inputs.back(), Some(Input::ModelDone(_)));
        let bytes = self.session.transcript.bytes();
        let usage = self.model.as_ref().filter(|_| whole);
        let usage = usage.and_then(|model| self.session.account.estimate(model, bytes));
        self.emit(usage.map(|usage| EventKind::UsageChanged { usage }).into_iter().collect()).await
    }

    fn delta(&mut self, delta: Result<Delta, ProviderError>, events: &mut Vec<EventKind>) {
        match delta {
            Ok(Delta::Text(text)) => {
                if !text.trim_start().is_empty() {
                    self.said();
                }
                events.extend(pieces(text).map(|text| self.text(text)));
            }
            Ok(Delta::Thought(text)) => {
                events.extend(
                    pieces(text).map(|text| EventKind::Thought { message: self.thought.clone(), text }),
                );
            }
            Ok(Delta::Call(call)) => events.push(self.called(call)),
            Ok(Delta::Echo(echo)) => self.echoes.push(echo),
            Ok(Delta::Usage(tokens)) => {
                if let Some(model) = &self.model {
                    let bytes = self.session.transcript.bytes();
                    let usage = self.session.account.report(tokens, model, bytes);
                    events.extend(usage.map(|usage| EventKind::UsageChanged { usage }));
                }
            }
            Ok(Delta::Retry { attempt, of, wait_ms, why }) => {
                let seconds = wait_ms as f64 / 1000.0;
                let title = format!("Asking the model again in {seconds:.1} s (try {attempt} of {of})");
                events.push(EventKind::Notice { level: NoticeLevel::Info, title, detail: Some(why) });
            }
            Ok(Delta::Done(reason)) => self.done(Input::ModelDone(reason), events),
            Err(ProviderError::BrokeOff(text)) => self.done(Input::ModelBrokeOff(text), events),
            Err(ProviderError::TooLong(text)) => self.done(Input::TooLong(text), events),
            Err(e) => self.done(Input::ModelFailed(e.to_string()), events),
        }
    }

    fn said(&mut self) {
        if self.inputs.back() != Some(&Input::Said) {
            self.inputs.push_back(Input::Said);
        }
    }

    pub(super) fn done(&mut self, input: Input, events: &mut Vec<EventKind>) {
        self.answer = None;
        if let Some(model) = &self.model {
            let usage = self.session.account.close(model);
            events.extend(usage.map(|usage| EventKind::UsageChanged { usage }));
        }
        self.session.meter.note(&self.session.account);
        self.inputs.push_back(input);
    }

    /// The answer broke off: what was said stays, and the model is told so.
    pub(super) async fn resume(&mut self) -> Result<(), TurnFault> {
        self.session.transcript.note(BROKE_OFF);
        let title = "The model's answer broke off; it is asked to go on".to_owned();
        self.emit(vec![EventKind::Notice { level: NoticeLevel::Warning, title, detail: None }]).await
    }

    pub(super) fn begin_message(&mut self) {
        self.message = MessageId::new(self.session.parts.clock.id());
    }

    pub(super) fn text(&self, text: String) -> EventKind {
        EventKind::Text { message: self.message.clone(), text }
    }
}

pub(super) async fn next_chunk(answer: &mut Option<Answer>) -> Option<Vec<Result<Delta, ProviderError>>> {
    match answer {
        Some(answer) => answer.next().await,
        None => std::future::pending().await,
    }
}

/// Cuts a long text between characters.
fn pieces(text: String) -> impl Iterator<Item = String> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let mut text = rest.take()?;
        if text.len() > PIECE {
            rest = Some(text.split_off(text.floor_char_boundary(PIECE)));
        }
        Some(text)
    })
}
