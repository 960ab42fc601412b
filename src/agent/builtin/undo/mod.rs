//! `/undo` and `/redo`: takes the file changes of a turn back, and the taking back.
//!
//! A turn is taken back as a whole or not at all, and only while its files are as it left them. The taking back
//! is recorded like every other change, which is what makes it possible to take that back.

mod restore;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use super::BuiltinSession;
use crate::agent::{Hands, Turn, TurnFault};
use crate::event::{ChangedTurn, EventKind, FileChange, FileHistory, TurnId, TurnStop};
use crate::permission::{Action, Decision, Mode, Policy, escape_for_display};
use restore::{Restorer, Step};

/// What a person wants taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Command {
    /// The last turn that changed files.
    Undo,
    UndoTurn(TurnId),
    /// Everything the session did to files.
    UndoAll,
    /// The last taking back.
    Redo,
    /// Something else was typed behind the command.
    Unclear(String),
}

impl Command {
    /// A command's name, without the slash, and what was typed behind it; `None`: it is another command.
    pub(super) fn read(name: &str, arguments: &str) -> Option<Self> {
        let turn = || arguments.parse().ok().map(|turn| Self::UndoTurn(TurnId(turn)));
        match (name, arguments) {
            ("undo", "") => Some(Self::Undo),
            ("undo", "all") => Some(Self::UndoAll),
            ("redo", "") => Some(Self::Redo),
            ("undo", _) => turn().or_else(|| Some(Self::Unclear(arguments.to_owned()))),
            ("redo", _) => Some(Self::Unclear(arguments.to_owned())),
            _ => None,
        }
    }
}

/// Does it, and says what came of it.
pub(super) async fn run(
    session: &mut BuiltinSession,
    turn: &Turn,
    hands: &Hands,
    command: Command,
) -> TurnStop {
    let answer = match attempt(session, hands, &command).await {
        Ok(done) => done,
        Err(why) => Answer { text: why, undone: Vec::new() },
    };
    if let Err(fault) = note(session, turn, answer.undone).await {
        return TurnStop::Failed { message: fault.to_string() };
    }
    session.answered(turn, answer.text).await
}

/// What is told, and which turns were taken back.
struct Answer {
    text: String,
    undone: Vec<TurnId>,
}

/// Writes down which turns were taken back.
async fn note(session: &mut BuiltinSession, turn: &Turn, undone: Vec<TurnId>) -> Result<(), TurnFault> {
    let undone: Vec<_> = undone.into_iter().map(|turn| EventKind::TurnUndone { turn }).collect();
    for event in &undone {
        session.transcript.take(event);
    }
    if undone.is_empty() { Ok(()) } else { turn.commit(undone).await }
}

/// `Err` says why nothing was taken back.
async fn attempt(session: &BuiltinSession, hands: &Hands, command: &Command) -> Result<Answer, String> {
    if let Command::Unclear(rest) = command {
        let rest = escape_for_display(rest);
        return Err(format!("{rest:?} is not understood: say `/undo`, `/undo all`, `/undo 17` or `/redo`."));
    }
    let history = read(session).await?;
    let wanted = Wanted::find(&history, command)?;
    let restorer = Restorer {
        workspace: &session.seed.workspace,
        files: hands.files.as_ref(),
        history: session.seed.history.as_ref(),
        forbidden: &|path| forbidden(&session.policy, path),
    };
    let cwd = session.seed.workspace.cwd();
    let steps = restorer.look(&wanted.files).await.map_err(|reasons| wanted.refused(cwd, &reasons))?;
    restorer.make(&steps).await.map_err(|why| format!("Nothing was {}: {why}.", wanted.verb()))?;
    Ok(Answer { text: wanted.told(session, &steps), undone: wanted.turns })
}

async fn read(session: &BuiltinSession) -> Result<FileHistory, String> {
    let (mut history, mut after) = (FileHistory::default(), 0);
    loop {
        let page = session
            .seed
            .history
            .read(after)
            .await
            .map_err(|e| format!("The session cannot be read: {e}."))?;
        let Some(last) = page.last() else { return Ok(history) };
        after = last.seq;
        for event in &page {
            history.take(event);
        }
    }
}

/// Rules that ask are answered by whoever typed the command; what is never done, is not.
fn forbidden(policy: &Policy, path: &Path) -> Option<String> {
    let judgement = policy.clone().with_mode(Mode::Full).judge(&Action::Edit { path: path.to_owned() });
    (judgement.decision == Decision::Deny).then_some(judgement.reason)
}

/// What is to be taken back.
struct Wanted {
    /// For people: what the work was about; `None`: all of the session.
    name: Option<String>,
    turns: Vec<TurnId>,
    files: BTreeMap<PathBuf, FileChange>,
    commands: Vec<String>,
    again: bool,
}

impl Wanted {
    fn find(history: &FileHistory, command: &Command) -> Result<Self, String> {
        let of = |turn: &ChangedTurn| Self {
            name: Some(turn.name.clone()),
            turns: vec![turn.turn],
            files: turn.files.clone(),
            commands: turn.commands.clone(),
            again: false,
        };
        let none = || "There is nothing to take back: no turn of this session changed files.".to_owned();
        match command {
            Command::Undo | Command::Unclear(_) => history.last().map(of).ok_or_else(none),
            Command::UndoTurn(id) => {
                let turn = history.turns().iter().find(|turn| turn.turn == *id);
                turn.map(of).ok_or_else(|| {
                    let known: Vec<_> = history.turns().iter().map(|turn| turn.turn.to_string()).collect();
                    let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
                    format!("Turn {id} has no file changes to take back; turns that have: {known}.")
                })
            }
            Command::UndoAll if history.turns().is_empty() => Err(none()),
            Command::UndoAll => Ok(Self {
                name: None,
                turns: history.turns().iter().map(|turn| turn.turn).collect(),
                files: history.files(),
                commands: history.turns().iter().flat_map(|turn| turn.commands.clone()).collect(),
                again: false,
            }),
            Command::Redo => {
                let last = history.last_undone().map(|turn| Self { again: true, ..of(turn) });
                last.ok_or_else(|| {
                    "There is nothing to make again: nothing was taken back, or files were changed since."
                        .to_owned()
                })
            }
        }
    }

    fn verb(&self) -> &'static str {
        if self.again { "made again" } else { "taken back" }
    }

    fn refused(&self, cwd: &Path, reasons: &[(PathBuf, String)]) -> String {
        let mut text = format!("Nothing was {}:\n", self.verb());
        for (path, reason) in reasons {
            let _infallible = write!(text, "\n- {}: {reason}", shown(cwd, path));
        }
        text
    }

    fn told(&self, session: &BuiltinSession, steps: &[Step]) -> String {
        let cwd = session.seed.workspace.cwd();
        let of = match &self.name {
            Some(name) => format!("The file changes of “{}”", escape_for_display(name)),
            None => "All file changes of this session".to_owned(),
        };
        let mut text = format!("{of} were {}:\n", self.verb());
        for step in steps {
            let _infallible = write!(text, "\n- {} {}", step.deed(), shown(cwd, step.place.path()));
        }
        let commands: Vec<_> = self.commands.iter().filter(|line| !only_reads(session, line)).collect();
        if !commands.is_empty() && !self.again {
            text.push_str("\n\nWhat else these commands did was not taken back:\n");
            for line in commands {
                let line = line.lines().next().unwrap_or_default();
                let _infallible = write!(text, "\n- `{}`", escape_for_display(line));
            }
        }
        text.push_str(if self.again { "\n" } else { "\n\n`/redo` makes them again.\n" });
        text
    }
}

/// Whether a command line is known to change nothing: it would run in the plan mode.
fn only_reads(session: &BuiltinSession, line: &str) -> bool {
    let cwd = session.seed.workspace.cwd().to_owned();
    let policy = Policy::new(cwd.clone(), None).with_mode(Mode::Plan);
    policy.judge(&Action::Execute { command: line.to_owned(), cwd }).decision == Decision::Allow
}

/// A path as people know it.
fn shown(cwd: &Path, path: &Path) -> String {
    escape_for_display(&path.strip_prefix(cwd).unwrap_or(path).to_string_lossy())
}
