//! Tool calls as events: what a client draws and what the model reads.

use serde_json::{Value, json};

use super::machine::{Answer, Refusal, Remark};
use crate::acp::{
    Meta, PermissionOption, PermissionOptionKind, ToolCall, ToolCallId, ToolCallStatus, ToolCallUpdate,
    ToolCallUpdateFields, ToolKind,
};
use crate::event::{AskOutcome, EventKind};
use crate::permission::{Grant, Judgement, escape_for_display};
use crate::provider::ModelCall;
use crate::tool::{Prepared, ToolOutput};

/// The call as the model made it; what it will do is not known yet.
pub(super) fn proposed(call: &ModelCall, kind: ToolKind) -> EventKind {
    let title = escape_for_display(&call.name);
    let call = ToolCall::new(call.id.clone(), title)
        .name(call.name.clone())
        .kind(kind)
        .status(ToolCallStatus::Pending)
        .raw_input(call.input.clone());
    EventKind::ToolProposed { call: Box::new(call) }
}

fn looked_at(prepared: &Prepared) -> ToolCallUpdateFields {
    let fields = ToolCallUpdateFields::new().title(prepared.title.clone());
    let fields =
        if prepared.locations.is_empty() { fields } else { fields.locations(prepared.locations.clone()) };
    if prepared.preview.is_empty() { fields } else { fields.content(prepared.preview.clone()) }
}

/// The call is about to run.
pub(super) fn started(id: &str, prepared: &Prepared, terminal: bool) -> EventKind {
    let fields = looked_at(prepared).status(ToolCallStatus::InProgress);
    let mut update = ToolCallUpdate::new(id.to_owned(), fields);
    if terminal {
        update = update.meta(meta(&json!({ "terminal_info": { "terminal_id": id } })));
    }
    EventKind::ToolStarted { update: Box::new(update) }
}

/// The call as it is put to a person. Only what the rules judged is shown, escaped, with the reason.
pub(super) fn question(id: &str, kind: ToolKind, prepared: &Prepared, reason: &str) -> ToolCallUpdate {
    let mut content = prepared.preview.clone();
    if !reason.is_empty() {
        content.push(format!("Asked because {reason}").into());
    }
    let fields = looked_at(prepared).kind(kind).status(ToolCallStatus::Pending).content(content);
    ToolCallUpdate::new(id.to_owned(), fields)
}

/// The answers offered, and what an "always" would remember, by option id.
pub(super) fn options(judgement: &Judgement) -> (Vec<PermissionOption>, Vec<(String, Grant)>) {
    let mut options = vec![PermissionOption::new("allow_once", "Allow", PermissionOptionKind::AllowOnce)];
    let mut grants = Vec::new();
    for (at, grant) in judgement.grants.iter().enumerate() {
        let id = if at == 0 { "allow_always".to_owned() } else { format!("allow_always_{}", at + 1) };
        options.push(PermissionOption::new(id.clone(), label(grant), PermissionOptionKind::AllowAlways));
        grants.push((id, grant.clone()));
    }
    options.push(PermissionOption::new("reject_once", "Reject", PermissionOptionKind::RejectOnce));
    if let Some(grant) = judgement.grants.first() {
        let grant = grant.clone().rejecting();
        options.push(PermissionOption::new(
            "reject_always",
            label(&grant),
            PermissionOptionKind::RejectAlways,
        ));
        grants.push(("reject_always".to_owned(), grant));
    }
    (options, grants)
}

/// What a grant says (`always allow …`), as the beginning of a line.
fn label(grant: &Grant) -> String {
    let text = grant.to_string();
    text.strip_prefix('a').map_or_else(|| text.clone(), |rest| format!("A{rest}"))
}

/// What the answer means; anything that is not clearly a yes or a no is none.
pub(super) fn answer(outcome: &AskOutcome) -> Answer {
    match outcome {
        AskOutcome::Selected { option } if option.starts_with("allow_") => Answer::Allowed,
        AskOutcome::Selected { .. } => Answer::Rejected,
        AskOutcome::Cancelled => Answer::None,
        AskOutcome::Absent => Answer::Absent,
    }
}

/// What a person is told where the model says nothing. `output`: tokens of one answer, by what is known of the model.
pub(super) fn remark(remark: Remark, output: Option<u64>) -> String {
    match remark {
        Remark::Silence => "(The model gave no answer.)".to_owned(),
        Remark::TooManySteps => {
            "(Stopped: this turn made as many model calls as it may. Say \"go on\" for more.)".to_owned()
        }
        Remark::Refused => "(The model refused to answer.)".to_owned(),
        Remark::Cut => {
            let limit = output.map_or_else(String::new, |tokens| format!(" (`output`: {tokens} tokens)"));
            format!(
                "(The answer was cut at the model's output limit{limit} before it said anything; any tool call that it \
                 had begun was not run. Ask for smaller steps, or set a higher limit.)"
            )
        }
    }
}

/// The call has ended.
pub(super) fn ended(id: &str, output: ToolOutput, terminal: bool) -> Vec<EventKind> {
    let status = if output.failed { ToolCallStatus::Failed } else { ToolCallStatus::Completed };
    let content = if output.content.is_empty() { vec![output.text.clone().into()] } else { output.content };
    let mut fields = ToolCallUpdateFields::new().status(status).content(content);
    if !output.locations.is_empty() {
        fields = fields.locations(output.locations);
    }
    let exit = terminal.then(|| exit_meta(id, output.raw.as_ref()));
    if let Some(raw) = output.raw {
        fields = fields.raw_output(raw);
    }
    let mut update = ToolCallUpdate::new(id.to_owned(), fields);
    if let Some(exit) = exit {
        update = update.meta(exit);
    }
    let mut events =
        vec![EventKind::ToolEnded { update: Box::new(update), result: output.text, cancelled: false }];
    if let Some(entries) = output.plan {
        events.push(EventKind::PlanChanged { entries });
    }
    events
}

/// A call that was given up by itself: the model is told, because the turn goes on.
pub(super) fn given_up(mut output: ToolOutput, late: bool) -> ToolOutput {
    if !output.text.is_empty() && !output.text.ends_with('\n') {
        output.text.push('\n');
    }
    output.text += if late {
        "There was no time left for this call: a budget of time is used up."
    } else {
        "The user has stopped this call. Do not run it again unasked."
    };
    output
}

/// The end of a call that was given up.
pub(super) fn cancelled(mut ended: Vec<EventKind>) -> Vec<EventKind> {
    for event in &mut ended {
        if let EventKind::ToolEnded { cancelled, .. } = event {
            *cancelled = true;
        }
    }
    ended
}

fn exit_meta(id: &str, raw: Option<&Value>) -> Meta {
    let field = |name| raw.and_then(|raw| raw.get(name)).cloned().unwrap_or(Value::Null);
    let (code, signal) = (field("exit_code"), field("signal"));
    meta(&json!({ "terminal_exit": { "terminal_id": id, "exit_code": code, "signal": signal } }))
}

/// Why a call did not run, for the model and for people.
pub(super) fn refused(why: Refusal, reason: &str) -> ToolOutput {
    ToolOutput::failed(match why {
        Refusal::Denied => format!("Denied: {reason}"),
        Refusal::Rejected => {
            "Rejected: the user said no to this call. Do not try it again in another way.".to_owned()
        }
        Refusal::Unattended => {
            "Rejected: nobody can be asked here; a rule or the mode would have to allow this call. Do not try it \
             again in another way."
                .to_owned()
        }
        Refusal::Unanswered => "Not allowed: the question was dismissed or could not be answered.".to_owned(),
        Refusal::Cancelled => "Cancelled: the turn ended before this call did.".to_owned(),
    })
}

fn meta(value: &Value) -> Meta {
    value.as_object().cloned().unwrap_or_default()
}

/// A call's id as the protocol's type.
pub(super) fn call_id(id: &str) -> ToolCallId {
    ToolCallId::new(id)
}
