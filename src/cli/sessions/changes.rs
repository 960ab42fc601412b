//! What a session changed in files, as its journal and the disk tell it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::acp::SessionId;
use crate::cli::plain::one_line;
use crate::cli::{exit, print};
use crate::event::{ChangedTurn, EventKind, FileChange, FileHistory, FileState};
use crate::store::{SessionRecord, Store};
use crate::workspace::{FileData, Workspace, WorkspaceError};

/// Bytes of a file that is compared: what a session keeps of one.
const LARGEST: u64 = 10 * 1024 * 1024;

/// A session's changes.
pub(super) struct Changes {
    record: SessionRecord,
    workspace: Workspace,
    history: FileHistory,
}

/// Which of them are meant.
#[derive(Debug, Clone, Copy)]
pub(super) enum Which {
    Last,
    Turn(u64),
    All,
}

impl Changes {
    pub(super) async fn read(store: &dyn Store, id: &SessionId) -> anyhow::Result<Self> {
        let record = store.find(id).await?;
        let workspace = Workspace::open(&record.cwd, &record.additional)?;
        let (mut history, mut after) = (FileHistory::default(), 0);
        loop {
            let events = store.read(id, after, 512).await?;
            let Some(last) = events.last() else {
                return Ok(Self { record, workspace, history: history.finish() });
            };
            after = last.seq;
            for event in &events {
                history.take(event);
            }
        }
    }

    /// Turns whose changes are in force, oldest first.
    pub(super) fn turns(&self) -> &[ChangedTurn] {
        self.history.turns()
    }

    /// The files that are meant; empty where nothing is to be found.
    pub(super) fn files(&self, which: Which) -> BTreeMap<PathBuf, FileChange> {
        let turn = match which {
            Which::All => return self.history.files(),
            Which::Last => self.history.last(),
            Which::Turn(number) => self.history.turns().iter().find(|turn| turn.turn.0 == number),
        };
        turn.map(|turn| turn.files.clone()).unwrap_or_default()
    }

    /// What the file holds now; `None`: there is no file.
    pub(super) fn now(&self, path: &Path) -> anyhow::Result<Option<FileData>> {
        let name = path.to_str().ok_or_else(|| anyhow::anyhow!("its name is not Unicode"))?;
        let place = self.workspace.place(name)?;
        anyhow::ensure!(place.path() == path, "a symbolic link leads elsewhere now");
        match self.workspace.read(&place, LARGEST) {
            Ok(data) => Ok(Some(data)),
            Err(WorkspaceError::NotFound { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// How the file is, as seen from a change that is to be taken back.
    pub(super) fn state(&self, path: &Path, change: &FileChange) -> anyhow::Result<FileState> {
        let digest = self.now(path)?.map(|data| data.fingerprint.to_string());
        Ok(change.state(digest.as_deref()))
    }

    /// What the file held before; `None`: there was no file.
    async fn before(&self, store: &dyn Store, change: &FileChange) -> anyhow::Result<Option<Vec<u8>>> {
        let events = store.read(&self.record.id, change.image - 1, 1).await?;
        match events.first().map(|event| &event.kind) {
            Some(EventKind::FileChanged { before, .. }) => Ok(before.bytes()?),
            _ => anyhow::bail!("what it was before is not in the session any more"),
        }
    }

    /// A path as people know it.
    pub(super) fn shown(&self, path: &Path) -> String {
        let path = path.strip_prefix(self.workspace.cwd()).unwrap_or(path);
        one_line(&path.display().to_string())
    }
}

/// Prints what the session, or one turn of it, changed.
pub(super) async fn diff(store: &dyn Store, id: &SessionId, turn: Option<u64>) -> anyhow::Result<ExitCode> {
    let changes = Changes::read(store, id).await?;
    let files = changes.files(turn.map_or(Which::All, Which::Turn));
    if let (Some(number), true) = (turn, files.is_empty()) {
        let text = format!("turn {number} has no file changes that are in force; {}", turns(&changes));
        return Ok(print::failure(exit::UNAVAILABLE, &text));
    }
    if turn.is_none() && !files.is_empty() {
        print::note(&turns(&changes));
    }
    let mut whole = true;
    for (path, change) in &files {
        let both = match changes.before(store, change).await {
            Ok(before) => changes.now(path).map(|now| (before, now.map(|data| data.bytes))),
            Err(error) => Err(error),
        };
        match both {
            Ok((before, now)) => {
                print::text(&unified(&changes.shown(path), before.as_deref(), now.as_deref()))?
            }
            Err(error) => {
                print::note(&format!("adjutant: {}: {error}", changes.shown(path)));
                whole = false;
            }
        }
    }
    Ok(if whole { ExitCode::SUCCESS } else { ExitCode::from(exit::UNAVAILABLE) })
}

/// The turns that can be named, on one line.
pub(super) fn turns(changes: &Changes) -> String {
    let turns = changes.turns().iter().map(|turn| {
        let files = turn.files.len();
        format!(
            "{} “{}” ({files} {})",
            turn.turn,
            one_line(&turn.name),
            if files == 1 { "file" } else { "files" }
        )
    });
    let turns: Vec<_> = turns.collect();
    if turns.is_empty() { "no turn has any".to_owned() } else { format!("turns: {}", turns.join(", ")) }
}

/// A unified diff as `git` writes it; empty where nothing differs.
fn unified(name: &str, before: Option<&[u8]>, now: Option<&[u8]>) -> String {
    if before == now {
        return String::new();
    }
    let side = |prefix: &str, bytes: Option<&[u8]>| match bytes {
        Some(_) => format!("{prefix}/{name}"),
        None => "/dev/null".to_owned(),
    };
    let (from, to) = (side("a", before), side("b", now));
    let text = |bytes: Option<&[u8]>| {
        let bytes = bytes.unwrap_or_default();
        std::str::from_utf8(bytes).ok().filter(|text| !text.contains('\0')).map(str::to_owned)
    };
    let (Some(before), Some(now)) = (text(before), text(now)) else {
        return format!("Binary files {from} and {to} differ\n");
    };
    let changes = similar::TextDiff::from_lines(&before, &now);
    let diff = changes.unified_diff().context_radius(3).header(&from, &to).to_string();
    // A file of no bytes has no lines that could differ.
    if diff.is_empty() { format!("--- {from}\n+++ {to}\n") } else { diff }
}
