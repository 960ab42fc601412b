//! What a session did to files, as its events tell it: which turn can be taken back, and what that comes to.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Event, EventKind, Seq, TurnId};
use crate::acp::{ContentBlock, ToolKind};

/// Commands of one turn that are remembered.
const COMMANDS: usize = 32;
/// Characters of a turn's name.
const NAME: usize = 60;

#[cfg(test)]
mod tests;

/// The turns that changed files: a fold over a session's events. A turn whose changes come to nothing is none of them.
///
/// A turn that took others back is in their place: what it did can be taken back in turn, until a turn of another
/// kind changes a file.
#[derive(Debug, Default)]
pub struct FileHistory {
    running: Option<ChangedTurn>,
    /// In force, oldest first.
    done: Vec<ChangedTurn>,
    /// Turns that took others back and whose changes are in force, oldest first.
    undone: Vec<ChangedTurn>,
    whole: BTreeMap<PathBuf, FileChange>,
    /// Command lines that were proposed, by their call's id.
    proposed: HashMap<Arc<str>, String>,
}

/// A turn, and what it did to files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangedTurn {
    pub turn: TurnId,
    /// For people: the first line of its prompt, or of the prompt whose work it did again.
    pub name: String,
    /// By path.
    pub files: BTreeMap<PathBuf, FileChange>,
    /// Command lines it ran, as many as are remembered. What they changed is in `files` only where it was seen.
    pub commands: Vec<String>,
    /// The turns it took back.
    undid: Vec<TurnId>,
}

/// What several changes of one file come to. Digests are SHA-256 in hexadecimal; `None`: there is no file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileChange {
    /// Number of the [`EventKind::FileChanged`] that holds what the file was before.
    pub image: Seq,
    pub before: Option<String>,
    pub after: Option<String>,
    /// What was there before the last change.
    previous: Option<String>,
    /// Somebody else changed the file in between.
    interleaved: bool,
}

/// How a file is now, as seen from a change that is to be taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileState {
    /// As the change left it.
    AsLeft,
    /// As it was before the change.
    AsBefore,
    /// Somebody else has changed it.
    Foreign,
}

impl FileHistory {
    /// Takes in what happened next.
    pub fn take(&mut self, event: &Event) {
        match &event.kind {
            EventKind::PromptAccepted { turn, content, .. } => {
                self.settle();
                self.running = Some(ChangedTurn::new(*turn, name(content)));
            }
            EventKind::ToolProposed { call } if call.kind == ToolKind::Execute => {
                let line = call.raw_input.as_ref().and_then(|input| input.get("command")?.as_str());
                let line = line.unwrap_or(&call.title).to_owned();
                self.proposed.insert(Arc::clone(&call.tool_call_id.0), line);
            }
            EventKind::ToolStarted { update } => {
                if let (Some(turn), Some(line)) =
                    (&mut self.running, self.proposed.remove(&update.tool_call_id.0))
                    && turn.commands.len() < COMMANDS
                {
                    turn.commands.push(line);
                }
            }
            EventKind::FileChanged { path, before, after, .. } => {
                let change = FileChange::new(event.seq, before.digest(), after.clone());
                if let Some(turn) = &mut self.running {
                    extend(&mut turn.files, path, change.clone());
                }
                extend(&mut self.whole, path, change);
            }
            EventKind::TurnUndone { turn } => {
                if let Some(running) = &mut self.running {
                    running.undid.push(*turn);
                }
            }
            EventKind::TurnEnded { .. } => {
                self.settle();
                self.proposed.clear();
            }
            _ => {}
        }
    }

    /// Nothing more happens: a turn that has not ended counts as one that has.
    pub fn finish(mut self) -> Self {
        self.settle();
        self
    }

    /// The last turn whose changes are in force: what is taken back unless another one is named.
    pub fn last(&self) -> Option<&ChangedTurn> {
        self.done.last()
    }

    /// The last turn that took another one back, if nothing was changed since: what is taken back to have the other
    /// one's changes again.
    pub fn last_undone(&self) -> Option<&ChangedTurn> {
        self.undone.last()
    }

    /// The turns whose changes are in force, oldest first.
    pub fn turns(&self) -> &[ChangedTurn] {
        &self.done
    }

    /// What the whole session comes to, by path.
    pub fn files(&self) -> BTreeMap<PathBuf, FileChange> {
        let mut files = self.whole.clone();
        files.retain(|_, change| !change.is_nothing());
        files
    }

    fn settle(&mut self) {
        let Some(mut turn) = self.running.take() else { return };
        turn.files.retain(|_, change| !change.is_nothing());
        let (taken_back, kept): (Vec<_>, _) =
            std::mem::take(&mut self.done).into_iter().partition(|it| turn.undid.contains(&it.turn));
        self.done = kept;
        let redone = self.undone.extract_if(.., |it| turn.undid.contains(&it.turn)).last();
        let into = match (taken_back.as_slice(), redone) {
            ([one], _) => {
                turn.stands_for(one.name.clone(), &taken_back);
                &mut self.undone
            }
            ([first, .., last], _) => {
                turn.stands_for(format!("{} … {}", first.name, last.name), &taken_back);
                &mut self.undone
            }
            ([], Some(redone)) => {
                turn.stands_for(redone.name.clone(), &[redone]);
                &mut self.done
            }
            ([], None) => {
                if !turn.files.is_empty() {
                    self.undone.clear();
                }
                &mut self.done
            }
        };
        if !turn.files.is_empty() {
            into.push(turn);
        }
    }
}

impl ChangedTurn {
    fn new(turn: TurnId, name: String) -> Self {
        Self { turn, name, files: BTreeMap::new(), commands: Vec::new(), undid: Vec::new() }
    }

    /// It took these turns back, and is known by what they were about.
    fn stands_for(&mut self, name: String, turns: &[Self]) {
        self.name = name;
        self.commands = turns.iter().flat_map(|turn| turn.commands.iter().cloned()).take(COMMANDS).collect();
    }
}

impl FileChange {
    fn new(image: Seq, before: Option<String>, after: Option<String>) -> Self {
        Self { image, previous: before.clone(), before, after, interleaved: false }
    }

    /// How the file is, by the digest of what it holds now.
    pub fn state(&self, now: Option<&str>) -> FileState {
        let now = now.map(str::to_owned);
        if now == self.before {
            FileState::AsBefore
        } else if self.interleaved {
            FileState::Foreign
        } else if now == self.after || now == self.previous {
            // A change is announced before it is made: a process that was killed in between never made it.
            FileState::AsLeft
        } else {
            FileState::Foreign
        }
    }

    fn is_nothing(&self) -> bool {
        self.before == self.after
    }

    /// Takes in the change that came next.
    fn then(&mut self, next: Self) {
        // Where the file was still as before the last change, that change was never made.
        self.interleaved |= next.before != self.after && next.before != self.previous;
        (self.previous, self.after) = (next.before, next.after);
    }
}

fn extend(files: &mut BTreeMap<PathBuf, FileChange>, path: &Path, change: FileChange) {
    match files.get_mut(path) {
        Some(known) => known.then(change),
        None => drop(files.insert(path.to_owned(), change)),
    }
}

fn name(content: &[ContentBlock]) -> String {
    let texts = content.iter().filter_map(|block| match block {
        ContentBlock::Text(text) => text.text.lines().map(str::trim).find(|line| !line.is_empty()),
        _ => None,
    });
    let line = texts.into_iter().next().unwrap_or_default();
    let mut name: String = line.chars().take(NAME).collect();
    if name.len() < line.len() {
        name.push('…');
    }
    name
}
