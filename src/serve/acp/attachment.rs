//! One client attached to one session: reads the journal with its own cursor, shows what it finds, and
//! answers the prompts that are owed a reply.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::client::Client;
use super::cursor::{self, Cursor};
use super::own_change::Setting;
use super::pulse::Pulse;
use super::question::Questions;
use super::view::{self, View};
use super::{error, options};
use crate::acp::{MessageId, PromptResponse, StopReason, ToolCallId, v2};
use crate::event::{AskId, Event, EventKind, Seq, TurnId, TurnStop};
use crate::rpc::{PeerError, Responder};
use crate::session::{SessionHandle, Sessions, Subscription};

/// Events taken at once: what is written between two looks at the queue.
const PAGE: usize = 256;
/// Bytes of lines sent at once.
const SEND: usize = 128 * 1024;
/// A turn in which nothing was shown for this long shows a sign of life: clients give up after 60 s.
const HEARTBEAT: Duration = Duration::from_secs(20);

/// Where an attachment begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum From {
    /// With the whole conversation.
    Start,
    /// With where the session stands, as what happened so far tells.
    Standing,
    /// With what happens from now on.
    Head,
    /// With what happened after that.
    After(Cursor),
}

/// A client's hold on a session; letting go of it ends the watching at once.
#[derive(Debug)]
pub(super) struct Attachment {
    session: SessionHandle,
    serial: u64,
    drop: CancellationToken,
    finish: CancellationToken,
    /// Ends with the number of the last event that was shown.
    task: Option<JoinHandle<Seq>>,
}

impl Attachment {
    /// Attaches the client. `caught_up` is answered when everything up to now was shown. What `earlier`, in
    /// whose place this one comes, still has to show is shown first.
    pub(super) fn start(
        client: &Arc<Client>,
        sessions: &Sessions,
        session: SessionHandle,
        from: From,
        caught_up: BoxFuture<'static, ()>,
        earlier: Option<Self>,
    ) -> Self {
        static SERIAL: AtomicU64 = AtomicU64::new(0);
        let serial = SERIAL.fetch_add(1, Ordering::Relaxed);
        let (drop, finish) = (CancellationToken::new(), CancellationToken::new());
        let hold = Hold {
            client: Arc::clone(client),
            session: session.clone(),
            serial,
            let_go: drop.clone(),
            over: false,
        };
        let mut watch = Watch::new(client, sessions, session.clone(), from);
        let (token, finishing, mut at) = (drop.clone(), finish.clone(), session.head());
        let task = tokio::spawn(async move {
            let watching = async {
                if let Some(earlier) = earlier {
                    at = earlier.finish().await;
                }
                watch.replay_until = at;
                let events = watch.session.subscribe(if from == From::Head { at } else { 0 });
                watch.run(events, finishing, Some(caught_up)).await
            };
            // Let go of: nobody is left to be shown anything.
            let ended = token.run_until_cancelled(Box::pin(watching)).await;
            if !matches!(ended, Some(None)) {
                hold.release();
            }
            ended.flatten().unwrap_or_default()
        });
        Self { session, serial, drop, finish, task: Some(task) }
    }

    pub(super) fn session(&self) -> &SessionHandle {
        &self.session
    }

    /// Tells it from every other attachment.
    pub(super) fn serial(&self) -> u64 {
        self.serial
    }

    /// Shows what the journal holds up to now, then ends. The number of the last event shown.
    pub(super) async fn finish(mut self) -> Seq {
        self.finish.cancel();
        match self.task.take() {
            Some(task) => task.await.unwrap_or_default(),
            None => 0,
        }
    }
}

impl Drop for Attachment {
    fn drop(&mut self) {
        self.drop.cancel();
    }
}

/// Sees to it that a watching which breaks off leaves no prompt without its reply.
struct Hold {
    client: Arc<Client>,
    session: SessionHandle,
    serial: u64,
    /// Cancelled when the attachment was dropped: at the end of the process nobody may be left to see to it.
    let_go: CancellationToken,
    over: bool,
}

impl Hold {
    /// It ended as it should.
    fn release(mut self) {
        self.over = true;
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        if !self.over && !self.let_go.is_cancelled() {
            tracing::error!(session = %self.session.id(), "an attachment broke off");
            self.client.lose(&self.session, self.serial);
        }
    }
}

/// The watching side of an attachment: one task.
struct Watch {
    client: Arc<Client>,
    session: SessionHandle,
    view: Box<dyn View>,
    from: From,
    /// Whether the client wants to know how far it has come.
    stamped: bool,
    /// What is shown now is known to the client, or was not asked for.
    muted: bool,
    pulse: Pulse,
    /// Events up to here happened before the client came.
    replay_until: Seq,
    /// Turns that this client began, with the message of their prompt.
    turns: HashMap<TurnId, MessageId>,
    questions: Questions,
    /// While a turn runs: when a sign of life is due.
    running: Option<Instant>,
    lines: Vec<u8>,
}

impl Watch {
    fn new(client: &Arc<Client>, sessions: &Sessions, session: SessionHandle, from: From) -> Self {
        Self {
            view: view::of(client, session.clone(), sessions.clone()),
            from,
            stamped: cursor::are_wanted(client.capabilities()),
            muted: false,
            pulse: Pulse::default(),
            questions: Questions::new(client, &session),
            client: Arc::clone(client),
            session,
            replay_until: 0,
            turns: HashMap::new(),
            running: None,
            lines: Vec::new(),
        }
    }

    /// Shows events until it is told to finish. The number of the last one; `None` when it broke off.
    async fn run(
        mut self,
        mut events: Subscription,
        finish: CancellationToken,
        mut caught_up: Option<BoxFuture<'static, ()>>,
    ) -> Option<Seq> {
        // The last event that is still to be shown: it may have to be read from the store.
        let mut last = None;
        loop {
            if events.cursor() >= self.replay_until
                && let Some(caught_up) = caught_up.take()
            {
                self.muted = false;
                if self.from != From::Head {
                    self.view.caught_up(&mut self.lines);
                }
                if self.flush().await.is_err() {
                    return Some(events.cursor());
                }
                caught_up.await;
                self.questions.put_found();
            }
            if last.is_some_and(|last| events.cursor() >= last) {
                return Some(events.cursor());
            }
            let due = self.running;
            let sign_of_life = async move {
                match due {
                    Some(at) => sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            let shown = tokio::select! {
                biased;
                page = events.next(PAGE) => match page {
                    Ok(page) => self.show(&page).await,
                    Err(e) => {
                        tracing::error!(session = %self.session.id(), error = %e, "the journal cannot be read");
                        return None;
                    }
                },
                () = finish.cancelled(), if last.is_none() => {
                    last = Some(events.head());
                    continue;
                }
                () = sign_of_life => {
                    self.view.sign_of_life(&self.pulse, &mut self.lines);
                    self.flush().await
                }
            };
            // A client that is gone has nobody to be shown anything.
            if shown.is_err() {
                return Some(events.cursor());
            }
        }
    }

    async fn show(&mut self, page: &[Arc<Event>]) -> Result<(), PeerError> {
        for event in page {
            let (replay, from) = (self.is_replay(event), self.lines.len());
            self.muted = replay && matches!(self.from, From::Standing | From::After(_));
            self.pulse.note(event);
            self.view.note(event, replay, &mut self.lines);
            match &event.kind {
                EventKind::PromptAccepted { turn, message, .. } => {
                    self.running = Some(Instant::now() + HEARTBEAT);
                    // Also a turn that was running already when the client loaded its session once more.
                    let own = self.client.sent(message);
                    if own {
                        self.turns.insert(*turn, message.clone());
                    }
                    if own || !self.goes_on_behind(message) {
                        self.view.prompted(event, own && !replay, &mut self.lines);
                    }
                    if let Some(receipt) = self.client.receipt(message) {
                        self.flush().await?;
                        receipt.reply(Ok(v2::PromptResponse::new(message.0.clone()))).await;
                    }
                }
                EventKind::AskOpened { .. } | EventKind::QuestionOpened { .. } if replay => {
                    self.questions.found(event);
                }
                EventKind::AskOpened { .. } | EventKind::QuestionOpened { .. } => {
                    self.flush().await?;
                    self.questions.put(event);
                }
                EventKind::AskSettled { ask, .. } => {
                    self.flush_before_settling(ask).await?;
                    self.questions.settle(ask);
                }
                EventKind::QuestionSettled { ask, answer } => {
                    self.flush_before_settling(ask).await?;
                    self.questions.settle_question(ask, answer, &mut self.lines);
                }
                // A sub-agent's call is known only to whom it was shown with a question.
                EventKind::ToolProgress { update } if !self.knows(&update.tool_call_id) => {}
                EventKind::TurnEnded { turn, stop } => {
                    self.running = None;
                    self.questions.end_of_turn();
                    self.view.end_of_turn(*turn, stop, self.turns.contains_key(turn), &mut self.lines);
                }
                // What the settings are now is part of the reply that a replay precedes.
                EventKind::ModeChanged { .. } | EventKind::OptionChanged { .. } if replay => {}
                EventKind::ModeChanged { mode } => self.setting(event, options::MODE, mode),
                EventKind::OptionChanged { option, value } => self.setting(event, option, value),
                _ => self.view.show(event, replay, &mut self.lines),
            }
            // Also of what showed nothing, and would be shown to somebody else.
            if self.stamped && !replay && (self.lines.len() > from || event.kind.is_control()) {
                Cursor::of(event).stamp(self.session.id(), from, &mut self.lines);
            }
            if let EventKind::TurnEnded { turn, stop } = &event.kind {
                self.flush().await?;
                self.answer(*turn, stop).await;
            }
            if self.muted || self.lines.len() >= SEND {
                self.flush().await?;
            }
        }
        self.flush().await
    }

    /// Whether the event happened before the client came, or before it went.
    fn is_replay(&self, event: &Event) -> bool {
        match self.from {
            From::After(known) => known.covers(event),
            _ => event.seq <= self.replay_until,
        }
    }

    /// Whether the client has come again and said this before it went: it knows, though it may not have been told.
    fn goes_on_behind(&self, message: &MessageId) -> bool {
        matches!(self.from, From::After(_)) && cursor::is_own(message, self.client.capabilities())
    }

    /// A setting has another value: shown but for what this client knows because it asked for it.
    fn setting(&mut self, event: &Event, option: &str, value: &str) {
        let (option, value) = (option.to_owned(), value.to_owned());
        let setting = Setting { session: self.session.id().clone(), option, value };
        let asked = self.client.changes().asked(&setting, event.seq);
        self.view.setting(&setting, asked, &mut self.lines);
    }

    /// Law L3: the reply is rendered from the turn's end, behind everything the turn showed.
    async fn answer(&mut self, turn: TurnId, stop: &TurnStop) {
        let responder: Option<Responder> =
            self.turns.remove(&turn).and_then(|message| self.client.unpark(&message));
        let Some(responder) = responder else { return };
        match stop {
            TurnStop::Finished { reason } => responder.reply(Ok(PromptResponse::new(*reason))).await,
            TurnStop::Interrupted => responder.reply(Ok(PromptResponse::new(StopReason::Cancelled))).await,
            TurnStop::Failed { message } => {
                let failure = error::internal(message);
                responder.reply::<PromptResponse>(Err(failure)).await;
            }
        }
    }

    /// A request is taken back behind everything that happened before its question was settled.
    async fn flush_before_settling(&mut self, ask: &AskId) -> Result<(), PeerError> {
        if self.questions.is_put(ask) { self.flush().await } else { Ok(()) }
    }

    fn knows(&self, call: &ToolCallId) -> bool {
        self.pulse.is_open(call) || self.questions.were_about(call)
    }

    async fn flush(&mut self) -> Result<(), PeerError> {
        self.view.flush(&mut self.lines);
        if self.muted {
            self.lines.clear();
        }
        if self.lines.is_empty() {
            return Ok(());
        }
        if let Some(due) = &mut self.running {
            *due = Instant::now() + HEARTBEAT;
        }
        let room = self.lines.len().min(SEND);
        let lines = std::mem::replace(&mut self.lines, Vec::with_capacity(room));
        self.client.peer().send(lines.into()).await
    }
}
