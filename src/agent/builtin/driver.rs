//! Does what the machine says: asks the model, looks at calls, judges, asks people, runs tools, reports.

use std::collections::HashMap;
use std::collections::VecDeque;

use futures_util::StreamExt;
use futures_util::future::{BoxFuture, join};
use futures_util::stream::{BoxStream, FuturesUnordered, ReadyChunks};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::machine::{Effect, Input, Machine, Refusal};
use super::{BuiltinSession, progress, report};
use crate::acp::{MessageId, ToolKind};
use crate::agent::{Prompt, Turn, TurnFault};
use crate::event::{AskOutcome, EventKind, TurnStop, Usage};
use crate::permission::{Action, Decision, Grant, Judgement};
use crate::provider::{Delta, ModelCall, ModelRequest, ProviderError, ToolSpec};
use crate::tool::{Prepared, Readable, ToolContext, ToolOutput};
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
    calls: HashMap<String, Call>,
    work: FuturesUnordered<BoxFuture<'static, Outcome>>,
    message: MessageId,
    thought: MessageId,
    /// Told to every tool: the turn was cancelled, or took too long.
    give_up: CancellationToken,
    /// Calls in the answer that is being worked off.
    called: usize,
}

impl<'a> Driver<'a> {
    pub(super) fn new(session: &'a mut BuiltinSession, turn: Turn, prompt: Prompt) -> Self {
        let machine = Machine::new(session.parts.caps.steps);
        let give_up = turn.cancelled().child_token();
        Self {
            give_up,
            called: 0,
            session,
            turn,
            prompt,
            machine,
            inputs: VecDeque::from([Input::Begin]),
            answer: None,
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
        let tools = self.session.parts.tools.iter();
        let request = ModelRequest {
            system: self.session.system.clone().unwrap_or_default(),
            messages: self.session.transcript.messages().to_vec(),
            tools: tools
                .map(|tool| ToolSpec {
                    name: tool.name(),
                    description: tool.description(),
                    input: tool.input(),
                })
                .collect(),
            cwd: self.session.seed.workspace.cwd().display().to_string(),
        };
        self.called = 0;
        self.message = MessageId::new(self.session.parts.clock.id());
        self.thought = MessageId::new(self.session.parts.clock.id());
        self.answer = Some(self.session.parts.provider.stream(request).ready_chunks(CHUNK));
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
            Ok(Delta::Usage { used, size }) => {
                events.push(EventKind::UsageChanged { usage: Usage { used, size, cost: None } });
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

    fn called(&mut self, mut call: ModelCall) -> EventKind {
        let taken = self.calls.contains_key(&call.id) || self.session.transcript.knows_call(&call.id);
        if taken || call.id.is_empty() {
            call.id = self.session.parts.clock.id();
        }
        let tool = self.session.parts.tools.find(&call.name);
        let kind = tool.map_or(ToolKind::Other, |tool| tool.kind());
        let parallel = tool.is_none_or(|tool| tool.parallel());
        self.called += 1;
        self.inputs.push_back(Input::Called { id: call.id.clone(), parallel });
        let proposed = report::proposed(&call, kind);
        let id = call.id.clone();
        let call = Call {
            asked: call,
            kind,
            prepared: None,
            output: None,
            judgement: None,
            grants: Vec::new(),
            running: false,
        };
        self.calls.insert(id, call);
        proposed
    }

    fn prepare(&mut self, id: &str) {
        let (progress, output) = mpsc::channel(progress::QUEUE);
        let context = self.context(progress);
        let Some(call) = self.calls.get_mut(id) else { return };
        let id = id.to_owned();
        if self.called > CALLS {
            let text =
                format!("More than {CALLS} calls in one answer: none of them is run. Make fewer at a time.");
            self.work.push(Box::pin(async move { Outcome::Prepared(id, Err(ToolOutput::failed(text))) }));
            return;
        }
        let Some(tool) = self.session.parts.tools.find(&call.asked.name).cloned() else {
            let known: Vec<_> = self.session.parts.tools.iter().map(|tool| tool.name()).collect();
            let text =
                format!("There is no tool named {:?}. The tools are: {}.", call.asked.name, known.join(", "));
            self.work.push(Box::pin(async move { Outcome::Prepared(id, Err(ToolOutput::failed(text))) }));
            return;
        };
        call.output = Some(output);
        let input = call.asked.input.clone();
        self.work.push(Box::pin(async move {
            let prepared = tool.prepare(input, context).await;
            Outcome::Prepared(id, prepared)
        }));
    }

    fn context(&self, progress: mpsc::Sender<Live>) -> ToolContext {
        ToolContext {
            workspace: self.session.seed.workspace.clone(),
            files: self.prompt.hands.files.clone(),
            commands: self.prompt.hands.commands.clone(),
            readable: self.readable(),
            seen: self.session.seen.clone(),
            progress,
            cancel: self.give_up.child_token(),
        }
    }

    /// By the rules of this moment.
    fn readable(&self) -> Readable {
        let policy = &self.session.policy;
        if !policy.restricts_reading() {
            return Readable::everything();
        }
        let policy = policy.clone();
        Readable::new(move |path| {
            policy.judge(&Action::Read { path: path.to_owned() }).decision == Decision::Allow
        })
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

    /// By the rules and the remembered answers, also those given or forgotten elsewhere meanwhile, in the mode
    /// of this moment.
    async fn judge(&mut self, action: Action) -> Judgement {
        let policy = &mut self.session.policy;
        policy.set_mode(self.turn.settings().mode);
        if !matches!(action, Action::Read { .. } | Action::Search { .. } | Action::Note)
            && let Some(grants) = self.session.parts.grants.of(policy.workspace().to_owned()).await
        {
            policy.set_grants(grants);
        }
        policy.judge(&action)
    }

    fn ask(&mut self, id: &str) {
        let Some(call) = self.calls.get_mut(id) else { return };
        let (Some(prepared), Some(judgement)) = (&call.prepared, &call.judgement) else { return };
        let (options, grants) = report::options(judgement);
        let question = report::question(id, call.kind, prepared, &judgement.reason);
        call.grants = grants;
        let (turn, id) = (self.turn.clone(), id.to_owned());
        self.work.push(Box::pin(async move { Outcome::Answered(id, turn.ask(question, options).await) }));
    }

    async fn answered(&mut self, id: String, outcome: &AskOutcome) {
        if let AskOutcome::Selected { option } = outcome
            && let Some(call) = self.calls.get(&id)
            && let Some((_, grant)) = call.grants.iter().find(|(known, _)| known == option)
        {
            self.session.policy.add_grant(grant.clone());
            self.session.parts.grants.remember(grant.clone()).await;
        }
        self.inputs.push_back(Input::Answered { id, answer: report::answer(outcome) });
    }

    /// Runs what was prepared, once its start is durable.
    async fn start(&mut self, id: &str) -> Result<(), TurnFault> {
        let terminal = self.shows_terminal(id);
        let Some(call) = self.calls.get_mut(id) else { return Ok(()) };
        let Some(prepared) = call.prepared.take() else { return Ok(()) };
        let Some(live) = call.output.take() else { return Ok(()) };
        call.running = true;
        let started = report::started(id, &prepared, terminal);
        let work = prepared.work;
        self.turn.commit(vec![started]).await?;
        let reporter = progress::report(self.turn.clone(), report::call_id(id), terminal, live);
        let id = id.to_owned();
        self.work.push(Box::pin(async move {
            // The reporter ends when the work has let go of its output.
            let (output, ()) = join(async move { work().await }, reporter).await;
            Outcome::Ran(id, output)
        }));
        Ok(())
    }

    fn shows_terminal(&self, id: &str) -> bool {
        self.prompt.hands.display_terminal
            && self.calls.get(id).is_some_and(|call| call.kind == ToolKind::Execute)
    }

    async fn refuse(&mut self, id: &str, why: Refusal) -> Result<(), TurnFault> {
        let Some(call) = self.calls.get(id) else { return Ok(()) };
        let terminal = call.running && self.shows_terminal(id);
        let reason = call.judgement.as_ref().map_or("", |judgement| judgement.reason.as_str());
        let output = report::refused(why, reason);
        self.emit(report::ended(id, output, terminal)).await
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
