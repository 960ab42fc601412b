//! One request from the command line, through the same engine that an editor uses.

use std::io::IsTerminal;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, anyhow};
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::args::Run;
use super::plain::one_line;
use super::print::PrintError;
use super::{Setup, ask, exit, form, print};
use crate::acp::{MessageId, SessionId, StopReason, ToolCallStatus};
use crate::agent::{Hands, Roots};
use crate::app;
use crate::clock::Clock;
use crate::engine::Engine;
use crate::event::{Event, EventKind, TurnStop};
use crate::session::{NewSession, SessionHandle, Subscription};
use crate::workspace::LocalFiles;

/// Does the request and prints what comes of it. The exit code is 0 when the turn came to its end.
pub(super) async fn run(setup: &Setup, command: Run) -> anyhow::Result<ExitCode> {
    let source = app::engine(setup.environment.clone(), setup.flags.clone());
    let engine = source.engine().map_err(|e| anyhow!(crate::config::ConfigError::Invalid(e)))?;
    let session = open(&engine, command.session).await?;
    let problems = engine.sessions.backend().look(session.cwd().to_owned()).await;
    for warning in engine.warnings.iter().cloned().chain(engine.sessions.store().warning()).chain(problems) {
        print::note(&format!("adjutant: {warning}"));
    }
    let hands = hands(&engine, &session);
    let interrupt = signal(SignalKind::interrupt()).context("no signals")?;
    let mut following = Following { session: &session, json: command.json, interrupt, printed: Ok(()) };
    let events = session.subscribe(session.head());
    let text = command.request.join(" ");
    session.prompt(MessageId::new(Clock::real().id()), vec![text.into()], hands).await?;
    let stop = following.until_its_end(events).await?;
    engine.sessions.shut_down().await;
    following.printed?;
    conclude(&stop, command.json)
}

async fn open(engine: &Engine, id: Option<String>) -> anyhow::Result<SessionHandle> {
    if let Some(id) = id {
        return Ok(engine.sessions.load(&SessionId::new(id), None).await?);
    }
    let roots = Roots::single(std::env::current_dir()?);
    Ok(engine.sessions.create(NewSession { roots, mode: engine.mode }).await?)
}

/// What a session works with on this machine.
pub(super) fn hands(engine: &Engine, session: &SessionHandle) -> Hands {
    Hands {
        files: Arc::new(LocalFiles::new(session.info().workspace.clone())),
        commands: Arc::clone(&engine.commands),
        kinds: None,
        display_terminal: false,
        takes_forms: std::io::stdin().is_terminal(),
        takes_pages: std::io::stdin().is_terminal(),
    }
}

/// A turn that is being watched. Ctrl-C cancels it, and so does output that nobody reads.
struct Following<'a> {
    session: &'a SessionHandle,
    json: bool,
    interrupt: Signal,
    printed: Result<(), PrintError>,
}

impl Following<'_> {
    async fn until_its_end(&mut self, mut events: Subscription) -> anyhow::Result<TurnStop> {
        loop {
            let page = tokio::select! {
                page = events.next(256) => page?,
                _ = self.interrupt.recv() => {
                    self.session.cancel().await;
                    continue;
                }
            };
            for event in &page {
                self.print(event).await;
                match &event.kind {
                    EventKind::AskOpened { .. } | EventKind::QuestionOpened { .. } => self.ask(event).await,
                    EventKind::TurnEnded { stop, .. } => return Ok(stop.clone()),
                    _ => {}
                }
            }
        }
    }

    async fn print(&mut self, event: &Event) {
        if self.printed.is_ok() {
            self.printed = if self.json { print::json(event) } else { show(event) };
            if self.printed.is_err() {
                self.session.cancel().await;
            }
        }
    }

    async fn ask(&mut self, event: &Event) {
        if self.printed.is_err() {
            return;
        }
        let session = self.session;
        let asking = async {
            match &event.kind {
                EventKind::AskOpened { ask, call, options, .. } => {
                    session.answer(ask.clone(), ask::person(call, options).await).await;
                }
                EventKind::QuestionOpened { ask, question, .. } => {
                    session.answer_question(ask.clone(), form::person(question).await).await;
                }
                _ => {}
            }
        };
        tokio::select! {
            () = asking => {}
            _ = self.interrupt.recv() => {
                print::note("");
                self.session.cancel().await;
            }
        }
    }
}

/// The answer goes to stdout; what was done to get it, to stderr.
fn show(event: &Event) -> Result<(), PrintError> {
    match &event.kind {
        EventKind::Text { text, .. } => return print::text(text),
        EventKind::ToolStarted { update } => {
            if let Some(title) = &update.fields.title {
                print::note(&format!("· {}", one_line(title)));
            }
        }
        EventKind::ToolEnded { update, result, .. }
            if update.fields.status == Some(ToolCallStatus::Failed) =>
        {
            print::note(&format!("  failed: {}", one_line(result.lines().next().unwrap_or_default())));
        }
        _ => {}
    }
    Ok(())
}

fn conclude(stop: &TurnStop, json: bool) -> anyhow::Result<ExitCode> {
    if !json {
        print::line("")?;
    }
    Ok(match stop {
        TurnStop::Finished { reason: StopReason::EndTurn } => ExitCode::SUCCESS,
        TurnStop::Finished { reason: StopReason::Cancelled } => print::failure(exit::CANCELLED, "cancelled"),
        TurnStop::Finished { reason } => {
            print::failure(exit::TEMPORARY, &format!("the turn stopped early: {reason:?}"))
        }
        TurnStop::Failed { message } => print::failure(exit::UNAVAILABLE, message),
        TurnStop::Interrupted => print::failure(exit::TEMPORARY, "interrupted"),
    })
}
