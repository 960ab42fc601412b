//! Does what the machine says: asks the model, looks at calls, judges, asks people, runs tools, reports.

mod budget;
mod call;
mod compact;
mod model;

use std::collections::HashMap;
use std::collections::VecDeque;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use futures_util::stream::{BoxStream, ReadyChunks};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use self::budget::BudgetAsk;
use super::machine::{Effect, Input, Machine};
use super::{BuiltinSession, report};
use crate::acp::{MessageId, ToolKind};
use crate::agent::{Prompt, Turn, TurnFault};
use crate::event::{AskOutcome, EventKind, TurnStop};
use crate::ongoing::Ongoing;
use crate::permission::{Grant, Judgement};
use crate::provider::{Delta, Echo, ModelCall, ModelInfo, ProviderError};
use crate::tool::{Prepared, Registry, ToolOutput};
use crate::workspace::Live;

/// Pieces of an answer taken at once when they are there at once.
const CHUNK: usize = 256;
/// Tool calls in one answer of the model.
const CALLS: usize = 128;
/// Longest text in one event, in bytes: lines a client reads stay below 64 KiB.
const PIECE: usize = 40 * 1024;

type Answer = ReadyChunks<BoxStream<'static, Result<Delta, ProviderError>>>;

/// A call of the model, on its way.
struct Call {
    asked: ModelCall,
    kind: ToolKind,
    prepared: Option<Prepared>,
    /// Live output, until something reads it.
    output: Option<mpsc::Receiver<Live>>,
    judgement: Option<Judgement>,
    /// What an "always" would remember, by option id.
    grants: Vec<(String, Grant)>,
    cancel: CancellationToken,
    running: bool,
    /// Ended because there was no time left for it.
    late: bool,
}

impl Call {
    /// Whether it runs, and was not told to end.
    fn goes_on(&self) -> bool {
        self.running && !self.cancel.is_cancelled()
    }
}

/// What came of work begun.
enum Outcome {
    Prepared(String, Result<Prepared, ToolOutput>),
    Answered(String, AskOutcome),
    Ran(String, ToolOutput),
    /// Somebody was asked whether to go on with a budget used up.
    Budget(BudgetAsk, AskOutcome),
}

/// One turn.
pub(super) struct Driver<'a> {
    session: &'a mut BuiltinSession,
    turn: Turn,
    prompt: Prompt,
    machine: Machine,
    inputs: VecDeque<Input>,
    answer: Option<Answer>,
    /// Whose answer it is.
    model: Option<Arc<ModelInfo>>,
    /// What its provider wants back with it.
    echoes: Vec<Echo>,
    /// The tools that the model was told of last.
    tools: Registry,
    calls: HashMap<String, Call>,
    work: Ongoing<BoxFuture<'static, Outcome>>,
    message: MessageId,
    thought: MessageId,
    /// Told to every tool: the turn was cancelled, or took too long.
    give_up: CancellationToken,
    /// Calls in the answer that is being worked off.
    called: usize,
    /// The model said that the conversation is too long.
    too_long: bool,
    /// Its answer was ended in the middle, because there was no time left for it.
    cut: bool,
}

impl<'a> Driver<'a> {
    pub(super) fn new(session: &'a mut BuiltinSession, turn: Turn, prompt: Prompt) -> Self {
        let steps = session.profile().and_then(|profile| profile.steps);
        let machine = Machine::new(steps.unwrap_or(session.parts.caps.steps));
        let give_up = turn.cancelled().child_token();
        Self {
            give_up,
            called: 0,
            too_long: false,
            cut: false,
            session,
            turn,
            prompt,
            machine,
            inputs: VecDeque::from([Input::Begin]),
            answer: None,
            model: None,
            echoes: Vec::new(),
            tools: Registry::default(),
            calls: HashMap::new(),
            work: Ongoing::default(),
            message: MessageId::new(""),
            thought: MessageId::new(""),
        }
    }

    /// Runs the turn to its end. When it is given up, what runs is told so and waited for.
    pub(super) async fn run(mut self) -> TurnStop {
        let expiry = tokio::time::sleep(self.session.parts.caps.time);
        let cancelled = self.turn.cancelled().clone().cancelled_owned();
        tokio::pin!(expiry, cancelled);
        let mut stopping = false;
        loop {
            while let Some(input) = self.inputs.pop_front() {
                for effect in self.machine.handle(input) {
                    match self.perform(effect).await {
                        Ok(None) => {}
                        Ok(Some(stop)) => return stop,
                        Err(fault) => return TurnStop::Failed { message: fault.to_string() },
                    }
                }
            }
            let left = self.time_left();
            tokio::select! {
                biased;
                () = &mut cancelled, if !stopping => {
                    stopping = true;
                    self.answer = None;
                    self.inputs.push_back(Input::Cancelled);
                }
                // Time is looked at before the answer, which may never pause.
                () = &mut expiry, if !stopping => {
                    stopping = true;
                    self.answer = None;
                    self.give_up.cancel();
                    self.inputs.push_back(Input::Expired);
                }
                () = async { tokio::time::sleep(left.unwrap_or_default()).await }, if left.is_some() => {
                    if let Err(fault) = self.end_late_work().await {
                        return TurnStop::Failed { message: fault.to_string() };
                    }
                }
                deltas = model::next_chunk(&mut self.answer) => {
                    if let Err(fault) = self.deltas(deltas).await {
                        return TurnStop::Failed { message: fault.to_string() };
                    }
                }
                outcome = self.work.finished() => {
                    if let Err(fault) = self.outcome(outcome).await {
                        return TurnStop::Failed { message: fault.to_string() };
                    }
                }
            }
        }
    }

    async fn perform(&mut self, effect: Effect) -> Result<Option<TurnStop>, TurnFault> {
        match effect {
            Effect::CallModel => self.call_model().await?,
            Effect::Shorten => self.too_long = true,
            Effect::Resume => self.resume().await?,
            Effect::Prepare { id } => self.prepare(&id),
            Effect::Ask { id } => self.ask(&id),
            Effect::Run { id } => self.start(&id).await?,
            Effect::Refuse { id, why } => self.refuse(&id, why).await?,
            Effect::Say(remark) => {
                let output = self.model.as_ref().map(|model| model.output);
                self.emit(vec![self.text(report::remark(remark, output))]).await?;
            }
            Effect::End(stop) => return Ok(Some(stop)),
        }
        Ok(None)
    }

    async fn outcome(&mut self, outcome: Outcome) -> Result<(), TurnFault> {
        match outcome {
            Outcome::Prepared(id, Ok(prepared)) => {
                let judgement = self.judge(prepared.action.clone()).await;
                let decision = Some(judgement.decision);
                if let Some(call) = self.calls.get_mut(&id) {
                    call.prepared = Some(prepared);
                    call.judgement = Some(judgement);
                }
                self.inputs.push_back(Input::Judged { id, decision });
            }
            Outcome::Prepared(id, Err(output)) => {
                self.emit(report::ended(&id, output, false)).await?;
                self.inputs.push_back(Input::Judged { id, decision: None });
            }
            Outcome::Answered(id, outcome) => self.answered(id, &outcome).await,
            Outcome::Budget(ask, outcome) => self.budget_answered(ask, &outcome).await?,
            Outcome::Ran(id, output) => self.ran(id, output).await?,
        }
        Ok(())
    }

    /// Reports, and takes it into what the model will be told.
    async fn emit(&mut self, events: Vec<EventKind>) -> Result<(), TurnFault> {
        for event in &events {
            self.session.transcript.take(event);
        }
        // They belong to the message that was just begun or gone on with.
        self.echoes.drain(..).for_each(|echo| self.session.transcript.echo(echo));
        self.turn.emit(events).await
    }
}
