//! One request from the command line, through the same engine that an editor uses.

use std::io::IsTerminal;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::anyhow;

use super::args::Run;
use super::sessions::clean;
use super::{Setup, exit, print};
use crate::acp::{
    ContentBlock, MessageId, PermissionOption, SessionId, StopReason, ToolCallContent, ToolCallStatus,
    ToolCallUpdate,
};
use crate::agent::{Hands, Roots};
use crate::app;
use crate::clock::Clock;
use crate::engine::Engine;
use crate::event::{AskOutcome, Event, EventKind, TurnStop};
use crate::permission::escape_for_display;
use crate::session::{NewSession, SessionHandle};
use crate::workspace::LocalFiles;

/// Does the request and prints what comes of it. The exit code is 0 when the turn came to its end.
pub(super) async fn run(setup: &Setup, command: Run) -> anyhow::Result<ExitCode> {
    let source = app::engine(setup.environment.clone(), setup.flags.clone());
    let engine = source.engine().map_err(|e| anyhow!(crate::config::ConfigError::Invalid(e)))?;
    let session = open(&engine, command.session).await?;
    for warning in engine.warnings.iter().cloned().chain(engine.sessions.store().warning()) {
        print::note(&format!("adjutant: {warning}"));
    }
    let hands = Hands {
        files: Arc::new(LocalFiles::new(session.info().workspace.clone())),
        commands: Arc::clone(&engine.commands),
        display_terminal: false,
    };
    let mut events = session.subscribe(session.head());
    let text = command.request.join(" ");
    session.prompt(MessageId::new(Clock::real().id()), vec![text.into()], hands).await?;
    let stop = loop {
        let page = tokio::select! {
            page = events.next(256) => page?,
            _ = tokio::signal::ctrl_c() => {
                session.cancel().await;
                continue;
            }
        };
        let mut stop = None;
        for event in &page {
            if command.json {
                print::line(&serde_json::to_string(event.as_ref())?);
            } else {
                show(event);
            }
            match &event.kind {
                EventKind::AskOpened { ask, call, options, .. } => {
                    let outcome = ask_person(call, options).await;
                    session.answer(ask.clone(), outcome).await;
                }
                EventKind::TurnEnded { stop: ended, .. } => stop = Some(ended.clone()),
                _ => {}
            }
        }
        if let Some(stop) = stop {
            break stop;
        }
    };
    engine.sessions.shut_down().await;
    Ok(conclude(&stop, command.json))
}

async fn open(engine: &Engine, id: Option<String>) -> anyhow::Result<SessionHandle> {
    if let Some(id) = id {
        return Ok(engine.sessions.load(&SessionId::new(id), None).await?);
    }
    let roots = Roots::single(std::env::current_dir()?);
    Ok(engine.sessions.create(NewSession { roots, mode: engine.mode }).await?)
}

/// The answer goes to stdout; what was done to get it, to stderr.
fn show(event: &Event) {
    match &event.kind {
        EventKind::Text { text, .. } => print::text(&clean(text)),
        EventKind::ToolStarted { update } => {
            if let Some(title) = &update.fields.title {
                print::note(&format!("· {}", escape_for_display(title)));
            }
        }
        EventKind::ToolEnded { update, result } if update.fields.status == Some(ToolCallStatus::Failed) => {
            print::note(&format!(
                "  failed: {}",
                escape_for_display(result.lines().next().unwrap_or_default())
            ));
        }
        _ => {}
    }
}

/// Asks on the terminal; without one nobody can say yes.
async fn ask_person(call: &ToolCallUpdate, options: &[PermissionOption]) -> AskOutcome {
    let title = escape_for_display(call.fields.title.as_deref().unwrap_or("a tool"));
    if !std::io::stdin().is_terminal() {
        print::note(&format!(
            "  {title}: rejected, because nobody can be asked here. Allow it in the configuration or with --mode."
        ));
        return AskOutcome::Cancelled;
    }
    print::note(&format!("\n? {title}"));
    for part in call.fields.content.iter().flatten() {
        print::note(&shown(part));
    }
    for (at, option) in options.iter().enumerate() {
        print::note(&format!("  {}  {}", at + 1, escape_for_display(&option.name)));
    }
    print::question("  your choice: ");
    let answer = tokio::task::spawn_blocking(|| {
        let mut line = String::new();
        std::io::stdin().read_line(&mut line).map(|_| line)
    });
    let choice = answer.await.ok().and_then(Result::ok).and_then(|line| line.trim().parse::<usize>().ok());
    match choice.and_then(|at| options.get(at.checked_sub(1)?)) {
        Some(option) => AskOutcome::Selected { option: option.option_id.0.to_string() },
        None => AskOutcome::Cancelled,
    }
}

/// What is to be judged, in full: a command, a diff, the reason for asking.
fn shown(part: &ToolCallContent) -> String {
    match part {
        ToolCallContent::Content(content) => match &content.content {
            ContentBlock::Text(text) => clean(&text.text),
            _ => "(something that cannot be shown here)".to_owned(),
        },
        ToolCallContent::Diff(diff) => {
            let (old, new) = (diff.old_text.as_deref().unwrap_or_default(), diff.new_text.as_str());
            let changes = similar::TextDiff::from_lines(old, new);
            let text = changes.unified_diff().context_radius(3).to_string();
            format!("{}\n{}", escape_for_display(&diff.path.display().to_string()), clean(&text))
        }
        _ => "(something that cannot be shown here)".to_owned(),
    }
}

fn conclude(stop: &TurnStop, json: bool) -> ExitCode {
    if !json {
        print::line("");
    }
    match stop {
        TurnStop::Finished { reason: StopReason::EndTurn } => ExitCode::SUCCESS,
        TurnStop::Finished { reason: StopReason::Cancelled } => print::failure(130, "cancelled"),
        TurnStop::Finished { reason } => {
            print::failure(exit::TEMPORARY, &format!("the turn stopped early: {reason:?}"))
        }
        TurnStop::Failed { message } => print::failure(exit::UNAVAILABLE, message),
        TurnStop::Interrupted => print::failure(exit::TEMPORARY, "interrupted"),
    }
}
