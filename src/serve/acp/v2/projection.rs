//! Events as `session/update` lines of version 2. What both versions say alike is written by version 1's projection.

use std::collections::HashMap;
use std::sync::Arc;

use super::super::ceiling::{self, CHUNK};
use super::super::client::Client;
use super::super::error::one_line;
use super::super::own_change::{Asked, Setting};
use super::super::projection::{self, Params, as_text, is_terminal, last_words_of};
use super::super::pulse::Pulse;
use super::super::text_line::Voice;
use super::super::view::View;
use super::activity::{Activity, State};
use super::alike::all_alike;
use super::options::{all_commands, all_options};
use super::terminal::{self, Said};
use super::tool_call;
use crate::acp::{
    ContentBlock, MaybeUndefined, MessageId, StopReason, ToolCall, ToolCallId, ToolCallUpdate, ToolKind, v2,
};
use crate::agent::OpenCalls;
use crate::event::{Event, EventKind, TurnId, TurnStop};
use crate::jsonrpc::notification_line;
use crate::session::{SessionHandle, Sessions};

/// The one plan that a session has.
const PLAN: &str = "plan";

/// What one client is shown of one session.
pub(in crate::serve::acp) struct Projection {
    base: projection::Projection,
    session: SessionHandle,
    activity: Activity,
    /// Where the session stands, as the client knows it.
    told: State,
    /// Whether what happens now happened before the client came.
    replay: bool,
    /// The replayed message that was begun last.
    begun: Option<(Voice, MessageId)>,
    /// Calls of the turn that have not ended.
    calls: HashMap<ToolCallId, Known>,
    /// Bytes shown so far in terminals of the turn that runs.
    written: HashMap<String, usize>,
}

/// What has to be known of a call when it begins and ends.
struct Known {
    kind: ToolKind,
    command: Option<String>,
    /// The client was told that it can stop it.
    stoppable: bool,
}

impl Projection {
    pub(in crate::serve::acp) fn new(
        session: SessionHandle,
        sessions: Sessions,
        client: &Arc<Client>,
    ) -> Self {
        Self {
            base: projection::Projection::new(session.clone(), sessions, client),
            session,
            activity: Activity::default(),
            told: State::default(),
            replay: false,
            begun: None,
            calls: HashMap::new(),
            written: HashMap::new(),
        }
    }

    fn update(&self, update: &v2::SessionUpdate, out: &mut Vec<u8>) {
        let params = Params { session_id: self.session.id(), update };
        notification_line(v2::CLIENT_METHOD_NAMES.session_update, &params, out);
    }

    fn tell(&mut self, state: State, out: &mut Vec<u8>) {
        self.told = state;
        self.update(&state.update(), out);
    }

    /// A message that is shown once more begins anew, so that nobody has it twice.
    fn begin_again(&mut self, voice: Voice, message: &MessageId, out: &mut Vec<u8>) {
        if self.begun.as_ref().is_some_and(|(last, begun)| *last == voice && begun == message) {
            return;
        }
        self.base.flush(out);
        let id = message.0.clone();
        let empty = match voice {
            Voice::Says => v2::SessionUpdate::AgentMessage(v2::AgentMessage::new(id).content(Vec::new())),
            Voice::Thinks => v2::SessionUpdate::AgentThought(v2::AgentThought::new(id).content(Vec::new())),
        };
        self.update(&empty, out);
        self.begun = Some((voice, message.clone()));
    }

    /// What a person said; long text follows in pieces of its own.
    fn said(&self, message: &MessageId, content: &[ContentBlock], out: &mut Vec<u8>) {
        let length = |block: &ContentBlock| match block {
            ContentBlock::Text(text) => text.text.len(),
            _ => 0,
        };
        let short = content.iter().map(length).sum::<usize>() <= CHUNK;
        let whole = if short { all_alike(content) } else { Vec::new() };
        let said = v2::UserMessage::new(message.0.clone()).content(whole);
        self.update(&v2::SessionUpdate::UserMessage(said), out);
        if !short {
            for block in content {
                self.base.said(message, block, out);
            }
        }
    }

    fn proposed(&mut self, call: &ToolCall, out: &mut Vec<u8>) {
        let command = call.raw_input.as_ref().and_then(|raw| raw.get("command")?.as_str());
        let known = Known {
            kind: call.kind,
            command: command.map(|it| ceiling::first_piece(it).to_owned()),
            stoppable: false,
        };
        self.calls.insert(call.tool_call_id.clone(), known);
        self.call(tool_call::proposed(call), out);
    }

    fn started(&mut self, update: &ToolCallUpdate, out: &mut Vec<u8>) {
        let stoppable = !self.replay || self.session.can_cancel_call(&update.tool_call_id);
        let mut call = tool_call::update(&ceiling::call(update.clone()));
        let mut command = None;
        if let Some(known) = self.calls.get_mut(&update.tool_call_id) {
            known.stoppable = stoppable && OpenCalls::take(known.kind);
            command = known.command.take();
        }
        let stoppable = self.is_stoppable(&update.tool_call_id);
        if stoppable {
            call = tool_call::stoppable(call);
        }
        if let Some(Said::Begins { terminal_id }) = terminal::said(update) {
            self.update(&terminal::begun(terminal_id.clone(), command, self.session.cwd(), stoppable), out);
            call = call.content(vec![v2::Terminal::new(terminal_id).into()]);
        }
        self.call(call, out);
    }

    fn progressed(&mut self, update: &ToolCallUpdate, out: &mut Vec<u8>) {
        match terminal::said(update) {
            Some(Said::Writes { terminal_id, data }) => {
                *self.written.entry(terminal_id.clone()).or_default() += data.len();
                self.update(&terminal::written(terminal_id, &data), out);
            }
            // A terminal of another client's: nobody else can look into it.
            _ if shows_terminal(update) => {}
            _ => self.call(tool_call::update(&ceiling::call(update.clone())), out),
        }
    }

    fn ended(&mut self, update: &ToolCallUpdate, result: &str, cancelled: bool, out: &mut Vec<u8>) {
        let stoppable = self.is_stoppable(&update.tool_call_id);
        self.calls.remove(&update.tool_call_id);
        let mut shown = ceiling::call(update.clone());
        if shows_terminal(&shown) {
            shown.fields.content = shown.fields.content.map(|content| as_text(content, result));
        }
        let mut call = tool_call::update(&shown);
        if let Some(Said::Ends { terminal_id, exit_code, signal }) = terminal::said(update) {
            let written = self.written.remove(&terminal_id).unwrap_or_default();
            // What is no output stands beside it.
            let came_to_its_end = exit_code.is_some() || signal.is_some();
            let (instead, note) = if came_to_its_end { (Some(result), None) } else { (None, Some(result)) };
            let instead = instead.filter(|result| result.len() > written);
            let mut end = terminal::ended(&terminal_id, exit_code, signal, instead);
            if stoppable {
                end = end.capabilities(MaybeUndefined::Null);
            }
            self.update(&v2::SessionUpdate::TerminalUpdate(end), out);
            let mut content = vec![v2::ToolCallContent::from(v2::Terminal::new(terminal_id))];
            content.extend(note.map(v2::ToolCallContent::from));
            call = call.content(content);
        }
        if stoppable {
            call = call.capabilities(MaybeUndefined::Null);
        }
        if cancelled {
            call = call.status(v2::ToolCallStatus::Cancelled);
        }
        self.call(call, out);
    }

    /// Whether the client was told that it can stop the call.
    fn is_stoppable(&self, call: &ToolCallId) -> bool {
        self.calls.get(call).is_some_and(|known| known.stoppable)
    }

    fn call(&self, update: v2::ToolCallUpdate, out: &mut Vec<u8>) {
        self.update(&v2::SessionUpdate::ToolCallUpdate(update), out);
    }
}

impl View for Projection {
    fn note(&mut self, event: &Event, replay: bool, out: &mut Vec<u8>) {
        self.replay = replay;
        self.activity.note(&event.kind);
        let state = self.activity.state();
        // That it is idle is told behind everything its turn showed.
        if !replay && state != self.told && state != State::Idle {
            self.base.flush(out);
            self.tell(state, out);
        }
    }

    fn caught_up(&mut self, out: &mut Vec<u8>) {
        self.base.flush(out);
        self.tell(self.activity.state(), out);
    }

    /// Everybody is shown what was said, also who said it.
    fn prompted(&mut self, event: &Event, _own: bool, out: &mut Vec<u8>) {
        if let EventKind::PromptAccepted { message, content, .. } = &event.kind {
            self.base.flush(out);
            self.said(message, content, out);
        }
    }

    fn show(&mut self, event: &Event, replay: bool, out: &mut Vec<u8>) {
        match &event.kind {
            EventKind::Text { message, .. } if replay => self.begin_again(Voice::Says, message, out),
            EventKind::Thought { message, .. } if replay => self.begin_again(Voice::Thinks, message, out),
            EventKind::Text { .. } | EventKind::Thought { .. } => {}
            _ => self.base.flush(out),
        }
        match &event.kind {
            EventKind::ToolProposed { call } => self.proposed(call, out),
            EventKind::ToolStarted { update } => self.started(update, out),
            EventKind::ToolProgress { update } => self.progressed(update, out),
            EventKind::ToolEnded { update, result, cancelled } => self.ended(update, result, *cancelled, out),
            EventKind::PlanChanged { entries } => {
                let items = v2::PlanItems::new(PLAN, all_alike(entries));
                let update = v2::PlanUpdate::new(v2::PlanUpdateContent::Items(items));
                self.update(&v2::SessionUpdate::PlanUpdate(update), out);
            }
            EventKind::CommandsChanged { commands } => {
                let update = v2::AvailableCommandsUpdate::new(all_commands(commands.clone()));
                self.update(&v2::SessionUpdate::AvailableCommandsUpdate(update), out);
            }
            _ => self.base.show(event, replay, out),
        }
    }

    /// Whoever asked for it has all options in its reply.
    fn setting(&mut self, setting: &Setting, asked: Option<Asked>, out: &mut Vec<u8>) {
        if asked.is_none() {
            self.base.flush(out);
            let update = v2::ConfigOptionUpdate::new(all_options(self.base.options_with(setting)));
            self.update(&v2::SessionUpdate::ConfigOptionUpdate(update), out);
        }
    }

    fn end_of_turn(&mut self, turn: TurnId, stop: &TurnStop, _own: bool, out: &mut Vec<u8>) {
        self.base.flush(out);
        self.calls.clear();
        self.written.clear();
        if self.replay {
            // Why it ended was told by a state, which is no history.
            if !matches!(stop, TurnStop::Finished { .. }) {
                self.begin_again(Voice::Says, &last_words_of(turn), out);
            }
            return self.base.end_of_turn(turn, stop, false, out);
        }
        self.told = State::Idle;
        let idle = v2::IdleStateUpdate::new().stop_reason(reason(stop));
        self.update(&v2::SessionUpdate::StateUpdate(v2::StateUpdate::Idle(idle)), out);
    }

    fn sign_of_life(&mut self, _pulse: &Pulse, out: &mut Vec<u8>) {
        self.tell(self.activity.state(), out);
    }

    fn flush(&mut self, out: &mut Vec<u8>) {
        self.base.flush(out);
    }
}

fn shows_terminal(update: &ToolCallUpdate) -> bool {
    update.fields.content.iter().flatten().any(is_terminal)
}

fn reason(stop: &TurnStop) -> v2::StopReason {
    let failed = |message: &str| {
        let error = v2::Error::new(v2::ErrorCode::InternalError.into(), one_line(message));
        v2::StopReason::Error(v2::ErrorStopReason::new().error(error))
    };
    match stop {
        TurnStop::Finished { reason: StopReason::MaxTokens } => v2::StopReason::MaxTokens,
        TurnStop::Finished { reason: StopReason::MaxTurnRequests } => v2::StopReason::MaxTurnRequests,
        TurnStop::Finished { reason: StopReason::Refusal } => v2::StopReason::Refusal,
        TurnStop::Finished { reason: StopReason::Cancelled } => v2::StopReason::Cancelled,
        TurnStop::Finished { .. } => v2::StopReason::EndTurn,
        TurnStop::Failed { message } => failed(message),
        TurnStop::Interrupted => failed("The turn was interrupted: the process ended in the middle of it"),
    }
}
