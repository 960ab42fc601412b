use serde::Deserialize;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::error::{Code, Failure};
use super::message::Params;
use super::register::Register;

#[derive(Deserialize)]
struct CancelTask {
    #[serde(rename = "taskId")]
    task: String,
}

/// `cancel_task`: answered at once, and then cancelled; that the task is over is said by the answer to its own request.
pub(super) fn handle(register: &Register, params: Params<'_>) -> Result<(Value, CancellationToken), Failure> {
    let CancelTask { task } = params.parse()?;
    if let Some(cancel) = register.cancellation(&task) {
        return Ok((json!({ "taskId": task, "status": "cancelling" }), cancel));
    }
    let text = format!("no task {task:?} runs or waits here; its id is the taskId of its events");
    Err(Failure::new(Code::TaskNotFound, &text))
}
