//! What a task's events come to for its client: lines on the way, and what is known at the end.

use serde::Serialize;
use serde_json::json;

use super::message;
use crate::acp::{PlanEntry, PlanEntryStatus, SessionId, StopReason, ToolCallStatus};
use crate::event::{EventKind, TurnStop};
use crate::jsonrpc::RawId;

/// Most bytes of an answer; what was said beyond that is in the session.
const MOST_OUTPUT: usize = 4 * 1024 * 1024;
/// Most titles of what was denied.
const MOST_DENIED: usize = 100;

/// A task as it looks from outside.
#[derive(Debug)]
pub(super) struct Progress {
    task: String,
    everything: bool,
    /// 0 to 1: what of the plan is done, where there is one.
    done: f64,
    /// What it is at.
    message: String,
    output: String,
    /// A call came since the output was said.
    stale: bool,
    denied: Vec<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct StatusUpdate<'a> {
    task_id: &'a str,
    progress: f64,
    message: &'a str,
    /// When it is queued and when it starts: whose task it is, and where it can be looked at.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    begun: Option<Begun<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Begun<'a> {
    request_id: &'a RawId,
    #[serde(skip_serializing_if = "Option::is_none")]
    session_id: Option<&'a SessionId>,
}

impl Progress {
    /// `everything`: texts and tools are told as well.
    pub(super) fn new(task: &str, everything: bool) -> Self {
        Self {
            task: task.to_owned(),
            everything,
            done: 0.0,
            message: "Queued".to_owned(),
            output: String::new(),
            stale: false,
            denied: Vec::new(),
        }
    }

    /// It has to wait for its turn.
    pub(super) fn queue(&self, request: &RawId, lines: &mut Vec<u8>) {
        self.update(Some(Begun { request_id: request, session_id: None }), lines);
    }

    /// The turn runs.
    pub(super) fn begin(&mut self, request: &RawId, session: &SessionId, lines: &mut Vec<u8>) {
        "Started".clone_into(&mut self.message);
        self.update(Some(Begun { request_id: request, session_id: Some(session) }), lines);
    }

    /// Takes an event of the turn in, and adds what is told of it.
    pub(super) fn take(&mut self, kind: &EventKind, lines: &mut Vec<u8>) {
        match kind {
            EventKind::Text { text, .. } => {
                if std::mem::take(&mut self.stale) {
                    self.output.clear();
                }
                if self.output.len() + text.len() <= MOST_OUTPUT {
                    self.output.push_str(text);
                }
                self.tell("text", &json!({ "taskId": self.task, "text": text }), lines);
            }
            EventKind::ToolProposed { .. } => self.stale = true,
            EventKind::ToolStarted { update } => {
                let (call, fields) = (&update.tool_call_id, &update.fields);
                let title = fields.title.as_deref().unwrap_or_default();
                let data =
                    json!({ "taskId": self.task, "callId": call, "status": "started", "title": title });
                self.tell("tool", &data, lines);
                if !title.is_empty() {
                    title.clone_into(&mut self.message);
                    self.update(None, lines);
                }
            }
            EventKind::ToolEnded { update, .. } => {
                let failed = update.fields.status == Some(ToolCallStatus::Failed);
                let status = if failed { "failed" } else { "completed" };
                let data = json!({ "taskId": self.task, "callId": update.tool_call_id, "status": status });
                self.tell("tool", &data, lines);
            }
            EventKind::PlanChanged { entries } => self.plan(entries, lines),
            EventKind::AskOpened { call, .. } => {
                let title = call.fields.title.clone().unwrap_or_else(|| call.tool_call_id.0.to_string());
                self.message = format!("Denied: {title}");
                if self.denied.len() < MOST_DENIED {
                    self.denied.push(title);
                }
                self.update(None, lines);
            }
            EventKind::TurnEnded { stop: TurnStop::Finished { reason: StopReason::EndTurn }, .. } => {
                self.done = 1.0;
                "Completed".clone_into(&mut self.message);
                self.update(None, lines);
            }
            _ => {}
        }
    }

    /// What was said last, and what was denied.
    pub(super) fn conclude(self) -> (String, Vec<String>) {
        (self.output, self.denied)
    }

    fn plan(&mut self, entries: &[PlanEntry], lines: &mut Vec<u8>) {
        let are = |status| entries.iter().filter(move |entry| entry.status == status);
        if !entries.is_empty() {
            self.done = are(PlanEntryStatus::Completed).count() as f64 / entries.len() as f64;
        }
        if let Some(current) = are(PlanEntryStatus::InProgress).next() {
            current.content.clone_into(&mut self.message);
        }
        self.update(None, lines);
    }

    fn update(&self, begun: Option<Begun<'_>>, lines: &mut Vec<u8>) {
        let Self { task, done, message, .. } = self;
        let data = StatusUpdate { task_id: task, progress: *done, message, begun };
        message::event("status_update", &data, lines);
    }

    /// What only those are told who want everything.
    fn tell(&self, event: &str, data: &impl Serialize, lines: &mut Vec<u8>) {
        if self.everything {
            message::event(event, data, lines);
        }
    }
}
