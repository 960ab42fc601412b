//! How a task ends, by itself or before, and what its client is told then.

use serde::Serialize;
use serde_json::json;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::error::{Code, Failure};
use super::message;
use super::register::Ticket;
use crate::acp::{SessionId, StopReason};
use crate::event::TurnStop;
use crate::jsonrpc::RawId;

/// What may end a task before it is done.
#[derive(Debug)]
pub(super) struct Ending {
    pub(super) cancel: CancellationToken,
    /// The client has gone, or the server ends.
    pub(super) over: CancellationToken,
    pub(super) stop: CancellationToken,
    pub(super) deadline: Option<Instant>,
}

/// What did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cut {
    Cancelled,
    Timeout,
    ShuttingDown,
}

impl Ending {
    /// Waits for the first of them.
    pub(super) async fn come(&self) -> Cut {
        let late = async {
            match self.deadline {
                Some(at) => sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            () = self.over.cancelled() => {
                if self.stop.is_cancelled() { Cut::ShuttingDown } else { Cut::Cancelled }
            }
            () = self.cancel.cancelled() => Cut::Cancelled,
            () = late => Cut::Timeout,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Status {
    Completed,
    Cancelled,
    Timeout,
    Failed,
}

/// What came of a task.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Outcome {
    pub(super) task_id: String,
    pub(super) status: Status,
    /// What was said last.
    pub(super) output: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) session_id: Option<SessionId>,
    /// Why the turn stopped early, where it failed that way.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reason: Option<StopReason>,
    /// Titles of what would have needed somebody's permission.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) denied: Vec<String>,
}

/// What the end of a turn comes to. `Err` is a task that has no result.
pub(super) fn conclude(stop: TurnStop, cut: Option<Cut>) -> Result<(Status, Option<StopReason>), Failure> {
    match (stop, cut) {
        (TurnStop::Finished { reason: StopReason::EndTurn }, _) => Ok((Status::Completed, None)),
        (TurnStop::Finished { reason: StopReason::Cancelled }, Some(Cut::ShuttingDown))
        | (TurnStop::Interrupted, _) => Err(shutting_down()),
        (TurnStop::Finished { reason: StopReason::Cancelled }, Some(Cut::Timeout)) => {
            Ok((Status::Timeout, None))
        }
        (TurnStop::Finished { reason: StopReason::Cancelled }, _) => Ok((Status::Cancelled, None)),
        (TurnStop::Finished { reason }, _) => Ok((Status::Failed, Some(reason))),
        (TurnStop::Failed { message }, _) => Err(Failure::new(Code::TaskFailed, &message)),
    }
}

fn shutting_down() -> Failure {
    Failure::new(
        Code::ShuttingDown,
        "the server ends: send the task to another one, or again when it is back",
    )
}

/// The last line of a client whose server ends.
pub(in crate::serve) fn farewell() -> Vec<u8> {
    message::error(&RawId::null(), &shutting_down()).into()
}

/// A task that never began.
pub(super) fn cut_short(ticket: &Ticket, cut: Cut) -> Result<Outcome, Failure> {
    match cut {
        Cut::Cancelled => Ok(Outcome {
            task_id: ticket.id.clone(),
            status: Status::Cancelled,
            output: String::new(),
            session_id: None,
            reason: None,
            denied: Vec::new(),
        }),
        Cut::Timeout => {
            let text = "the time was over before the task could begin: raise timeout, or send it later";
            Err(Failure::new(Code::Timeout, text).of(json!({ "taskId": ticket.id })))
        }
        Cut::ShuttingDown => Err(shutting_down().of(json!({ "taskId": ticket.id }))),
    }
}
