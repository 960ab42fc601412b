use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;

use super::journal::Journal;
use super::{SessionError, Subscription};
use crate::acp::{ContentBlock, MessageId, SessionId, ToolCallId};
use crate::agent::{Hands, OpenCalls, Roots, Settings, Turn};
use crate::event::{AskId, AskOutcome, EventKind, QuestionAnswer, Seq, TurnId};
use crate::permission::Mode;
use crate::workspace::Workspace;

/// How long a cancelled turn may take to give up before it is dropped: a little more than a command that
/// ignores every signal but the last.
pub(super) const GRACE: Duration = Duration::from_secs(4);
/// The same when the process is about to end, and with it everything it runs.
const SHORT_GRACE: Duration = Duration::from_millis(500);
/// Commands queued for a session; who has more waits.
pub(super) const MAILBOX: usize = 64;

/// What of the turn that runs may be cancelled, shared with everyone who may do it.
#[derive(Debug, Clone, Default)]
pub(super) struct CurrentTurn(Arc<Mutex<(CancellationToken, OpenCalls)>>);

impl CurrentTurn {
    pub(super) fn set(&self, turn: &Turn) {
        *self.lock() = (turn.cancelled().clone(), turn.calls().clone());
    }

    /// What stops the turn that runs now, and none that comes after it.
    fn cancelled(&self) -> CancellationToken {
        self.lock().0.clone()
    }

    fn calls(&self) -> OpenCalls {
        self.lock().1.clone()
    }

    fn lock(&self) -> MutexGuard<'_, (CancellationToken, OpenCalls)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a session can be told.
#[derive(Debug)]
pub(super) enum Command {
    Prompt {
        message: MessageId,
        content: Vec<ContentBlock>,
        hands: Hands,
        waits: bool,
        /// Keeps the session open until the turn has ended, whoever has gone by then.
        hold: Hold,
        done: Done<Accepted>,
    },
    /// Takes a prompt back that has not begun.
    Withdraw {
        message: MessageId,
    },
    /// Gives the turn up, and drops it if it has not ended after `grace`.
    Cancel {
        grace: Duration,
    },
    CancelTurn {
        turn: TurnId,
    },
    Answer {
        ask: AskId,
        outcome: AskOutcome,
    },
    AnswerQuestion {
        ask: AskId,
        answer: QuestionAnswer,
    },
    SetMode {
        mode: Mode,
        done: Done<()>,
    },
    SetOption {
        option: String,
        value: String,
        done: Done<()>,
    },
    /// Open the agent's side, if it is not open.
    Prepare,
    Announce {
        kind: Box<EventKind>,
    },
    Settle {
        done: Done<()>,
    },
    CloseIfIdle {
        done: oneshot::Sender<bool>,
    },
    Close {
        done: oneshot::Sender<()>,
    },
}

/// Keeps a session open.
pub(super) type Hold = mpsc::Sender<Command>;

pub(super) type Done<T> = oneshot::Sender<Result<T, SessionError>>;

/// A prompt that became a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Accepted {
    pub turn: TurnId,
}

/// What does not change while a session is open.
#[derive(Debug)]
pub struct SessionInfo {
    pub id: SessionId,
    pub roots: Roots,
    pub workspace: Workspace,
}

/// What everyone knows of a live session.
#[derive(Debug)]
pub(super) struct Live {
    pub(super) info: SessionInfo,
    pub(super) journal: Arc<Journal>,
    pub(super) settings: watch::Receiver<Settings>,
    pub(super) current: CurrentTurn,
    /// Its last word is durable: it may be opened anew.
    pub(super) ended: CancellationToken,
}

/// A live session, as seen from a door. Clones speak to the same one, which is open as long as there is one of them or
/// a turn runs.
#[derive(Debug, Clone)]
pub struct SessionHandle {
    pub(super) live: Arc<Live>,
    pub(super) mailbox: Hold,
}

/// The same as the register keeps it: this does not keep the session open.
#[derive(Debug, Clone)]
pub(super) struct WeakHandle {
    live: Arc<Live>,
    mailbox: mpsc::WeakSender<Command>,
}

impl WeakHandle {
    /// The session, unless it is closed or about to be.
    pub(super) fn upgrade(&self) -> Option<SessionHandle> {
        let mailbox = self.mailbox.upgrade().filter(|mailbox| !mailbox.is_closed())?;
        Some(SessionHandle { live: Arc::clone(&self.live), mailbox })
    }

    /// Whether somebody holds it, or a turn runs.
    pub(super) fn is_held(&self) -> bool {
        self.mailbox.strong_count() > 0
    }

    pub(super) fn has_ended(&self) -> bool {
        self.live.ended.is_cancelled()
    }

    /// Waits until everything it said is durable and nothing more will be.
    pub(super) async fn ended(&self) {
        self.live.ended.cancelled().await;
    }

    /// Cancels a running turn and waits for the session's end.
    pub(super) async fn close(&self) {
        if let Some(session) = self.upgrade() {
            session.close().await;
        }
        self.ended().await;
    }
}

impl SessionHandle {
    pub(super) fn downgrade(&self) -> WeakHandle {
        WeakHandle { live: Arc::clone(&self.live), mailbox: self.mailbox.downgrade() }
    }

    pub fn info(&self) -> &SessionInfo {
        &self.live.info
    }

    pub fn id(&self) -> &SessionId {
        &self.live.info.id
    }

    /// Whether both speak to the same opening of a session.
    pub fn is(&self, other: &Self) -> bool {
        self.mailbox.same_channel(&other.mailbox)
    }

    /// Mode and options as they are now.
    pub fn settings(&self) -> Settings {
        self.live.settings.borrow().clone()
    }

    /// Its working directory.
    pub fn cwd(&self) -> &Path {
        &self.live.info.roots.cwd
    }

    /// Number of the last event.
    pub fn head(&self) -> Seq {
        self.live.journal.head()
    }

    /// A cursor that starts behind `after`: 0 for everything.
    pub fn subscribe(&self, after: Seq) -> Subscription {
        Subscription::new(Arc::clone(&self.live.journal), after)
    }

    /// Lets the agent open its side before there is a prompt, so that what it connects to is there by then. Whoever
    /// is attached hears of it.
    pub async fn prepare(&self) {
        self.tell(Command::Prepare).await;
    }

    /// Begins a turn. Resolves when the prompt is durable and its turn runs.
    pub async fn prompt(
        &self,
        message: MessageId,
        content: Vec<ContentBlock>,
        hands: Hands,
    ) -> Result<Accepted, SessionError> {
        self.begin(message, content, hands, false).await
    }

    /// The same behind the turn that runs, if one does, and the prompts that wait already: everyone is shown that it
    /// waits. A cancel takes it back with the turn.
    pub async fn prompt_in_turn(
        &self,
        message: MessageId,
        content: Vec<ContentBlock>,
        hands: Hands,
    ) -> Result<Accepted, SessionError> {
        self.begin(message, content, hands, true).await
    }

    /// Takes a prompt back that has not begun; fine when it has.
    pub async fn withdraw(&self, message: &MessageId) {
        self.tell(Command::Withdraw { message: message.clone() }).await;
    }

    /// Gives the running turn up, with the prompts that wait behind it; fine when there is none.
    pub async fn cancel(&self) {
        self.stop(GRACE).await;
    }

    /// Gives this turn up and no other; fine when it is over.
    pub async fn cancel_turn(&self, turn: TurnId) {
        self.tell(Command::CancelTurn { turn }).await;
    }

    /// Gives one call of the running turn up, which goes on without it; `false` when there is no such call, or it
    /// cannot be given up by itself.
    pub fn cancel_call(&self, call: &ToolCallId) -> bool {
        self.live.current.calls().cancel(call)
    }

    /// Whether that would do anything.
    pub fn can_cancel_call(&self, call: &ToolCallId) -> bool {
        self.live.current.calls().contains(call)
    }

    /// Gives the running turn up where nobody can wait long: the client has gone, the process is about to.
    pub async fn give_up(&self) {
        self.stop(SHORT_GRACE).await;
    }

    /// What it means for the record goes ahead of the work's end: prompts that wait are taken back before the next of
    /// them could begin, and whoever prompts when it has seen the end comes behind it.
    async fn stop(&self, grace: Duration) {
        let work = self.live.current.cancelled();
        self.tell(Command::Cancel { grace }).await;
        work.cancel();
    }

    /// Says whether a tool may run, as was asked; ignored when it is settled already.
    pub async fn answer(&self, ask: AskId, outcome: AskOutcome) {
        self.tell(Command::Answer { ask, outcome }).await;
    }

    /// Answers an open question; ignored when it is settled already. What does not fit its form is no answer.
    pub async fn answer_question(&self, ask: AskId, answer: QuestionAnswer) {
        self.tell(Command::AnswerQuestion { ask, answer }).await;
    }

    /// Changes the mode, also in the middle of a turn.
    pub async fn set_mode(&self, mode: Mode) -> Result<(), SessionError> {
        self.ask(|done| Command::SetMode { mode, done }).await
    }

    /// Changes an option. Whether it exists and may have that value is the caller's to check.
    pub async fn set_option(&self, option: String, value: String) -> Result<(), SessionError> {
        self.ask(|done| Command::SetOption { option, value, done }).await
    }

    /// Tells everyone attached something that is no part of a turn.
    pub async fn announce(&self, kind: EventKind) {
        self.tell(Command::Announce { kind: Box::new(kind) }).await;
    }

    /// Returns when everything that was shown so far is durable.
    pub async fn settle(&self) -> Result<(), SessionError> {
        self.ask(|done| Command::Settle { done }).await
    }

    /// Closes the session if no turn runs; whether it is closed now.
    pub(super) async fn close_if_idle(&self) -> bool {
        let (done, closed) = oneshot::channel();
        self.tell(Command::CloseIfIdle { done }).await;
        closed.await.unwrap_or(true)
    }

    /// Cancels a running turn, waits for its end and closes the session; it can be loaded again.
    pub async fn close(&self) {
        let (done, closed) = oneshot::channel();
        self.tell(Command::Close { done }).await;
        // An actor that is gone has closed already.
        let _closed = closed.await;
    }

    async fn begin(
        &self,
        message: MessageId,
        content: Vec<ContentBlock>,
        hands: Hands,
        waits: bool,
    ) -> Result<Accepted, SessionError> {
        let hold = self.mailbox.clone();
        self.ask(|done| Command::Prompt { message, content, hands, waits, hold, done }).await
    }

    async fn tell(&self, command: Command) {
        if self.mailbox.send(command).await.is_err() {
            tracing::debug!(session = %self.live.info.id, "a closed session was told something");
        }
    }

    async fn ask<T>(&self, command: impl FnOnce(Done<T>) -> Command) -> Result<T, SessionError> {
        let (done, answer) = oneshot::channel();
        self.mailbox.send(command(done)).await.map_err(|_| SessionError::Closed)?;
        answer.await.map_err(|_| SessionError::Closed)?
    }
}
