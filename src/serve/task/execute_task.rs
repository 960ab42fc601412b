use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;
use tokio::time::Instant;

use super::connection::Connection;
use super::ending::Ending;
use super::environment::variables;
use super::error::{Code, Failure};
use super::message::Params;
use super::work::{KINDS, Order, Work, own_folder};
use crate::acp::{SessionId, ToolKind};
use crate::jsonrpc::RawId;
use crate::permission::Mode;

/// Longest time that a task may be given.
const LONGEST: Duration = Duration::from_hours(24 * 7);

#[derive(Deserialize)]
struct ExecuteTask {
    task: String,
    #[serde(default)]
    context: Option<Surroundings>,
    /// Seconds from the request on.
    #[serde(default)]
    timeout: Option<f64>,
    #[serde(default)]
    tools: Option<Vec<String>>,
    #[serde(default)]
    session: Option<SessionId>,
    #[serde(default)]
    model: Option<String>,
    #[serde(default)]
    agent: Option<String>,
    #[serde(default)]
    mode: Option<String>,
    #[serde(default)]
    events: Option<bool>,
    #[serde(default)]
    detach: Option<bool>,
}

#[derive(Default, Deserialize)]
struct Surroundings {
    #[serde(default)]
    cwd: Option<PathBuf>,
    #[serde(default)]
    environment: Option<BTreeMap<String, String>>,
}

/// `execute_task`: a session, one turn in it, and what came of that. It is answered when the turn is over.
pub(super) fn handle(connection: &Connection, id: &RawId, params: Params<'_>) -> Result<(), Failure> {
    let asked: ExecuteTask = params.parse()?;
    let deadline = asked.timeout.map(deadline).transpose()?;
    let (lasts, everything) = (asked.detach == Some(true), asked.events == Some(true));
    let order = order(asked)?;
    let shared = &connection.shared;
    let engine = shared.engine.engine().map_err(|why| Failure::new(Code::TaskFailed, &why))?;
    let detached = lasts && shared.lasting;
    let request = connection.open.take(id).ok_or_else(|| {
        Failure::invalid("id: a task of this id is not answered yet: give every request one of its own")
    })?;
    let ticket = shared.register.admit()?;
    let over = if detached { &connection.stop } else { &connection.over };
    let ending =
        Ending { cancel: ticket.cancel.clone(), over: over.clone(), stop: connection.stop.clone(), deadline };
    let outbox = connection.outbox.clone();
    let work = Work { id: id.clone(), request, engine, order, ending, outbox, everything };
    let tasks = if detached { &connection.detached } else { &connection.tasks };
    tasks.spawn(work.run(ticket));
    Ok(())
}

fn order(asked: ExecuteTask) -> Result<Order, Failure> {
    if asked.task.trim().is_empty() {
        return Err(Failure::invalid("task: say what is to be done"));
    }
    let Surroundings { cwd, environment } = asked.context.unwrap_or_default();
    // `.` and a trailing `/.` would make two names of one folder.
    let folder = |cwd: PathBuf| own_folder().map(|own| own.join(cwd).components().collect());
    let mode = asked.mode.map(|mode| Mode::from_id(&mode)).transpose();
    Ok(Order {
        task: asked.task,
        cwd: cwd.map(folder).transpose()?,
        variables: variables(environment.unwrap_or_default())?,
        kinds: asked.tools.map(kinds).transpose()?,
        session: asked.session,
        model: asked.model,
        agent: asked.agent,
        mode: mode.map_err(|e| Failure::invalid(&format!("mode: {e}")))?,
    })
}

fn deadline(seconds: f64) -> Result<Instant, Failure> {
    let time = Duration::try_from_secs_f64(seconds).ok();
    let time = time.filter(|time| !time.is_zero() && *time <= LONGEST).ok_or_else(|| {
        let longest = LONGEST.as_secs();
        Failure::invalid(&format!("timeout: a number of seconds above 0, at most {longest}"))
    })?;
    Ok(Instant::now() + time)
}

fn kinds(names: Vec<String>) -> Result<Vec<ToolKind>, Failure> {
    let kind = |name: String| {
        let known = KINDS.iter().find(|(known, _)| *known == name);
        known.map(|(_, kind)| *kind).ok_or_else(|| {
            let known: Vec<_> = KINDS.iter().map(|(known, _)| *known).collect();
            Failure::invalid(&format!("tools: no category {name:?}: there are {}", known.join(", ")))
        })
    };
    names.into_iter().map(kind).collect()
}
