//! The one task that owns a session. `state` decides; this carries it out.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::SessionError;
use super::handle::{Accepted, Command, Done};
use super::journal::Writer;
use super::state::{OnAsk, OnPrompt, State};
use super::title::title;
use crate::acp::{ContentBlock, MessageId, PermissionOption, StopReason, ToolCallUpdate};
use crate::agent::{AgentBackend, AgentSession, Hands, Prompt, Seed, Settings, Turn, TurnInput};
use crate::event::{AskId, AskOutcome, EventKind, TurnId, TurnStop};
use crate::permission::Mode;
use crate::store::{RecordChange, StoreError};

/// How long streamed text may wait for the disk (law L6).
const BATCH_TIME: Duration = Duration::from_millis(40);
/// How long a cancelled turn may take to give up before it is dropped.
const GRACE: Duration = Duration::from_secs(2);
/// Questions that may be open at once in a session.
const OPEN_ASKS: usize = 64;
/// Inputs of a turn that may be queued, and taken at once.
const TURN_QUEUE: usize = 16;

/// Everything an actor starts with.
pub(super) struct Start {
    pub(super) writer: Writer,
    pub(super) seed: Seed,
    pub(super) backend: Arc<dyn AgentBackend>,
    pub(super) settings: watch::Sender<Settings>,
    pub(super) titled: bool,
}

struct OpenAsk {
    options: Vec<PermissionOption>,
    answer: oneshot::Sender<AskOutcome>,
}

/// A prompt on its way to become a turn.
struct NewPrompt {
    message: MessageId,
    content: Vec<ContentBlock>,
    hands: Hands,
    done: Done<Accepted>,
    /// It was cancelled before it began.
    cancelled: bool,
}

struct RunningTurn {
    inputs: mpsc::Receiver<TurnInput>,
    task: JoinHandle<(Box<dyn AgentSession>, TurnStop)>,
    cancel: CancellationToken,
    /// When it is dropped if it has not given up by then.
    deadline: Option<Instant>,
    /// What went wrong with it on our side.
    fault: Option<String>,
}

pub(super) struct Actor {
    start: Start,
    state: State,
    agent: Option<Box<dyn AgentSession>>,
    turn: Option<RunningTurn>,
    /// The prompt that came while the turn before was being cancelled.
    next: Option<NewPrompt>,
    asks: HashMap<AskId, OpenAsk>,
    next_ask: u64,
    flush_at: Option<Instant>,
    closing: Vec<oneshot::Sender<()>>,
}

/// What woke the actor.
enum Wake {
    Command(Option<Command>),
    Inputs,
    Ended(Option<(Box<dyn AgentSession>, TurnStop)>),
    Flush,
    Overdue,
}

impl Actor {
    pub(super) fn new(start: Start) -> Self {
        Self {
            start,
            state: State::Idle,
            agent: None,
            turn: None,
            next: None,
            asks: HashMap::new(),
            next_ask: 1,
            flush_at: None,
            closing: Vec::new(),
        }
    }

    /// Lives until the session is closed.
    pub(super) async fn run(mut self, mut mailbox: mpsc::Receiver<Command>) {
        let mut inputs = Vec::with_capacity(TURN_QUEUE);
        while self.state != State::Closed {
            match self.wake(&mut mailbox, &mut inputs).await {
                Wake::Command(Some(command)) => self.command(command).await,
                Wake::Command(None) => self.close(None).await,
                Wake::Inputs => self.inputs(&mut inputs).await,
                Wake::Ended(ended) => self.ended(ended).await,
                Wake::Flush => self.flush().await,
                Wake::Overdue => self.overdue(),
            }
            self.flush_at = match self.flush_at {
                _ if !self.start.writer.has_waiting() => None,
                None => Some(Instant::now() + BATCH_TIME),
                set => set,
            };
        }
        // What came too late is told so by the closed mailbox; readers keep what they have.
    }

    async fn wake(&mut self, mailbox: &mut mpsc::Receiver<Command>, inputs: &mut Vec<TurnInput>) -> Wake {
        let flush_at = self.flush_at;
        let timer = async move {
            match flush_at {
                Some(at) => sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        let Some(turn) = &mut self.turn else {
            return tokio::select! {
                biased;
                command = mailbox.recv() => Wake::Command(command),
                () = timer => Wake::Flush,
            };
        };
        let deadline = turn.deadline;
        let overdue = async move {
            match deadline {
                Some(at) => sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            command = mailbox.recv() => Wake::Command(command),
            _ = turn.inputs.recv_many(inputs, TURN_QUEUE), if !turn.inputs.is_closed() || !turn.inputs.is_empty() => Wake::Inputs,
            ended = &mut turn.task => Wake::Ended(ended.ok()),
            () = timer => Wake::Flush,
            () = overdue => Wake::Overdue,
        }
    }

    async fn command(&mut self, command: Command) {
        match command {
            Command::Prompt { message, content, hands, done } => {
                self.prompt(NewPrompt { message, content, hands, done, cancelled: false }).await
            }
            Command::Cancel => self.cancel().await,
            Command::Answer { ask, outcome } => self.answer(ask, outcome).await,
            Command::SetMode { mode, done } => {
                let outcome = self.set_mode(mode).await;
                reply(done, outcome);
            }
            Command::SetOption { option, value, done } => {
                let outcome = self.set_option(option, value).await;
                reply(done, outcome);
            }
            Command::Announce { kind } => {
                let outcome = if kind.is_control() {
                    self.start.writer.commit(vec![*kind], RecordChange::default()).await
                } else {
                    self.start.writer.stream([*kind]).await
                };
                self.warn(outcome);
            }
            Command::Settle { done } => {
                let outcome = self.start.writer.settle().await;
                reply(done, outcome.map_err(SessionError::from));
            }
            Command::Close { done } => self.close(Some(done)).await,
        }
    }

    async fn prompt(&mut self, prompt: NewPrompt) {
        match self.state.prompt() {
            OnPrompt::Begin => self.accept(prompt).await,
            // A client that has cancelled need not wait for the end before it goes on.
            OnPrompt::Next if self.next.is_none() => self.next = Some(prompt),
            OnPrompt::Next => {
                let turn = self.state.running().unwrap_or(TurnId(0));
                reply(prompt.done, Err(SessionError::Busy(turn)));
            }
            OnPrompt::Busy(turn) => reply(prompt.done, Err(SessionError::Busy(turn))),
            OnPrompt::Closed => reply(prompt.done, Err(SessionError::Closed)),
        }
    }

    async fn accept(&mut self, prompt: NewPrompt) {
        let NewPrompt { message, content, hands, done, cancelled } = prompt;
        let seq = self.start.writer.next_seq();
        let turn = TurnId(seq);
        let mut kinds = vec![EventKind::PromptAccepted { turn, message, content: content.clone() }];
        let mut change = RecordChange { running: Some(true), ..RecordChange::default() };
        if !self.start.titled
            && let Some(title) = title(&content)
        {
            change.title = Some(title.clone());
            kinds.push(EventKind::TitleChanged { title });
        }
        let titled = change.title.is_some();
        if let Err(e) = self.start.writer.commit(kinds, change).await {
            return reply(done, Err(e.into()));
        }
        self.start.titled |= titled;
        self.state.begin(turn);
        self.begin(Prompt { turn, content, hands, seq });
        reply(done, Ok(Accepted { turn }));
        if cancelled {
            self.cancel().await;
        }
    }

    fn begin(&mut self, prompt: Prompt) {
        let mut agent = self.agent.take().unwrap_or_else(|| self.start.backend.open(self.start.seed.clone()));
        let (sender, inputs) = mpsc::channel(TURN_QUEUE);
        let cancel = CancellationToken::new();
        let turn = Turn::new(sender, self.start.settings.subscribe(), cancel.clone());
        let task = tokio::spawn(async move {
            let stop = agent.run(turn, prompt).await;
            (agent, stop)
        });
        self.turn = Some(RunningTurn { inputs, task, cancel, deadline: None, fault: None });
    }

    async fn inputs(&mut self, inputs: &mut Vec<TurnInput>) {
        let mut streamed = Vec::new();
        for input in inputs.drain(..) {
            match input {
                TurnInput::Emit { events, done: None } if !events.iter().any(EventKind::is_control) => {
                    streamed.extend(events);
                }
                TurnInput::Emit { events, done } => {
                    self.stream(&mut streamed).await;
                    let outcome = self.start.writer.commit(events, RecordChange::default()).await;
                    let outcome = outcome.map_err(|e| self.fault(&e));
                    if let Some(done) = done {
                        // A turn that no longer waits has been given up.
                        let _told = done.send(outcome);
                    }
                }
                TurnInput::Ask { call, options, answer } => {
                    self.stream(&mut streamed).await;
                    self.open_ask(call, options, answer).await;
                }
            }
        }
        self.stream(&mut streamed).await;
    }

    async fn stream(&mut self, kinds: &mut Vec<EventKind>) {
        if !kinds.is_empty()
            && let Err(e) = self.start.writer.stream(kinds.drain(..)).await
        {
            self.fault(&e);
        }
    }

    /// The turn cannot be written any further: it is given up, and fails with this text.
    fn fault(&mut self, error: &StoreError) -> String {
        let text = error.to_string();
        if let Some(turn) = &mut self.turn {
            turn.fault.get_or_insert_with(|| text.clone());
            turn.cancel.cancel();
            turn.deadline.get_or_insert_with(|| Instant::now() + GRACE);
        }
        text
    }

    async fn open_ask(
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

    async fn answer(&mut self, ask: AskId, outcome: AskOutcome) {
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

    async fn cancel(&mut self) {
        if let Some(next) = &mut self.next {
            next.cancelled = true;
        }
        let Some(asks) = self.state.cancel() else { return };
        if let Some(turn) = &mut self.turn {
            turn.cancel.cancel();
            turn.deadline.get_or_insert_with(|| Instant::now() + GRACE);
        }
        if !asks.is_empty() {
            let settled = self.settle_all(asks);
            let outcome = self.start.writer.conclude(settled, RecordChange::default()).await;
            self.warn(outcome);
        }
    }

    fn settle_all(&mut self, asks: Vec<AskId>) -> Vec<EventKind> {
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

    /// The turn's task is over: take what it still said, then write its end.
    async fn ended(&mut self, ended: Option<(Box<dyn AgentSession>, TurnStop)>) {
        let mut inputs = Vec::new();
        while let Some(input) = self.turn.as_mut().and_then(|turn| turn.inputs.try_recv().ok()) {
            inputs.push(input);
        }
        self.inputs(&mut inputs).await;
        let fault = self.turn.take().and_then(|turn| turn.fault);
        let stop = match ended {
            Some((agent, stop)) => {
                self.agent = Some(agent);
                stop
            }
            None => TurnStop::Failed { message: "the agent failed in the middle of the turn".into() },
        };
        let Some((turn, cancelled, asks)) = self.state.end() else { return };
        let stop = match fault {
            Some(message) => TurnStop::Failed { message },
            None if cancelled => TurnStop::Finished { reason: StopReason::Cancelled },
            None => stop,
        };
        let mut kinds = self.settle_all(asks);
        kinds.push(EventKind::TurnEnded { turn, stop });
        let change = RecordChange { running: Some(false), ..RecordChange::default() };
        let outcome = self.start.writer.conclude(kinds, change).await;
        self.warn(outcome);
        self.finish_closing();
        if let Some(next) = self.next.take() {
            self.prompt(next).await;
        }
    }

    fn overdue(&mut self) {
        if let Some(turn) = &mut self.turn {
            tracing::warn!("a cancelled turn did not give up in time and was dropped");
            turn.task.abort();
            turn.deadline = None;
        }
    }

    async fn flush(&mut self) {
        self.flush_at = None;
        if let Err(e) = self.start.writer.start_flush().await {
            self.fault(&e);
        }
    }

    async fn set_mode(&mut self, mode: Mode) -> Result<(), SessionError> {
        if self.start.settings.borrow().mode == mode {
            return Ok(());
        }
        let id = mode.id().to_owned();
        let change = RecordChange { mode: Some(id.clone()), ..RecordChange::default() };
        self.start.writer.commit(vec![EventKind::ModeChanged { mode: id }], change).await?;
        self.start.settings.send_modify(|settings| settings.mode = mode);
        Ok(())
    }

    async fn set_option(&mut self, option: String, value: String) -> Result<(), SessionError> {
        let change =
            RecordChange { option: Some((option.clone(), value.clone())), ..RecordChange::default() };
        let kind = EventKind::OptionChanged { option: option.clone(), value: value.clone() };
        self.start.writer.commit(vec![kind], change).await?;
        self.start.settings.send_modify(|settings| {
            settings.options.retain(|(known, _)| *known != option);
            settings.options.push((option, value));
        });
        Ok(())
    }

    async fn close(&mut self, done: Option<oneshot::Sender<()>>) {
        self.closing.extend(done);
        self.cancel().await;
        if self.state == State::Idle {
            let outcome = self.start.writer.settle().await;
            self.warn(outcome);
            self.state.close();
        }
        self.finish_closing();
    }

    fn finish_closing(&mut self) {
        if self.turn.is_none() && (!self.closing.is_empty() || self.state == State::Closed) {
            self.state.close();
            for done in self.closing.drain(..) {
                // Whoever asked may have gone since.
                let _told = done.send(());
            }
        }
    }

    fn warn(&self, outcome: Result<(), StoreError>) {
        if let Err(e) = outcome {
            tracing::warn!(session = %self.start.seed.session, error = %e, "not durable yet");
        }
    }
}

fn reply<T>(done: Done<T>, outcome: Result<T, SessionError>) {
    if done.send(outcome).is_err() {
        tracing::debug!("whoever asked a session is gone");
    }
}
