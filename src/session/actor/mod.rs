//! The one task that owns a session. `state` decides; this carries it out: turns in `turn`, what people
//! are asked in `ask` and `question`, mode and options in `setting`.

mod ask;
mod question;
mod setting;
mod turn;

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use self::ask::OpenAsk;
use super::SessionError;
use super::handle::{Accepted, Command, CurrentTurn, Done, GRACE, Hold};
use super::journal::Writer;
use super::recovery::Open;
use super::state::State;
use crate::acp::{ContentBlock, MessageId};
use crate::agent::{AgentBackend, AgentSession, Hands, Seed, Settings, TurnInput};
use crate::event::{AskId, EventKind, TurnStop};
use crate::store::{RecordChange, StoreError};

/// How long streamed text may wait for the disk (law L6).
const BATCH_TIME: Duration = Duration::from_millis(40);
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
    /// The running turn's token, where cancels reach it without waiting for this task.
    pub(super) current: CurrentTurn,
    /// Cancelled when the session's last word is durable.
    pub(super) ended: CancellationToken,
}

/// A prompt on its way to become a turn.
struct NewPrompt {
    message: MessageId,
    content: Vec<ContentBlock>,
    hands: Hands,
    done: Done<Accepted>,
    hold: Hold,
    /// Whether it waits for the end of a running turn instead of being refused.
    waits: bool,
}

struct RunningTurn {
    inputs: mpsc::Receiver<TurnInput>,
    task: JoinHandle<(Box<dyn AgentSession>, TurnStop)>,
    cancel: CancellationToken,
    /// When it is dropped if it has not given up by then.
    deadline: Option<Instant>,
    /// What went wrong with it on our side.
    fault: Option<String>,
    /// It goes on without those who began it, and whoever comes meanwhile joins it.
    _hold: Hold,
}

pub(super) struct Actor {
    start: Start,
    state: State,
    agent: Option<Box<dyn AgentSession>>,
    turn: Option<RunningTurn>,
    /// Prompts that begin when the turn before them has ended, in the order they came.
    next: VecDeque<NewPrompt>,
    asks: HashMap<AskId, OpenAsk>,
    next_ask: u64,
    flush_at: Option<Instant>,
    closing: Vec<oneshot::Sender<()>>,
    /// What the turn has left open so far.
    open: Open,
    /// The commands that the agent announced last.
    commands: Option<EventKind>,
    /// Another process owns the session now: it is to be loaded again.
    taken_over: bool,
    mailbox_open: bool,
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
            next: VecDeque::new(),
            asks: HashMap::new(),
            next_ask: 1,
            flush_at: None,
            closing: Vec::new(),
            open: Open::default(),
            commands: None,
            taken_over: false,
            mailbox_open: true,
        }
    }

    /// Lives until the session is closed, or nobody holds it.
    pub(super) async fn run(mut self, mut mailbox: mpsc::Receiver<Command>) {
        let ended = self.start.ended.clone().drop_guard();
        let mut inputs = Vec::with_capacity(TURN_QUEUE);
        while self.state != State::Closed {
            match self.wake(&mut mailbox, &mut inputs).await {
                Wake::Command(Some(command)) => self.command(command).await,
                Wake::Command(None) => {
                    self.mailbox_open = false;
                    self.close(None).await;
                }
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
            if self.taken_over && self.turn.is_none() {
                self.state.close();
                self.finish_closing();
            }
        }
        // What came too late is told so by the closed mailbox; readers keep what they have.
        drop(mailbox);
        drop(ended);
        if let Some(mut agent) = self.agent {
            agent.close().await;
        }
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
                command = mailbox.recv(), if self.mailbox_open => Wake::Command(command),
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
            command = mailbox.recv(), if self.mailbox_open => Wake::Command(command),
            _ = turn.inputs.recv_many(inputs, TURN_QUEUE), if !turn.inputs.is_closed() || !turn.inputs.is_empty() => Wake::Inputs,
            ended = &mut turn.task => Wake::Ended(ended.ok()),
            () = timer => Wake::Flush,
            () = overdue => Wake::Overdue,
        }
    }

    async fn command(&mut self, command: Command) {
        match command {
            Command::Prompt { message, content, hands, waits, hold, done } => {
                self.prompt(NewPrompt { message, content, hands, done, hold, waits }).await
            }
            Command::Withdraw { message } => self.withdraw(&message),
            Command::Cancel { grace } => self.cancel(grace).await,
            Command::CancelTurn { turn } if self.state.running() == Some(turn) => self.give_up(GRACE).await,
            Command::CancelTurn { .. } => {}
            Command::Answer { ask, outcome } => self.answer(ask, outcome).await,
            Command::AnswerQuestion { ask, answer } => self.answer_question(ask, answer).await,
            Command::SetMode { mode, done } => {
                let outcome = self.set_mode(mode).await;
                reply(done, outcome);
            }
            Command::SetOption { option, value, done } => {
                let outcome = self.set_option(option, value).await;
                reply(done, outcome);
            }
            Command::Prepare => self.prepare().await,
            Command::Announce { kind } => self.announce(*kind).await,
            Command::Settle { done } => {
                let outcome = self.start.writer.settle().await;
                reply(done, outcome.map_err(SessionError::from));
            }
            Command::CloseIfIdle { done } => {
                let idle = self.state == State::Idle;
                if idle {
                    self.close(None).await;
                }
                // Whoever asked may have gone since.
                let _told = done.send(idle);
            }
            Command::Close { done } => self.close(Some(done)).await,
        }
    }

    async fn announce(&mut self, kind: EventKind) {
        if matches!(kind, EventKind::CommandsChanged { .. }) {
            self.commands = Some(kind.clone());
        }
        let outcome = if kind.is_control() {
            self.start.writer.commit(vec![kind], RecordChange::default()).await
        } else {
            self.start.writer.stream([kind]).await
        };
        self.warn(outcome);
    }

    /// Whether nobody but this task speaks of the agent's side.
    fn is_unopened(&self) -> bool {
        self.agent.is_none() && self.turn.is_none()
    }

    /// Opens the agent's side where that sets something going; whoever attached later than it is told again what it
    /// announced.
    async fn prepare(&mut self) {
        let Start { backend, seed, .. } = &self.start;
        if self.is_unopened() && backend.is_eager(seed) {
            self.agent = Some(backend.open(seed.clone()).await);
        }
        if let Some(commands) = self.commands.clone() {
            let outcome = self.start.writer.stream([commands]).await;
            self.warn(outcome);
        }
    }

    async fn flush(&mut self) {
        self.flush_at = None;
        if let Err(e) = self.start.writer.start_flush().await {
            self.fault(&e);
        }
    }

    async fn close(&mut self, done: Option<oneshot::Sender<()>>) {
        self.closing.extend(done);
        self.cancel(GRACE).await;
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
