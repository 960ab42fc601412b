//! Sessions beneath a session, for sub-agents: one turn each, whose questions are put to the people of the turn it
//! works for.

use std::collections::{HashMap, HashSet};

use futures_util::future::BoxFuture;

use super::sessions::WeakSessions;
use super::{SessionError, SessionHandle, SessionInfo, Sessions, Subscription};
use crate::acp::{
    MessageId, PermissionOption, ToolCallId, ToolCallStatus, ToolCallUpdate, ToolCallUpdateFields,
};
use crate::agent::{Child, ChildReport, Children};
use crate::event::{AskId, EventKind, Question, TurnStop};
use crate::ongoing::Aside;
use crate::permission::Mode;

/// Events taken at once.
const PAGE: usize = 256;
/// Bytes of its last words that are kept.
const WORDS: usize = 256 * 1024;

impl Children for WeakSessions {
    fn run(&self, child: Child) -> BoxFuture<'static, Result<ChildReport, String>> {
        let sessions = self.upgrade();
        Box::pin(async move {
            let sessions = sessions.ok_or_else(|| SessionError::Closed.to_string())?;
            sessions.run_child(child).await.map_err(|e| e.to_string())
        })
    }
}

impl Sessions {
    async fn run_child(&self, mut child: Child) -> Result<ChildReport, SessionError> {
        let session = self.open_child(&child).await?;
        let held = Held { sessions: self, session: Some(session.clone()) };
        let mut events = session.subscribe(session.head());
        let prompt = std::mem::take(&mut child.prompt);
        session.prompt(MessageId::new(self.clock().id()), prompt, child.hands.clone()).await?;
        let mut relay = Relay::new(child, session);
        let stop = relay.follow(&mut events).await?;
        held.close().await;
        Ok(relay.report(stop))
    }

    /// A new session in the place of its parent, with no more rights than that has now.
    async fn open_child(&self, child: &Child) -> Result<SessionHandle, SessionError> {
        let parent = self.live_session(&child.parent).ok_or(SessionError::Closed)?;
        let SessionInfo { roots, workspace, .. } = parent.info();
        let mode = child.settings.mode.stricter(child.turn.settings().mode);
        let mut record = self.record(roots, mode);
        record.parent = Some(child.parent.clone());
        record.depth = child.depth;
        record.title = Some(child.title.clone());
        record.options.clone_from(&child.settings.options);
        self.begin(record, roots.clone(), workspace.clone()).await
    }
}

/// A child session while somebody waits for it: whoever gives that up leaves no session behind.
struct Held<'a> {
    sessions: &'a Sessions,
    session: Option<SessionHandle>,
}

impl Held<'_> {
    async fn close(mut self) {
        if let Some(session) = self.session.take() {
            self.sessions.close(session.id()).await;
        }
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        if let Some(session) = self.session.take() {
            self.sessions.abandon(session);
        }
    }
}

/// A child's turn as it is told to the turn it works for.
struct Relay {
    child: Child,
    session: SessionHandle,
    /// What the parent's people are asked; letting go of it takes it back.
    asked: HashMap<AskId, Aside>,
    /// Calls that the parent's people were asked about and that have not ended.
    shown: HashSet<ToolCallId>,
    /// What it said since its last call.
    text: String,
    cost: f64,
    spent: u64,
}

impl Relay {
    fn new(child: Child, session: SessionHandle) -> Self {
        Self {
            child,
            session,
            asked: HashMap::new(),
            shown: HashSet::new(),
            text: String::new(),
            cost: 0.0,
            spent: 0,
        }
    }

    /// Follows the turn to its end. When the parent's is cancelled, so is this one, and its end is waited for.
    async fn follow(&mut self, events: &mut Subscription) -> Result<TurnStop, SessionError> {
        let mut settings = self.child.turn.watch_settings();
        let cancel = self.child.turn.cancelled().clone();
        let mut cancelled = false;
        loop {
            let page = tokio::select! {
                biased;
                () = cancel.cancelled(), if !cancelled => {
                    cancelled = true;
                    self.session.cancel().await;
                    continue;
                }
                Ok(()) = settings.changed() => {
                    let mode = settings.borrow_and_update().mode;
                    self.follow_mode(mode).await;
                    continue;
                }
                page = events.next(PAGE) => page?,
            };
            for event in &page {
                if let EventKind::TurnEnded { stop, .. } = &event.kind {
                    return Ok(stop.clone());
                }
                self.tell(&event.kind).await;
            }
        }
    }

    async fn follow_mode(&self, parent: Mode) {
        let mode = self.child.own_mode.map_or(parent, |own| own.stricter(parent));
        if let Err(e) = self.session.set_mode(mode).await {
            tracing::warn!(session = %self.session.id(), error = %e, "a sub-agent does not follow a change of mode");
            self.session.cancel().await;
        }
    }

    async fn tell(&mut self, kind: &EventKind) {
        match kind {
            EventKind::Text { text, .. } if self.text.len() < WORDS => self.text.push_str(text),
            EventKind::ToolProposed { .. } => self.text.clear(),
            EventKind::ToolStarted { update } => {
                if let Some(title) = &update.fields.title {
                    self.line(format!("· {title}"));
                }
                self.go_on(update).await;
            }
            EventKind::ToolProgress { update } => self.go_on(update).await,
            EventKind::ToolEnded { update, result, .. } => {
                if update.fields.status == Some(ToolCallStatus::Failed) {
                    self.line(format!("  failed: {}", result.lines().next().unwrap_or_default()));
                }
                self.go_on(update).await;
            }
            EventKind::AskOpened { ask, call, options, .. } => self.ask(ask, call, options),
            EventKind::QuestionOpened { ask, question, .. } => self.question(ask, question),
            EventKind::AskSettled { ask, .. } | EventKind::QuestionSettled { ask, .. } => {
                self.asked.remove(ask);
            }
            EventKind::UsageChanged { usage } => {
                self.spent = usage.spent;
                self.cost = usage.cost.as_ref().map_or(self.cost, |cost| cost.amount);
            }
            _ => {}
        }
    }

    /// For display: whoever does not read it misses it.
    fn line(&self, line: String) {
        let _skipped = self.child.progress.try_send(line);
    }

    /// Puts whether a tool may run to the people of the parent's turn.
    fn ask(&mut self, ask: &AskId, call: &ToolCallUpdate, options: &[PermissionOption]) {
        self.shown.insert(call.tool_call_id.clone());
        let mut fields = call.fields.clone();
        fields.title = fields.title.map(|title| format!("{}: {title}", self.child.agent));
        let call = ToolCallUpdate::new(self.outside(&call.tool_call_id), fields);
        let (turn, options) = (self.child.turn.clone(), options.to_vec());
        let (session, id) = (self.session.clone(), ask.clone());
        let asked = Aside::new(async move {
            let outcome = turn.ask(call, options).await;
            // The end of the parent's turn is no answer: the child's ends with it.
            if !turn.cancelled().is_cancelled() {
                session.answer(id, outcome).await;
            }
        });
        self.asked.insert(ask.clone(), asked);
    }

    /// Puts a question to them.
    fn question(&mut self, ask: &AskId, question: &Question) {
        let message = format!("{}: {}", self.child.agent, question.message);
        let question = Question { message, form: question.form.clone() };
        let (turn, session, id) = (self.child.turn.clone(), self.session.clone(), ask.clone());
        let asked = Aside::new(async move {
            let answer = turn.question(None, question).await;
            if !turn.cancelled().is_cancelled() {
                session.answer_question(id, answer).await;
            }
        });
        self.asked.insert(ask.clone(), asked);
    }

    /// Tells how a call goes on, if people were asked about it.
    async fn go_on(&mut self, update: &ToolCallUpdate) {
        let Some(status) = update.fields.status.filter(|_| self.shown.contains(&update.tool_call_id)) else {
            return;
        };
        if matches!(status, ToolCallStatus::Completed | ToolCallStatus::Failed) {
            self.shown.remove(&update.tool_call_id);
        }
        let fields = ToolCallUpdateFields::new().status(status);
        let update = Box::new(ToolCallUpdate::new(self.outside(&update.tool_call_id), fields));
        if self.child.turn.emit(vec![EventKind::ToolProgress { update }]).await.is_err() {
            tracing::debug!("the turn that a sub-agent works for is over");
        }
    }

    /// A call's name where it stands beside the calls of the parent.
    fn outside(&self, call: &ToolCallId) -> ToolCallId {
        ToolCallId::new(format!("{}/{}", self.session.id(), call.0))
    }

    fn report(self, stop: TurnStop) -> ChildReport {
        let Self { session, text, cost, spent, .. } = self;
        ChildReport { session: session.id().clone(), text, stop, cost, spent }
    }
}
