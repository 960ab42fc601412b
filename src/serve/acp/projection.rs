//! Events as ACP v1 `session/update` lines.

use std::sync::Arc;

use serde::Serialize;

use super::ceiling::{self, CHUNK};
use super::client::Client;
use super::compaction;
use super::options;
use super::own_change::{Asked, Setting};
use super::pulse::{Pulse, usage_update};
use super::text_line::{TextLine, Voice};
use super::view::View;
use crate::acp::{
    AvailableCommandsUpdate, CLIENT_METHOD_NAMES, ConfigOptionUpdate, ContentBlock, ContentChunk,
    CurrentModeUpdate, MessageId, Notice, NoticeSeverity, Plan, SessionConfigOption, SessionId,
    SessionInfoUpdate, SessionUpdate, TextContent, ToolCallContent, ToolCallUpdate, without_deletions,
};
use crate::clock::rfc3339;
use crate::event::{Event, EventKind, NoticeLevel, Seq, TurnId, TurnStop};
use crate::jsonrpc::notification_line;
use crate::permission::Mode;
use crate::session::{SessionHandle, Sessions};

/// What one client is shown of one session.
pub(super) struct Projection {
    session: SessionHandle,
    sessions: Sessions,
    client: Arc<Client>,
    /// Whether commands of the turn that runs are in the client's terminals.
    in_terminals: bool,
    /// Replayed text that is being put together: pieces of one message come as few chunks.
    gathered: Option<Gathered>,
    /// The line of the message that text belonged to last.
    line: Option<TextLine>,
}

struct Gathered {
    voice: Voice,
    message: MessageId,
    text: String,
}

/// `session/update`, borrowed, with an update of any version.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Params<'a, U> {
    pub(super) session_id: &'a SessionId,
    pub(super) update: &'a U,
}

impl Projection {
    pub(super) fn new(session: SessionHandle, sessions: Sessions, client: &Arc<Client>) -> Self {
        Self {
            session,
            sessions,
            client: Arc::clone(client),
            in_terminals: false,
            gathered: None,
            line: None,
        }
    }

    fn show_other(&mut self, event: &Event, kind: &EventKind, replay: bool, out: &mut Vec<u8>) {
        match kind {
            EventKind::ToolProposed { call } => {
                let mut call = call.as_ref().clone();
                if let Some(short) = call.raw_input.as_ref().and_then(ceiling::shortened) {
                    call.raw_input = Some(short);
                }
                self.update(&SessionUpdate::ToolCall(call), out);
            }
            EventKind::ToolProgress { update } if self.is_elsewhere(update, replay) => {}
            EventKind::ToolEnded { update, result, .. } if self.is_elsewhere(update, replay) => {
                let mut update = update.as_ref().clone();
                update.fields.content = update.fields.content.map(|content| as_text(content, result));
                self.call(&update, out);
            }
            EventKind::ToolStarted { update }
            | EventKind::ToolProgress { update }
            | EventKind::ToolEnded { update, .. } => {
                self.call(update, out);
            }
            EventKind::PlanChanged { entries } => {
                self.update(&SessionUpdate::Plan(Plan::new(entries.clone())), out)
            }
            EventKind::CommandsChanged { commands } => {
                let update = AvailableCommandsUpdate::new(commands.clone());
                self.update(&SessionUpdate::AvailableCommandsUpdate(update), out);
            }
            EventKind::TitleChanged { title } => {
                let update = SessionInfoUpdate::new().title(title.clone()).updated_at(rfc3339(event.at));
                self.update(&SessionUpdate::SessionInfoUpdate(update), out);
            }
            EventKind::UsageChanged { usage } => {
                self.update(&SessionUpdate::UsageUpdate(usage_update(usage)), out);
            }
            EventKind::Notice { level, title, detail } => {
                // Notices are live, never history.
                if !replay {
                    self.notice(event.seq, *level, title, detail.clone(), out);
                }
            }
            EventKind::Compacting { .. } | EventKind::Compacted { .. } => {
                for update in
                    self.client.draws_compactions().then(|| compaction::updates(kind)).into_iter().flatten()
                {
                    self.update(&update, out);
                }
            }
            // Prompts and settings are shown elsewhere, questions are requests, turns end with their prompt's reply,
            // and text was shown before.
            EventKind::PromptAccepted { .. }
            | EventKind::ModeChanged { .. }
            | EventKind::OptionChanged { .. }
            | EventKind::AskOpened { .. }
            | EventKind::AskSettled { .. }
            | EventKind::QuestionOpened { .. }
            | EventKind::QuestionSettled { .. }
            | EventKind::FileChanged { .. }
            | EventKind::PromptExtended { .. }
            | EventKind::TurnUndone { .. }
            | EventKind::TurnEnded { .. }
            | EventKind::Text { .. }
            | EventKind::Thought { .. } => {}
        }
    }

    /// Whether it shows a terminal that this client does not have (any more).
    fn is_elsewhere(&self, update: &ToolCallUpdate, replay: bool) -> bool {
        let content = update.fields.content.iter().flatten();
        (replay || !self.in_terminals) && content.into_iter().any(is_terminal)
    }

    /// A piece of a prompt; long text comes in pieces of its own.
    pub(super) fn said(&self, message: &MessageId, block: &ContentBlock, out: &mut Vec<u8>) {
        let show = |block, out: &mut Vec<u8>| {
            let chunk = ContentChunk::new(block).message_id(message.clone());
            self.update(&SessionUpdate::UserMessageChunk(chunk), out);
        };
        match block {
            ContentBlock::Text(text) if text.text.len() > CHUNK => {
                for piece in ceiling::pieces(&text.text) {
                    let piece = TextContent::new(piece).annotations(text.annotations.clone());
                    show(ContentBlock::Text(piece.meta(text.meta.clone())), out);
                }
            }
            block => show(block.clone(), out),
        }
    }

    fn text(&mut self, voice: Voice, message: &MessageId, text: &str, replay: bool, out: &mut Vec<u8>) {
        if !replay {
            self.flush(out);
            return self.chunk(voice, message, text, out);
        }
        if let Some(gathered) = &mut self.gathered
            && gathered.voice == voice
            && gathered.message == *message
            && gathered.text.len() + text.len() <= CHUNK
        {
            return gathered.text.push_str(text);
        }
        self.flush(out);
        self.gathered = Some(Gathered { voice, message: message.clone(), text: text.to_owned() });
    }

    fn chunk(&mut self, voice: Voice, message: &MessageId, text: &str, out: &mut Vec<u8>) {
        let line = match self.line.take().filter(|line| line.fits(voice, message)) {
            Some(line) => line,
            None => TextLine::new(self.session.id(), voice, message),
        };
        ceiling::pieces(text).for_each(|piece| line.write(piece, out));
        self.line = Some(line);
    }

    /// All options with a setting that has just changed: its event is seen before the settings follow it.
    pub(super) fn options_with(&self, setting: &Setting) -> Vec<SessionConfigOption> {
        let mut settings = self.session.settings();
        if let Some(mode) = mode_of(setting) {
            settings.mode = mode;
        } else {
            settings.options.retain(|(option, _)| *option != setting.option);
            settings.options.push((setting.option.clone(), setting.value.clone()));
        }
        let switches = self.client.draws_switches();
        options::options(self.session.cwd(), &settings, &self.sessions, switches)
    }

    /// A client that takes no notices is told as if the agent thought so: it is to see why it waits.
    fn notice(
        &mut self,
        seq: Seq,
        level: NoticeLevel,
        title: &str,
        detail: Option<String>,
        out: &mut Vec<u8>,
    ) {
        if !self.client.takes_notices() {
            let detail = detail.map_or_else(String::new, |detail| format!(": {detail}"));
            let message = MessageId::new(format!("notice-{seq}"));
            return self.chunk(Voice::Thinks, &message, &format!("{title}{detail}\n"), out);
        }
        let severity = match level {
            NoticeLevel::Info => NoticeSeverity::Info,
            NoticeLevel::Warning => NoticeSeverity::Warning,
            NoticeLevel::Error => NoticeSeverity::Error,
        };
        self.update(&SessionUpdate::Notice(Notice::new(severity, title.to_owned()).description(detail)), out);
    }

    fn call(&self, update: &ToolCallUpdate, out: &mut Vec<u8>) {
        self.update(&SessionUpdate::ToolCallUpdate(without_deletions(update.clone())), out);
    }

    /// Writes one update, shortened where its line would be too long.
    fn update(&self, update: &SessionUpdate, out: &mut Vec<u8>) {
        let from = out.len();
        let mut write = |update| {
            let params = Params { session_id: self.session.id(), update };
            out.truncate(from);
            notification_line(CLIENT_METHOD_NAMES.session_update, &params, out);
            out.len() - from
        };
        let length = write(update);
        if ceiling::is_too_long(update, length) {
            match ceiling::instead(update, length) {
                Some(shorter) => drop(write(&shorter)),
                None => out.truncate(from),
            }
        }
    }
}

impl View for Projection {
    /// The client has what it said itself; its commands are in its terminals.
    fn prompted(&mut self, event: &Event, own: bool, out: &mut Vec<u8>) {
        self.in_terminals = own && self.client.capabilities().terminal;
        if let EventKind::PromptAccepted { message, content, .. } = &event.kind
            && !own
        {
            self.flush(out);
            for block in content {
                self.said(message, block, out);
            }
        }
    }

    fn show(&mut self, event: &Event, replay: bool, out: &mut Vec<u8>) {
        match &event.kind {
            EventKind::Text { message, text } => self.text(Voice::Says, message, text, replay, out),
            EventKind::Thought { message, text } => self.text(Voice::Thinks, message, text, replay, out),
            other => {
                self.flush(out);
                self.show_other(event, other, replay, out);
            }
        }
    }

    fn setting(&mut self, setting: &Setting, asked: Option<Asked>, out: &mut Vec<u8>) {
        self.flush(out);
        if let (Some(mode), None | Some(Asked::Option)) = (mode_of(setting), asked) {
            self.update(&SessionUpdate::CurrentModeUpdate(CurrentModeUpdate::new(mode.id())), out);
        }
        if asked == Some(Asked::Option) {
            return;
        }
        let options = self.options_with(setting);
        self.update(&SessionUpdate::ConfigOptionUpdate(ConfigOptionUpdate::new(options)), out);
    }

    /// A turn that did not end well says so in the conversation, except to whoever gets its reply.
    fn end_of_turn(&mut self, turn: TurnId, stop: &TurnStop, own: bool, out: &mut Vec<u8>) {
        self.flush(out);
        let text = match stop {
            TurnStop::Finished { .. } => return,
            TurnStop::Failed { .. } if own => return,
            TurnStop::Failed { message } => format!("\n\n(The turn failed: {message})"),
            TurnStop::Interrupted => {
                "\n\n(The turn was interrupted: the process ended in the middle of it.)".to_owned()
            }
        };
        self.chunk(Voice::Says, &last_words_of(turn), &text, out);
    }

    fn sign_of_life(&mut self, pulse: &Pulse, out: &mut Vec<u8>) {
        self.update(&pulse.beat(), out);
    }

    /// Replayed text.
    fn flush(&mut self, out: &mut Vec<u8>) {
        if let Some(Gathered { voice, message, text }) = self.gathered.take() {
            self.chunk(voice, &message, &text, out);
        }
    }
}

/// The message that tells how a turn ended.
pub(super) fn last_words_of(turn: TurnId) -> MessageId {
    MessageId::new(format!("turn-{turn}-end"))
}

fn mode_of(setting: &Setting) -> Option<Mode> {
    Mode::from_id(&setting.value).ok().filter(|_| setting.option == options::MODE)
}

pub(super) fn is_terminal(content: &ToolCallContent) -> bool {
    matches!(content, ToolCallContent::Terminal(_))
}

/// The content with what was read of a terminal in its place.
pub(super) fn as_text(content: Vec<ToolCallContent>, result: &str) -> Vec<ToolCallContent> {
    let part = |part| if is_terminal(&part) { result.into() } else { part };
    content.into_iter().map(part).collect()
}

/// One update on its own, for what is not in the journal.
pub(super) fn line(session: &SessionId, update: &SessionUpdate) -> Vec<u8> {
    let mut out = Vec::with_capacity(512);
    notification_line(CLIENT_METHOD_NAMES.session_update, &Params { session_id: session, update }, &mut out);
    out
}
