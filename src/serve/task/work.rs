//! A task on its way: its turn in the queue, its session, its one turn there, and the answer.

use std::panic::AssertUnwindSafe;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::FutureExt;
use serde_json::json;
use tokio::sync::mpsc;

use super::ending::{Cut, Ending, Outcome, conclude, cut_short};
use super::environment::WithVariables;
use super::error::{Code, Failure};
use super::message;
use super::open::OpenRequest;
use super::progress::Progress;
use super::register::Ticket;
use crate::acp::{MessageId, SessionId, ToolKind};
use crate::agent::{Hands, OptionKind, Roots};
use crate::clock::Clock;
use crate::engine::Engine;
use crate::event::{AskOutcome, EventKind, QuestionAnswer, TurnId, TurnStop};
use crate::jsonrpc::RawId;
use crate::permission::Mode;
use crate::session::{NewSession, SessionHandle, Subscription};
use crate::workspace::LocalFiles;

/// Events read at once.
const PAGE: usize = 128;

/// Categories of tools by their names.
pub(super) const KINDS: [(&str, ToolKind); 9] = [
    ("read", ToolKind::Read),
    ("search", ToolKind::Search),
    ("edit", ToolKind::Edit),
    ("delete", ToolKind::Delete),
    ("move", ToolKind::Move),
    ("execute", ToolKind::Execute),
    ("fetch", ToolKind::Fetch),
    ("think", ToolKind::Think),
    ("other", ToolKind::Other),
];

/// What is to be done, and where.
#[derive(Debug)]
pub(super) struct Order {
    pub(super) task: String,
    /// Absolute; without one the server's own, or the session's.
    pub(super) cwd: Option<PathBuf>,
    pub(super) variables: Vec<(String, String)>,
    /// The only tools that may be used; `None`: all.
    pub(super) kinds: Option<Vec<ToolKind>>,
    /// The session to go on in, instead of a new one.
    pub(super) session: Option<SessionId>,
    pub(super) model: Option<String>,
    pub(super) agent: Option<String>,
    pub(super) mode: Option<Mode>,
}

/// A task, and whom to tell of it.
#[derive(Debug)]
pub(super) struct Work {
    pub(super) id: RawId,
    pub(super) request: OpenRequest,
    pub(super) engine: Engine,
    pub(super) order: Order,
    pub(super) ending: Ending,
    pub(super) outbox: mpsc::Sender<Bytes>,
    /// Texts and tools are told as well.
    pub(super) everything: bool,
}

impl Work {
    /// Does it and answers, whatever happens.
    pub(super) async fn run(self, mut ticket: Ticket) {
        let done = AssertUnwindSafe(self.execute(&mut ticket)).catch_unwind().await;
        let outcome = done.unwrap_or_else(|_| {
            Err(Failure::new(Code::TaskFailed, "a fault of the server ended the task: see its log"))
        });
        let answer = match outcome {
            Ok(outcome) => message::response(&self.id, &outcome),
            Err(failure) => message::error(&self.id, &failure),
        };
        // Whoever has the answer finds both gone.
        drop((ticket, self.request));
        say(&self.outbox, answer).await;
    }

    async fn execute(&self, ticket: &mut Ticket) -> Result<Outcome, Failure> {
        let progress = Progress::new(&ticket.id, self.everything);
        if ticket.waits() {
            let mut line = Vec::new();
            progress.queue(&self.id, &mut line);
            self.say(line.into()).await;
            tokio::select! {
                biased;
                cut = self.ending.come() => return cut_short(ticket, cut),
                () = ticket.begin() => {}
            }
        }
        let session = self.open().await?;
        self.prepare(&session).await?;
        self.attend(progress, ticket, &session).await
    }

    async fn open(&self) -> Result<SessionHandle, Failure> {
        let sessions = &self.engine.sessions;
        let roots = self.order.cwd.clone().map(Roots::single);
        if let Some(id) = &self.order.session {
            return Ok(sessions.load(id, roots).await?);
        }
        let roots = roots.map_or_else(|| own_folder().map(Roots::single), Ok)?;
        Ok(sessions.create(NewSession { roots, mode: self.engine.mode }).await?)
    }

    /// Sets the session up as it was ordered, and looks whether it could be worked in.
    async fn prepare(&self, session: &SessionHandle) -> Result<(), Failure> {
        // What is wrong with its files is told to whom the session is shown.
        let _problems = self.engine.sessions.backend().look(session.cwd().to_owned()).await;
        if let Some(mode) = self.order.mode {
            session.set_mode(mode).await?;
        }
        let chosen = [(OptionKind::Agent, &self.order.agent), (OptionKind::Model, &self.order.model)];
        for (kind, value) in chosen {
            if let Some(value) = value {
                self.choose(session, kind, value).await?;
            }
        }
        let ready = self.engine.sessions.backend().ready(&session.settings());
        ready.map_err(|e| Failure::new(Code::Unauthorized, &e.to_string()))
    }

    async fn choose(&self, session: &SessionHandle, kind: OptionKind, value: &str) -> Result<(), Failure> {
        let (backend, settings) = (self.engine.sessions.backend(), session.settings());
        let offered = backend.options(session.cwd(), &settings);
        let option = offered.iter().find(|option| option.kind == kind);
        let fits = option.filter(|option| backend.takes(session.cwd(), &settings, option.id, value));
        let option = fits.ok_or_else(|| {
            let name = if kind == OptionKind::Model { "model" } else { "agent" };
            Failure::invalid(&format!(
                "{name}: there is no {value:?}; list_capabilities tells which there are"
            ))
        })?;
        Ok(session.set_option(option.id.to_owned(), value.to_owned()).await?)
    }

    /// One turn, to its end or until something ends it.
    async fn attend(
        &self,
        mut progress: Progress,
        ticket: &Ticket,
        session: &SessionHandle,
    ) -> Result<Outcome, Failure> {
        let mut events = session.subscribe(session.head());
        let message = MessageId::new(Clock::real().id());
        let task = vec![self.order.task.clone().into()];
        let own = session.prompt(message, task, self.hands(session)).await?.turn;
        let mut line = Vec::new();
        progress.begin(&self.id, session.id(), &mut line);
        self.say(line.into()).await;
        let (stop, cut) = {
            let followed = self.follow(session, &mut events, &mut progress, own);
            tokio::pin!(followed);
            tokio::select! {
                biased;
                stop = &mut followed => (stop, None),
                cut = self.ending.come() => {
                    if cut == Cut::ShuttingDown { session.give_up().await } else { session.cancel_turn(own).await }
                    (followed.await, Some(cut))
                }
            }
        };
        let begun = json!({ "taskId": ticket.id, "sessionId": session.id() });
        let (status, reason) = conclude(stop?, cut).map_err(|failure| failure.of(begun))?;
        let (output, denied) = progress.conclude();
        let (task_id, session_id) = (ticket.id.clone(), Some(session.id().clone()));
        Ok(Outcome { task_id, status, output, session_id, reason, denied })
    }

    /// Tells how the turn goes on, and answers what it asks.
    async fn follow(
        &self,
        session: &SessionHandle,
        events: &mut Subscription,
        progress: &mut Progress,
        own: TurnId,
    ) -> Result<TurnStop, Failure> {
        loop {
            let page = match events.next(PAGE).await {
                Ok(page) => page,
                Err(e) => {
                    session.cancel_turn(own).await;
                    return Err(Failure::new(Code::TaskFailed, &e.to_string()));
                }
            };
            let mut lines = Vec::new();
            // A turn's number is that of its prompt; what stands before it is of an earlier turn.
            for event in page.iter().filter(|event| event.seq >= own.0) {
                progress.take(&event.kind, &mut lines);
                match &event.kind {
                    EventKind::AskOpened { ask, .. } => {
                        // What needs a person is not done.
                        session.answer(ask.clone(), AskOutcome::Absent).await;
                    }
                    EventKind::QuestionOpened { ask, .. } => {
                        session.answer_question(ask.clone(), QuestionAnswer::Cancelled).await;
                    }
                    EventKind::TurnEnded { turn, stop } if *turn == own => {
                        self.say(lines.into()).await;
                        return Ok(stop.clone());
                    }
                    _ => {}
                }
            }
            self.say(lines.into()).await;
        }
    }

    fn hands(&self, session: &SessionHandle) -> Hands {
        let mut commands = Arc::clone(&self.engine.commands);
        if !self.order.variables.is_empty() {
            commands = Arc::new(WithVariables::new(commands, self.order.variables.clone()));
        }
        Hands {
            files: Arc::new(LocalFiles::new(session.info().workspace.clone())),
            commands,
            kinds: self.order.kinds.clone().map(Into::into),
            display_terminal: false,
            takes_forms: false,
            takes_pages: false,
        }
    }

    async fn say(&self, lines: Bytes) {
        say(&self.outbox, lines).await;
    }
}

async fn say(outbox: &mpsc::Sender<Bytes>, lines: Bytes) {
    if !lines.is_empty() && outbox.send(lines).await.is_err() {
        tracing::debug!("a task goes on when its client has gone");
    }
}

/// The server's own folder.
pub(super) fn own_folder() -> Result<PathBuf, Failure> {
    std::env::current_dir()
        .map_err(|e| Failure::new(Code::TaskFailed, &format!("the server's own folder is gone: {e}")))
}
