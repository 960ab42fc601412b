//! Does what the machine says: asks the model, looks at calls, judges, asks people, runs tools, reports.

mod call;

use std::collections::HashMap;
use std::collections::VecDeque;
use std::sync::Arc;

use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::{BoxStream, FuturesUnordered, ReadyChunks};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::machine::{Effect, Input, Machine};
use super::people::TurnPeople;
use super::{BuiltinSession, choice, report, task};
use crate::acp::{MessageId, ToolKind};
use crate::agent::{Prompt, Turn, TurnFault};
use crate::event::{AskOutcome, EventKind, NoticeLevel, TurnStop, Usage};
use crate::permission::{Grant, Judgement};
use crate::provider::{Delta, ModelCall, ModelInfo, ModelRequest, ProviderError, ToolSpec};
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
    running: bool,
}

/// What came of work begun.
enum Outcome {
    Prepared(String, Result<Prepared, ToolOutput>),
    Answered(String, AskOutcome),
    Ran(String, ToolOutput),
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
    calls: HashMap<String, Call>,
    work: FuturesUnordered<BoxFuture<'static, Outcome>>,
    message: MessageId,
    thought: MessageId,
    /// Told to every tool: the turn was cancelled, or took too long.
    give_up: CancellationToken,
    /// What can be called in this turn.
    tools: Registry,
    /// Calls in the answer that is being worked off.
    called: usize,
}

impl<'a> Driver<'a> {
    pub(super) fn new(session: &'a mut BuiltinSession, turn: Turn, prompt: Prompt) -> Self {
        let machine = Machine::new(session.parts.caps.steps);
        let give_up = turn.cancelled().child_token();
        let people = TurnPeople::new(turn.clone(), None, &prompt.hands);
        let mut tools = session.parts.tools.available(&people);
        task::tool(session, &turn, &prompt.hands).into_iter().for_each(|task| tools.add(task));
        Self {
            give_up,
            tools,
            called: 0,
            session,
            turn,
            prompt,
            machine,
            inputs: VecDeque::from([Input::Begin]),
            answer: None,
            model: None,
            calls: HashMap::new(),
            work: FuturesUnordered::new(),
            message: MessageId::new(""),
            thought: MessageId::new(""),
        }
    }

    /// Runs the turn to its end. When it is given up, what runs is told so and waited for.
    pub(super) async fn run(mut self) -> TurnStop {
        let expiry = tokio::time::sleep(self.session.parts.caps.time);
        tokio::pin!(expiry);
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
            let cancel = self.turn.cancelled().clone();
            tokio::select! {
                biased;
                () = cancel.cancelled(), if !stopping => {
                    stopping = true;
                    self.answer = None;
                    self.inputs.push_back(Input::Cancelled);
                }
                deltas = next_chunk(&mut self.answer) => {
                    if let Err(fault) = self.deltas(deltas).await {
                        return TurnStop::Failed { message: fault.to_string() };
                    }
                }
                Some(outcome) = self.work.next(), if !self.work.is_empty() => {
                    if let Err(fault) = self.outcome(outcome).await {
                        return TurnStop::Failed { message: fault.to_string() };
                    }
                }
                () = &mut expiry, if !stopping => {
                    stopping = true;
                    self.answer = None;
                    self.give_up.cancel();
                    self.inputs.push_back(Input::Expired);
                }
            }
        }
    }

    async fn perform(&mut self, effect: Effect) -> Result<Option<TurnStop>, TurnFault> {
        match effect {
            Effect::CallModel => self.call_model(),
            Effect::Prepare { id } => self.prepare(&id),
            Effect::Ask { id } => self.ask(&id),
            Effect::Run { id } => self.start(&id).await?,
            Effect::Refuse { id, why } => self.refuse(&id, why).await?,
            Effect::Say(remark) => self.emit(vec![self.text(report::remark(remark))]).await?,
            Effect::End(stop) => return Ok(Some(stop)),
        }
        Ok(None)
    }

    fn call_model(&mut self) {
        let settings = self.turn.settings();
        let agent = choice::agent(&self.session.parts, &self.session.project, &settings);
        let answerer = match choice::answerer(&self.session.parts, agent, &settings) {
            Ok(answerer) => answerer,
            Err(e) => {
                return self.inputs.push_back(Input::ModelFailed(e.to_string()));
            }
        };
        let tools = self.tools.iter();
        let request = ModelRequest {
            effort: choice::effort(&answerer.model, &settings),
            model: Arc::clone(&answerer.model),
            system: self.session.system.clone().unwrap_or_default(),
            messages: self.session.transcript.messages().to_vec(),
            tools: tools
                .map(|tool| ToolSpec {
                    name: tool.name().to_owned().into(),
                    description: tool.description().to_owned().into(),
                    input: tool.input(),
                })
                .collect(),
            cwd: self.session.seed.workspace.cwd().display().to_string().into(),
            session: Arc::clone(&self.session.seed.session.0),
        };
        self.called = 0;
        self.message = MessageId::new(self.session.parts.clock.id());
        self.thought = MessageId::new(self.session.parts.clock.id());
        self.answer = Some(answerer.provider.stream(request).ready_chunks(CHUNK));
        self.model = Some(answerer.model);
    }

    /// Takes in what the model said, all that is there at once in one report.
    async fn deltas(&mut self, deltas: Option<Vec<Result<Delta, ProviderError>>>) -> Result<(), TurnFault> {
        let Some(deltas) = deltas else {
            self.answer = None;
            self.inputs.push_back(Input::ModelFailed("the model's answer broke off".into()));
            return Ok(());
        };
        let mut events = Vec::with_capacity(deltas.len());
        for delta in deltas {
            if self.answer.is_none() {
                break;
            }
            self.delta(delta, &mut events);
        }
        self.emit(events).await
    }

    fn delta(&mut self, delta: Result<Delta, ProviderError>, events: &mut Vec<EventKind>) {
        match delta {
            Ok(Delta::Text(text)) => {
                events.extend(pieces(text).map(|text| self.text(text)));
                self.said();
            }
            Ok(Delta::Thought(text)) => {
                events.extend(
                    pieces(text).map(|text| EventKind::Thought { message: self.thought.clone(), text }),
                );
            }
            Ok(Delta::Call(call)) => events.push(self.called(call)),
            Ok(Delta::Usage(tokens)) => {
                let size = self.model.as_ref().map_or(0, |model| model.context);
                let usage = Usage { used: tokens.total(), size, cost: None, spent: 0 };
                events.push(EventKind::UsageChanged { usage });
            }
            Ok(Delta::Echo(echo)) => self.session.transcript.echo(echo),
            Ok(Delta::Retry { attempt, of, wait_ms, why }) => {
                let title = format!("The model is asked again in {wait_ms} ms ({attempt} of {of})");
                events.push(EventKind::Notice { level: NoticeLevel::Info, title, detail: Some(why) });
            }
            Ok(Delta::Done(reason)) => self.done(Input::ModelDone(reason)),
            Err(e) => self.done(Input::ModelFailed(e.to_string())),
        }
    }

    fn said(&mut self) {
        if self.inputs.back() != Some(&Input::Said) {
            self.inputs.push_back(Input::Said);
        }
    }

    fn done(&mut self, input: Input) {
        self.answer = None;
        self.inputs.push_back(input);
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
            Outcome::Ran(id, output) => {
                let terminal = self.shows_terminal(&id);
                self.emit(report::ended(&id, output, terminal)).await?;
                self.inputs.push_back(Input::Ran { id });
            }
        }
        Ok(())
    }

    fn text(&self, text: String) -> EventKind {
        EventKind::Text { message: self.message.clone(), text }
    }

    /// Reports, and takes it into what the model will be told.
    async fn emit(&mut self, events: Vec<EventKind>) -> Result<(), TurnFault> {
        for event in &events {
            self.session.transcript.take(event);
        }
        self.turn.emit(events).await
    }
}

async fn next_chunk(answer: &mut Option<Answer>) -> Option<Vec<Result<Delta, ProviderError>>> {
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
