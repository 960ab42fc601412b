//! Takes back what a session did to files, as `/undo` in that session does.

use std::io::IsTerminal;
use std::process::ExitCode;

use anyhow::anyhow;

use super::changes::{Changes, Which, turns};
use crate::acp::{MessageId, SessionId};
use crate::app;
use crate::cli::args::Revert;
use crate::cli::{Setup, exit, print, run};
use crate::clock::Clock;
use crate::config::ConfigError;
use crate::engine::Engine;
use crate::event::{EventKind, FileState};

pub(super) async fn run(setup: &Setup, command: Revert) -> anyhow::Result<ExitCode> {
    let source = app::engine(setup.environment.clone(), setup.flags.clone());
    let engine = source.engine().map_err(|e| anyhow!(ConfigError::Invalid(e)))?;
    let id = SessionId::new(command.id.clone());
    let changes = Changes::read(engine.sessions.store().as_ref(), &id).await?;
    let which = match (command.all, command.turn) {
        (true, _) => Which::All,
        (false, Some(number)) => Which::Turn(number),
        (false, None) => Which::Last,
    };
    if let Some(refused) = preview(&changes, which)? {
        return Ok(refused);
    }
    if command.dry_run {
        return Ok(ExitCode::SUCCESS);
    }
    if !command.yes && !confirmed().await {
        let text = "nothing was taken back; --yes says yes where nobody can be asked";
        return Ok(print::failure(exit::TEMPORARY, text));
    }
    let done = take_back(&engine, &id, which).await;
    engine.sessions.shut_down().await;
    done
}

/// Prints what would be done; `Some` if it cannot.
fn preview(changes: &Changes, which: Which) -> anyhow::Result<Option<ExitCode>> {
    let files = changes.files(which);
    if files.is_empty() {
        let text = format!("there are no such file changes to take back; {}", turns(changes));
        return Ok(Some(print::failure(exit::UNAVAILABLE, &text)));
    }
    let mut refused = 0;
    for (path, change) in &files {
        let deed = match changes.state(path, change) {
            Ok(FileState::AsBefore) => "nothing to do in".to_owned(),
            Ok(FileState::AsLeft) if change.before.is_none() => "remove".to_owned(),
            Ok(FileState::AsLeft) if change.after.is_none() => "create".to_owned(),
            Ok(FileState::AsLeft) => "restore".to_owned(),
            Ok(FileState::Foreign) => {
                refused += 1;
                "cannot restore, because it was changed since:".to_owned()
            }
            Err(error) => {
                refused += 1;
                format!("cannot restore, because {error}:")
            }
        };
        print::line(&format!("{deed} {}", changes.shown(path)))?;
    }
    let text = "nothing was taken back: it is done for all of these files, or for none";
    Ok((refused > 0).then(|| print::failure(exit::TEMPORARY, text)))
}

async fn confirmed() -> bool {
    if !std::io::stdin().is_terminal() {
        return false;
    }
    print::question("Take these changes back? [y/N] ");
    let answer = tokio::task::spawn_blocking(|| {
        let mut line = String::new();
        std::io::stdin().read_line(&mut line).map(|_| line)
    });
    let line = answer.await.ok().and_then(Result::ok).unwrap_or_default();
    matches!(line.trim(), "y" | "Y" | "yes")
}

/// Has the session do it, so that it is a turn of it like any other and can be taken back in turn.
async fn take_back(engine: &Engine, id: &SessionId, which: Which) -> anyhow::Result<ExitCode> {
    let session = engine.sessions.load(id, None).await?;
    let mut events = session.subscribe(session.head());
    let command = match which {
        Which::Last => "/undo".to_owned(),
        Which::Turn(number) => format!("/undo {number}"),
        Which::All => "/undo all".to_owned(),
    };
    let message = MessageId::new(Clock::real().id());
    session.prompt(message, vec![command.into()], run::hands(engine, &session)).await?;
    let (mut undone, mut said) = (false, String::new());
    loop {
        for event in &events.next(256).await? {
            match &event.kind {
                EventKind::TurnUndone { .. } => undone = true,
                EventKind::Text { text, .. } => said.push_str(text),
                EventKind::TurnEnded { .. } if undone => return Ok(ExitCode::SUCCESS),
                EventKind::TurnEnded { .. } => return Ok(print::failure(exit::TEMPORARY, said.trim_end())),
                _ => {}
            }
        }
    }
}
