use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::{News, Outcome, Plan, State, Terms};
use crate::cli::reach;
use crate::jsonrpc::Frame;
use crate::remote::{RemoteError, Server, leave};
use crate::transport::Transport;

/// A server that has said nothing for so long is asked whether it is there.
const QUIET: Duration = Duration::from_secs(5);
/// One that has not answered for so long is lost: a machine that dies says nothing else.
const ANSWERING: Duration = Duration::from_secs(7);
/// How long a cancelled task may take to end.
const CANCELLING: Duration = Duration::from_secs(10);

/// The identifier of the requests whose answers mean nothing.
const ASIDE: u64 = 0;

/// One server's part.
pub(super) struct Worker {
    /// As it was named.
    pub(super) label: Arc<str>,
    pub(super) plan: Arc<Plan>,
    pub(super) terms: Arc<Terms>,
    pub(super) news: mpsc::Sender<News>,
    pub(super) cancel: CancellationToken,
}

/// What a server says.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum Line {
    Response { id: Value, result: Value },
    Error { id: Value, error: Told },
    Event { event: String, data: Update },
}

#[derive(Deserialize)]
struct Told {
    code: String,
    message: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Update {
    task_id: String,
    progress: f64,
    message: String,
    request_id: Option<Value>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Answer {
    status: String,
    output: String,
    session_id: Option<String>,
    denied: Vec<String>,
}

impl Worker {
    /// Does the first job, and then what nobody has taken, until the server is lost.
    pub(super) async fn work(self, first: usize, server: impl Future<Output = Result<Server, RemoteError>>) {
        let connecting = async { reach::connect(&server.await?).await };
        let mut transport = match self.cancel.run_until_cancelled(connecting).await {
            Some(Ok(transport)) => transport,
            Some(Err(e)) => return self.tell(first, State::Ended(Outcome::Lost(e.to_string()))).await,
            None => return self.tell(first, unsent()).await,
        };
        let mut next = Some(first);
        while let Some(job) = next {
            let outcome = self.perform(&mut transport, job).await;
            // One that ends takes nothing more.
            let lost = match &outcome {
                Outcome::Lost(_) => true,
                Outcome::Refused { code, .. } => code == "SHUTTING_DOWN",
                Outcome::Answered { .. } => false,
            };
            self.tell(job, State::Ended(outcome)).await;
            next = if lost || self.cancel.is_cancelled() { None } else { self.plan.take() };
        }
        // Whatever comes of it, nothing more is wanted.
        leave(&mut transport).await;
    }

    /// Sends a job and follows it to its end.
    pub(super) async fn perform(&self, transport: &mut Transport, job: usize) -> Outcome {
        let lost = |e: &dyn std::fmt::Display| Outcome::Lost(format!("the connection was lost: {e}"));
        if let Err(e) = transport.say(&self.request(job)).await {
            return lost(&e);
        }
        self.tell(job, State::Running { progress: 0.0, message: "Sent".to_owned() }).await;
        let (mut task, mut until, mut cancelled) = (None::<String>, None, false);
        let (mut heard, mut asked) = (Instant::now(), None);
        loop {
            // It may not have a name before it has begun.
            if let Some(task) = task.as_ref().filter(|_| until.is_some() && !cancelled) {
                cancelled = true;
                let cancel = json!({ "type": "request", "id": ASIDE, "method": "cancel_task", "params": { "taskId": task } });
                if let Err(e) = transport.say(&cancel).await {
                    return lost(&e);
                }
            }
            // However long this process was held up, who is asked has its time to answer.
            let due = asked.map_or(heard + QUIET, |asked| asked + ANSWERING);
            let frame = tokio::select! {
                biased;
                () = self.cancel.cancelled(), if until.is_none() => {
                    until = Some(Instant::now() + CANCELLING);
                    continue;
                }
                frame = transport.first() => frame,
                () = sleep_until(until.unwrap_or(due).min(due)) => {
                    if asked.is_some() || until.is_some_and(|until| Instant::now() >= until) {
                        return Outcome::Lost("it says nothing any more".to_owned());
                    }
                    asked = Some(Instant::now());
                    match transport.say(&json!({ "type": "request", "id": ASIDE, "method": "ping" })).await {
                        Ok(()) => continue,
                        Err(e) => return lost(&e),
                    }
                }
            };
            (heard, asked) = (Instant::now(), None);
            let line = match frame {
                Some(Ok(Frame::Line(line) | Frame::Unended(line))) => serde_json::from_slice(&line),
                Some(Ok(Frame::TooLong { .. })) => continue,
                Some(Err(e)) => return lost(&e),
                None => return Outcome::Lost("the connection was lost: the server has gone".to_owned()),
            };
            // What is of no kind that is known, is of no concern.
            let Ok(line) = line else { continue };
            match taken(line, job, &mut task) {
                Heard::Nothing => {}
                Heard::Update(state) => self.tell(job, state).await,
                Heard::End(outcome) => return outcome,
            }
        }
    }

    fn request(&self, job: usize) -> Value {
        let Terms { cwd, mode, timeout } = &*self.terms;
        let mut params = json!({ "task": self.plan.jobs[job].text });
        if let Some(cwd) = cwd {
            params["context"] = json!({ "cwd": cwd });
        }
        if let Some(mode) = mode {
            params["mode"] = mode.id().into();
        }
        if let Some(timeout) = timeout {
            params["timeout"] = timeout.as_secs_f64().into();
        }
        json!({ "type": "request", "id": number(job), "method": "execute_task", "params": params })
    }

    async fn tell(&self, job: usize, state: State) {
        // Nobody listens when the second Ctrl-C has come.
        let _heard = self.news.send(News { job, server: Arc::clone(&self.label), state }).await;
    }
}

/// Takes a line in. `task`: what the server calls the job, once it has said so.
fn taken(line: Line, job: usize, task: &mut Option<String>) -> Heard {
    let own = |id: &Value| *id == number(job);
    match line {
        Line::Event { event, data } if event == "status_update" => {
            if data.request_id.as_ref().is_some_and(own) {
                *task = Some(data.task_id.clone());
            }
            if task.as_ref() != Some(&data.task_id) {
                return Heard::Nothing;
            }
            Heard::Update(State::Running { progress: data.progress, message: data.message })
        }
        Line::Response { id, result } if own(&id) => {
            let Answer { status, output, session_id, denied } =
                serde_json::from_value(result).unwrap_or_default();
            Heard::End(Outcome::Answered { status, output, session: session_id, denied })
        }
        Line::Error { id, error } if own(&id) || id.is_null() => {
            Heard::End(Outcome::Refused { code: error.code, message: error.message })
        }
        Line::Event { .. } | Line::Response { .. } | Line::Error { .. } => Heard::Nothing,
    }
}

/// What a line comes to.
enum Heard {
    Nothing,
    Update(State),
    End(Outcome),
}

fn unsent() -> State {
    State::Ended(Outcome::Lost("cancelled before it began".to_owned()))
}

/// The identifier of a job's request.
fn number(job: usize) -> u64 {
    job as u64 + 1
}
