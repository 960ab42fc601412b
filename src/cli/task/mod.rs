//! Tasks on other servers, many at once: what is sent where (`plan`), one server's part (`worker`), and what people and
//! programs see of it (`report`).
//!
//! No engine is built here: whoever does the work has one.
//!
//! What always holds: a server that cannot be reached, or is lost, costs its own task and no other; a task that may have
//! begun is never given to somebody else; every task ends in the result, whatever has happened to it.
//!
//! To add what is told of a task: a field of [`State`], and its place in each of the three ways of `report`.

mod plan;
mod report;
mod worker;

#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use futures_util::future::join_all;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::args::{Format, Task};
use super::print::PrintError;
use super::{Setup, exit, print, reach};
use crate::permission::Mode;
use plan::{Job, Plan};
use report::Report;
use worker::Worker;

/// News of all servers that wait to be shown; who has more of them waits.
const NEWS: usize = 256;

/// What is the same for every task.
#[derive(Debug)]
struct Terms {
    cwd: Option<PathBuf>,
    mode: Option<Mode>,
    timeout: Option<Duration>,
}

/// How it stands with a task.
#[derive(Debug, Clone, PartialEq)]
enum State {
    /// It was not sent yet.
    Waiting,
    /// It was sent; what was told of it last.
    Running {
        progress: f64,
        message: String,
    },
    Ended(Outcome),
}

/// What came of a task.
#[derive(Debug, Clone, PartialEq)]
enum Outcome {
    /// The server's own word for it, and what was said.
    Answered { status: String, output: String, session: Option<String>, denied: Vec<String> },
    /// The server has said no.
    Refused { code: String, message: String },
    /// There was no server to say anything, or none any more.
    Lost(String),
}

impl Outcome {
    fn is_completed(&self) -> bool {
        matches!(self, Self::Answered { status, .. } if status == "completed")
    }
}

/// Something has happened to a task.
#[derive(Debug)]
struct News {
    job: usize,
    /// Who does it.
    server: Arc<str>,
    state: State,
}

/// Sends the tasks and shows what comes of them. The exit code is 0 when all of them are completed.
pub(super) async fn run(setup: &Setup, command: Task) -> anyhow::Result<ExitCode> {
    let plan = match Plan::new(&command.servers, &command.texts) {
        Ok(plan) => Arc::new(plan),
        Err(text) => return Ok(print::failure(exit::USAGE, text)),
    };
    let terms = Arc::new(Terms {
        cwd: setup.cwd.clone().map(std::path::absolute).transpose()?,
        mode: setup.flags.mode,
        timeout: command.timeout,
    });
    let mut report = Report::new(&plan, command.json || command.format == Format::Json);
    let mut interrupt = signal(SignalKind::interrupt()).context("no signals")?;
    let (news, mut incoming) = mpsc::channel(NEWS);
    let cancel = CancellationToken::new();
    let working = command.servers.iter().enumerate().map(|(at, text)| {
        let worker = Worker {
            label: text.as_str().into(),
            plan: Arc::clone(&plan),
            terms: Arc::clone(&terms),
            news: news.clone(),
            cancel: cancel.clone(),
        };
        worker.work(at, reach::server(setup, text, &command.access))
    });
    let working = join_all(working);
    drop(news);
    let showing = async {
        loop {
            tokio::select! {
                biased;
                _ = interrupt.recv() => {
                    if cancel.is_cancelled() {
                        return Ok(());
                    }
                    cancel.cancel();
                }
                news = incoming.recv() => match news {
                    Some(news) => report.take(news)?,
                    None => return Ok(()),
                },
            }
        }
    };
    // Who shows ends when nobody works any more, or when nobody wants to see it.
    let shown: Result<(), PrintError> = tokio::select! {
        shown = showing => shown,
        () = async { working.await; std::future::pending().await } => Ok(()),
    };
    shown?;
    let all = report.finish()?;
    Ok(match (all, cancel.is_cancelled()) {
        (true, _) => ExitCode::SUCCESS,
        (false, true) => ExitCode::from(exit::CANCELLED),
        (false, false) => ExitCode::from(exit::TEMPORARY),
    })
}
