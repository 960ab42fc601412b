use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;

use super::Settings;
use crate::acp::{PermissionOption, ToolCallId, ToolCallUpdate, ToolKind};
use crate::event::{AskOutcome, EventKind, Question, QuestionAnswer};

/// The only handle an agent talks through while it does a turn. Sending waits while the session is busy
/// writing: a slow disk slows the model and not the memory.
#[derive(Debug, Clone)]
pub struct Turn {
    sender: mpsc::Sender<TurnInput>,
    settings: watch::Receiver<Settings>,
    cancel: CancellationToken,
    accepted: CancellationToken,
    /// Options that have another value in this turn than in its session.
    choices: Arc<[(&'static str, String)]>,
    calls: OpenCalls,
}

/// The calls of a turn that run and can be given up by themselves: the turn goes on without them.
#[derive(Debug, Clone, Default)]
pub struct OpenCalls(Arc<Mutex<HashMap<ToolCallId, CancellationToken>>>);

impl OpenCalls {
    /// Whether calls of that kind are of this sort: they may take long, and stop when they are told to.
    pub fn take(kind: ToolKind) -> bool {
        matches!(kind, ToolKind::Execute | ToolKind::Search | ToolKind::Fetch)
    }

    /// The call runs; `cancel` gives it up.
    pub fn begin(&self, call: ToolCallId, cancel: CancellationToken) {
        self.lock().insert(call, cancel);
    }

    /// The call has ended.
    pub fn end(&self, call: &ToolCallId) {
        self.lock().remove(call);
    }

    /// Whether it can be given up.
    pub fn contains(&self, call: &ToolCallId) -> bool {
        self.lock().contains_key(call)
    }

    /// Gives a call up; `false` when there is nothing to give up.
    pub fn cancel(&self, call: &ToolCallId) -> bool {
        self.lock().get(call).map(CancellationToken::cancel).is_some()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<ToolCallId, CancellationToken>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a turn says to its session.
#[derive(Debug)]
pub enum TurnInput {
    /// This happened. With `done`, the sender waits until it is durable.
    Emit { events: Vec<EventKind>, done: Option<oneshot::Sender<Result<(), String>>> },
    /// Ask a person.
    Ask { call: Box<ToolCallUpdate>, options: Vec<PermissionOption>, answer: oneshot::Sender<AskOutcome> },
    /// Ask a person something that only they know, perhaps on behalf of a call.
    Question { call: Option<ToolCallId>, question: Question, answer: oneshot::Sender<QuestionAnswer> },
}

/// Why a turn cannot go on.
#[derive(Debug, Clone, thiserror::Error)]
pub enum TurnFault {
    /// What happened could not be made durable.
    #[error("{0}")]
    NotDurable(String),
    /// The session is gone.
    #[error("the session is closed")]
    Gone,
}

impl Turn {
    /// A turn that speaks to `sender`; `accepted` ends when its prompt is durable.
    pub fn new(
        sender: mpsc::Sender<TurnInput>,
        settings: watch::Receiver<Settings>,
        cancel: CancellationToken,
        accepted: CancellationToken,
    ) -> Self {
        Self { sender, settings, cancel, accepted, choices: Arc::default(), calls: OpenCalls::default() }
    }

    /// Returns when the turn's prompt is durable: nothing is run, asked for or changed before (law L6), only got ready.
    /// `Err` when it will not be any more.
    pub async fn accepted(&self) -> Result<(), TurnFault> {
        tokio::select! {
            biased;
            () = self.accepted.cancelled() => Ok(()),
            () = self.cancel.cancelled() => Err(TurnFault::Gone),
        }
    }

    /// Reports what happened, without waiting for the disk.
    pub async fn emit(&self, events: Vec<EventKind>) -> Result<(), TurnFault> {
        if events.is_empty() {
            return Ok(());
        }
        self.sender.send(TurnInput::Emit { events, done: None }).await.map_err(|_| TurnFault::Gone)
    }

    /// Reports what happened and returns when it is durable: before anything is run.
    pub async fn commit(&self, events: Vec<EventKind>) -> Result<(), TurnFault> {
        let (done, durable) = oneshot::channel();
        let input = TurnInput::Emit { events, done: Some(done) };
        self.sender.send(input).await.map_err(|_| TurnFault::Gone)?;
        durable.await.map_err(|_| TurnFault::Gone)?.map_err(TurnFault::NotDurable)
    }

    /// Asks whoever is attached; waits until somebody answers or the turn ends.
    pub async fn ask(&self, call: ToolCallUpdate, options: Vec<PermissionOption>) -> AskOutcome {
        let (answer, answered) = oneshot::channel();
        let input = TurnInput::Ask { call: Box::new(call), options, answer };
        if self.sender.send(input).await.is_err() {
            return AskOutcome::Cancelled;
        }
        answered.await.unwrap_or(AskOutcome::Cancelled)
    }

    /// Puts a question to whoever is attached and can be asked; waits until somebody answers or the turn ends.
    /// `call`: on whose behalf.
    pub async fn question(&self, call: Option<ToolCallId>, question: Question) -> QuestionAnswer {
        let (answer, answered) = oneshot::channel();
        if self.sender.send(TurnInput::Question { call, question, answer }).await.is_err() {
            return QuestionAnswer::Cancelled;
        }
        answered.await.unwrap_or(QuestionAnswer::Cancelled)
    }

    /// The session's settings as they are now, with what this turn has chosen.
    pub fn settings(&self) -> Settings {
        let mut settings = self.settings.borrow().clone();
        self.choices.iter().for_each(|(option, value)| settings.choose(option, value));
        settings
    }

    /// Follows them.
    pub fn watch_settings(&self) -> watch::Receiver<Settings> {
        self.settings.clone()
    }

    /// The same turn for a part of its work that may be given up earlier.
    pub fn until(&self, cancel: CancellationToken) -> Self {
        Self { cancel, ..self.clone() }
    }

    /// The same turn with options of its own; the session's stay as they are.
    pub fn choosing(&self, choices: Vec<(&'static str, String)>) -> Self {
        Self { choices: choices.into(), ..self.clone() }
    }

    /// Its calls that can be given up by themselves.
    pub fn calls(&self) -> &OpenCalls {
        &self.calls
    }

    /// Ends when the turn is to be given up.
    pub fn cancelled(&self) -> &CancellationToken {
        &self.cancel
    }
}
