//! A turn of the session: its prompt, what it says, its cancelling and its end.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{Actor, NewPrompt, RunningTurn, TURN_QUEUE, reply};
use crate::acp::{ContentBlock, MessageId, StopReason};
use crate::agent::{AgentSession, Prompt, Turn, TurnInput};
use crate::event::{EventKind, NoticeLevel, TurnId, TurnStop};
use crate::memory;
use crate::session::SessionError;
use crate::session::handle::{Accepted, GRACE, Hold};
use crate::session::sessions::LARGE;
use crate::session::state::{OnPrompt, State};
use crate::session::title::title;
use crate::store::{RecordChange, StoreError};

/// Prompts that wait for a turn's end at once.
const WAITING: usize = 16;

impl Actor {
    pub(super) async fn prompt(&mut self, prompt: NewPrompt) {
        let room = if prompt.waits { WAITING } else { 1 };
        match self.state.prompt(prompt.waits) {
            OnPrompt::Begin => self.accept(prompt).await,
            OnPrompt::Next if self.next.len() < room => {
                if prompt.waits {
                    self.announce(waiting(&prompt.content, self.next.len())).await;
                }
                self.next.push_back(prompt);
            }
            OnPrompt::Next => {
                let turn = self.state.running().unwrap_or(TurnId(0));
                reply(prompt.done, Err(SessionError::Busy(turn)));
            }
            OnPrompt::Busy(turn) => reply(prompt.done, Err(SessionError::Busy(turn))),
            OnPrompt::Closed => reply(prompt.done, Err(SessionError::Closed)),
        }
    }

    /// Takes a prompt back that has not begun; fine when it has, or is unknown.
    pub(super) fn withdraw(&mut self, message: &MessageId) {
        if let Some(at) = self.next.iter().position(|next| next.message == *message)
            && let Some(next) = self.next.remove(at)
        {
            reply(next.done, Err(SessionError::Withdrawn));
        }
    }

    async fn accept(&mut self, prompt: NewPrompt) {
        let NewPrompt { message, content, hands, done, hold, .. } = prompt;
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
        // The agent gets ready while the prompt is written.
        let accepted = CancellationToken::new();
        self.begin(Prompt { turn, content, hands, seq }, accepted.clone(), hold);
        if let Err(e) = self.start.writer.commit(kinds, change).await {
            self.taken_over |= matches!(e, StoreError::Conflict(_));
            self.revoke().await;
            return reply(done, Err(e.into()));
        }
        self.start.titled |= titled;
        self.state.begin(turn);
        reply(done, Ok(Accepted { turn }));
        // Who is woken last has its turn first: the model is asked before whoever sent the prompt reads on.
        accepted.cancel();
    }

    /// The turn's prompt could not be written. Its agent has heard of it: one that knows what the journal says takes
    /// its place with the next prompt.
    async fn revoke(&mut self) {
        let Some(RunningTurn { inputs, task, cancel, .. }) = self.turn.take() else { return };
        cancel.cancel();
        drop(inputs);
        if let Ok((mut agent, _)) = task.await {
            agent.close().await;
        }
    }

    fn begin(&mut self, prompt: Prompt, accepted: CancellationToken, hold: Hold) {
        let agent = self.agent.take();
        let (backend, seed) = (Arc::clone(&self.start.backend), self.start.seed.clone());
        let (sender, inputs) = mpsc::channel(TURN_QUEUE);
        let cancel = CancellationToken::new();
        let turn = Turn::new(sender, self.start.settings.subscribe(), cancel.clone(), accepted);
        self.start.current.set(&turn);
        let task = tokio::spawn(async move {
            let mut agent = match agent {
                Some(agent) => agent,
                None => backend.open(seed).await,
            };
            let stop = agent.run(turn, prompt).await;
            (agent, stop)
        });
        self.turn = Some(RunningTurn { inputs, task, cancel, deadline: None, fault: None, _hold: hold });
    }

    pub(super) async fn inputs(&mut self, inputs: &mut Vec<TurnInput>) {
        let mut streamed = Vec::new();
        for input in inputs.drain(..) {
            match input {
                TurnInput::Emit { events, done: None } if !events.iter().any(EventKind::is_control) => {
                    streamed.extend(events);
                }
                TurnInput::Emit { events, done } => {
                    self.stream(&mut streamed).await;
                    // What was asked for it is settled before anyone hears what came of it.
                    let mut kinds = self.withdrawn();
                    kinds.extend(events);
                    let outcome = self.commit(kinds).await.map_err(|e| self.fault(&e));
                    if let Some(done) = done {
                        // A turn that no longer waits has been given up.
                        let _told = done.send(outcome);
                    }
                }
                TurnInput::Ask { call, options, answer } => {
                    self.stream(&mut streamed).await;
                    self.open_ask(call, options, answer).await;
                }
                TurnInput::Question { call, question, answer } => {
                    self.stream(&mut streamed).await;
                    self.open_question(call, question, answer).await;
                }
            }
        }
        self.stream(&mut streamed).await;
        let withdrawn = self.withdrawn();
        if !withdrawn.is_empty()
            && let Err(e) = self.commit(withdrawn).await
        {
            self.fault(&e);
        }
    }

    /// Makes what the turn reports durable, and keeps account of what it leaves open.
    async fn commit(&mut self, events: Vec<EventKind>) -> Result<(), StoreError> {
        self.start.writer.commit(events.clone(), RecordChange::default()).await?;
        for event in &events {
            self.open.take(event);
        }
        Ok(())
    }

    async fn stream(&mut self, kinds: &mut Vec<EventKind>) {
        if !kinds.is_empty()
            && let Err(e) = self.start.writer.stream(kinds.drain(..)).await
        {
            self.fault(&e);
        }
    }

    /// The turn cannot be written any further: it is given up, and fails with this text.
    pub(super) fn fault(&mut self, error: &StoreError) -> String {
        let text = error.to_string();
        self.taken_over |= matches!(error, StoreError::Conflict(_));
        if let Some(turn) = &mut self.turn {
            turn.fault.get_or_insert_with(|| text.clone());
            turn.cancel.cancel();
            turn.deadline.get_or_insert_with(|| Instant::now() + GRACE);
        }
        text
    }

    /// Takes back what waits, and gives the running turn up.
    pub(super) async fn cancel(&mut self, grace: Duration) {
        for next in self.next.drain(..) {
            reply(next.done, Err(SessionError::Withdrawn));
        }
        self.give_up(grace).await;
    }

    /// Gives the running turn up; one that has not ended after `grace` is dropped.
    pub(super) async fn give_up(&mut self, grace: Duration) {
        if let Some(turn) = &mut self.turn {
            let deadline = Instant::now() + grace;
            turn.cancel.cancel();
            turn.deadline = Some(turn.deadline.map_or(deadline, |known| known.min(deadline)));
        }
        let Some(asks) = self.state.cancel() else { return };
        if !asks.is_empty() {
            let settled = self.settle_all(asks);
            let outcome = self.start.writer.conclude(settled, RecordChange::default()).await;
            self.warn(outcome);
        }
    }

    /// The turn's task is over: take what it still said, then write its end.
    pub(super) async fn ended(&mut self, ended: Option<(Box<dyn AgentSession>, TurnStop)>) {
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
        // Tools of a turn that broke off are not left running on anyone's screen.
        kinds.extend(std::mem::take(&mut self.open).interrupted_tools());
        kinds.push(EventKind::TurnEnded { turn, stop });
        let change = RecordChange { running: Some(false), ..RecordChange::default() };
        let outcome = self.start.writer.conclude(kinds, change).await;
        self.warn(outcome);
        // Much was taken for it and given back, and nothing as large may follow.
        if self.start.writer.next_seq() - turn.0 > LARGE {
            tokio::task::spawn_blocking(memory::trim);
        }
        self.finish_closing();
        while self.state == State::Idle
            && let Some(next) = self.next.pop_front()
        {
            self.accept(next).await;
        }
    }

    pub(super) fn overdue(&mut self) {
        if let Some(turn) = &mut self.turn {
            tracing::warn!("a cancelled turn did not give up in time and was dropped");
            turn.task.abort();
            turn.deadline = None;
        }
    }
}

/// What everyone is shown when a prompt has to wait.
fn waiting(content: &[ContentBlock], before: usize) -> EventKind {
    let says = match before {
        0 => "A prompt waits for the end of this turn".to_owned(),
        before => format!("A prompt waits for the end of this turn, behind {before} more"),
    };
    EventKind::Notice { level: NoticeLevel::Info, title: says, detail: title(content) }
}
