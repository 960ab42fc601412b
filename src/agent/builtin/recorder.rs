//! Records what files were before a turn changes them, so that the turn can be taken back.
//!
//! Changes through [`Files`] are recorded before they are made (law L6). What a command changes is known only
//! afterwards, and only of files that the session has changed before: a formatter does not keep a turn from being
//! taken back, but what else a command does to the disk stays.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::future::BoxFuture;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::agent::{Hands, Turn, TurnFault};
use crate::event::{EventKind, FileImage, NoticeLevel};
use crate::workspace::{
    Command, Commands, Expected, FileData, Files, Fingerprint, Finished, Live, Place, Workspace,
    WorkspaceError,
};

/// Bytes of a file that is recorded.
pub(super) const LARGEST: u64 = 10 * 1024 * 1024;
/// Files that are looked at before and after a command: those that were changed last.
const WATCHED: usize = 256;
/// Bytes of them in all.
const WATCHED_BYTES: u64 = 16 * 1024 * 1024;

/// The files that a session has changed, as far as commands are watched for them.
#[derive(Debug, Default)]
pub(super) struct Watched(Mutex<LastChanges>);

#[derive(Debug, Default)]
struct LastChanges {
    /// Changes so far.
    count: u64,
    /// The last change of each file, the latest first.
    files: VecDeque<LastChange>,
}

/// What a file was and is by its last change, as digests.
#[derive(Debug)]
struct LastChange {
    /// Which of all changes it was, counted from 1.
    number: u64,
    path: PathBuf,
    before: Option<String>,
    after: Option<String>,
}

impl Watched {
    /// Takes in what happened.
    pub(super) fn take(&self, kind: &EventKind) {
        let EventKind::FileChanged { path, before, after, .. } = kind else { return };
        let mut changes = self.lock();
        changes.count += 1;
        let number = changes.count;
        changes.files.retain(|known| known.path != *path);
        let (path, before, after) = (path.clone(), before.digest(), after.clone());
        changes.files.push_front(LastChange { number, path, before, after });
        changes.files.truncate(WATCHED);
    }

    fn count(&self) -> u64 {
        self.lock().count
    }

    fn paths(&self) -> Vec<PathBuf> {
        self.lock().files.iter().map(|file| file.path.clone()).collect()
    }

    /// Whether the file is `now` what a change behind the first `count` ones tells: written, or about to be.
    fn tells(&self, count: u64, path: &Path, now: Option<Fingerprint>) -> bool {
        let changes = self.lock();
        let last = changes.files.iter().find(|known| known.path == path && known.number > count);
        let now = now.map(|now| now.to_string());
        last.is_some_and(|last| last.after == now || last.before == now)
    }

    fn lock(&self) -> MutexGuard<'_, LastChanges> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The hands of a turn that record what they do.
pub(super) fn recording(hands: Hands, turn: &Turn, workspace: &Workspace, watched: &Arc<Watched>) -> Hands {
    let record = Record { turn: turn.clone(), workspace: workspace.clone(), watched: Arc::clone(watched) };
    let files = Arc::new(RecordedFiles { record: record.clone(), files: hands.files });
    let commands = Arc::new(RecordedCommands { record, commands: hands.commands });
    Hands { files, commands, ..hands }
}

/// Where changes are written down.
#[derive(Debug, Clone)]
struct Record {
    turn: Turn,
    workspace: Workspace,
    watched: Arc<Watched>,
}

impl Record {
    /// Returns when the changes are durable.
    async fn write(&self, changes: Vec<EventKind>) -> Result<(), TurnFault> {
        for change in &changes {
            self.watched.take(change);
        }
        if changes.is_empty() { Ok(()) } else { self.turn.commit(changes).await }
    }
}

fn change(seen: &Seen, after: Option<Fingerprint>) -> EventKind {
    EventKind::FileChanged {
        path: seen.place.path().to_owned(),
        before: FileImage::of(seen.data.as_ref().map(|data| data.bytes.as_slice())),
        after: after.map(|after| after.to_string()),
        permissions: seen.bits,
    }
}

/// A file before or after a change.
#[derive(Debug)]
struct Seen {
    place: Place,
    data: Option<FileData>,
    bits: Option<u32>,
}

impl Seen {
    fn new(workspace: &Workspace, place: Place, data: Option<FileData>) -> Self {
        let bits = data.as_ref().and_then(|_| workspace.permission_bits(&place).ok());
        Self { place, data, bits }
    }
}

/// Files whose changes are recorded.
#[derive(Debug)]
struct RecordedFiles {
    record: Record,
    files: Arc<dyn Files>,
}

impl RecordedFiles {
    /// Makes a change that is written down first. What came of it is looked at: a write may fail, and an editor may
    /// format what it is given, which is a part of the change.
    async fn change(
        &self,
        place: Place,
        after: Option<Fingerprint>,
        expected: Expected,
        deed: BoxFuture<'_, Result<(), WorkspaceError>>,
    ) -> Result<(), WorkspaceError> {
        let Some(before) = self.look(place, after, expected).await? else { return deed.await };
        self.write(&before, after).await?;
        let done = deed.await;
        let now = match self.files.read(before.place.clone(), LARGEST).await {
            Ok(data) => Some(data.fingerprint),
            Err(WorkspaceError::NotFound { .. }) => None,
            Err(_) => after,
        };
        let found = before.data.as_ref().map(|data| data.fingerprint);
        // A change that failed has not made the file into something third: somebody else has.
        let now = if done.is_err() && now != after { found } else { now };
        let corrected = if now == after { Ok(()) } else { self.write(&before, now).await };
        done.and(corrected)
    }

    /// The file as it is, if it is what whoever changes it believes; `None`: there is nothing to write down.
    async fn look(
        &self,
        place: Place,
        after: Option<Fingerprint>,
        expected: Expected,
    ) -> Result<Option<Seen>, WorkspaceError> {
        let data = match self.files.read(place.clone(), LARGEST).await {
            Ok(data) => Some(data),
            Err(WorkspaceError::NotFound { .. }) => None,
            Err(WorkspaceError::TooLarge { size, .. }) => {
                return self.warn(&place, size).await.map(|()| None);
            }
            Err(error) => return Err(error),
        };
        let found = data.as_ref().map(|data| data.fingerprint);
        let how = match (expected, found) {
            (Expected::Absent, Some(_)) => Some("the file exists already"),
            (Expected::Content(_), None) => Some("the file is gone"),
            (Expected::Content(seen), Some(found)) if found != seen => {
                Some("its content is not what was read")
            }
            _ => None,
        };
        match how {
            Some(how) => Err(WorkspaceError::Changed { path: place.path().to_owned(), how }),
            None if found == after => Ok(None),
            None => Ok(Some(Seen::new(&self.record.workspace, place, data))),
        }
    }

    async fn write(&self, before: &Seen, after: Option<Fingerprint>) -> Result<(), WorkspaceError> {
        let written = self.record.write(vec![change(before, after)]).await;
        written.map_err(|fault| not_recorded(&before.place, &fault))
    }

    async fn warn(&self, place: &Place, size: u64) -> Result<(), WorkspaceError> {
        let title = format!("{} cannot be taken back", place.path().display());
        let detail =
            format!("It is changed now and holds {size} bytes; up to {LARGEST} are kept for undoing.");
        let notice = EventKind::Notice { level: NoticeLevel::Warning, title, detail: Some(detail) };
        self.record.turn.emit(vec![notice]).await.map_err(|fault| not_recorded(place, &fault))
    }
}

fn not_recorded(place: &Place, fault: &TurnFault) -> WorkspaceError {
    let source = std::io::Error::other(fault.to_string());
    WorkspaceError::Io { path: place.path().to_owned(), doing: "record the change of", source }
}

impl Files for RecordedFiles {
    fn read(&self, place: Place, limit: u64) -> BoxFuture<'_, Result<FileData, WorkspaceError>> {
        self.files.read(place, limit)
    }

    fn replace(
        &self,
        place: Place,
        bytes: Vec<u8>,
        expected: Expected,
    ) -> BoxFuture<'_, Result<(), WorkspaceError>> {
        let after = Some(Fingerprint::of(&bytes));
        let deed = self.files.replace(place.clone(), bytes, expected);
        Box::pin(self.change(place, after, expected, deed))
    }

    fn remove(&self, place: Place, expected: Expected) -> BoxFuture<'_, Result<(), WorkspaceError>> {
        let deed = self.files.remove(place.clone(), expected);
        Box::pin(self.change(place, None, expected, deed))
    }
}

/// Commands whose changes to watched files are recorded.
#[derive(Debug)]
struct RecordedCommands {
    record: Record,
    commands: Arc<dyn Commands>,
}

impl Commands for RecordedCommands {
    fn run(
        &self,
        command: Command,
        output: mpsc::Sender<Live>,
        cancel: CancellationToken,
    ) -> BoxFuture<'_, Result<Finished, WorkspaceError>> {
        Box::pin(async move {
            let count = self.record.watched.count();
            let before = self.look().await;
            let finished = self.commands.run(command, output, cancel).await;
            self.compare(before, count).await?;
            finished
        })
    }
}

impl RecordedCommands {
    /// The watched files as they are now, as many as can be held.
    async fn look(&self) -> Vec<Seen> {
        let paths = self.record.watched.paths();
        if paths.is_empty() {
            return Vec::new();
        }
        let workspace = self.record.workspace.clone();
        let look = move || {
            let mut room = WATCHED_BYTES;
            let seen = paths.iter().filter_map(|path| {
                let seen = look_at(&workspace, path, room)?;
                room -= seen.data.as_ref().map_or(0, |data| data.bytes.len() as u64);
                Some(seen)
            });
            seen.collect()
        };
        tokio::task::spawn_blocking(look).await.unwrap_or_default()
    }

    /// Writes down which files differ, but for those that something else has changed meanwhile and written down: the
    /// changes before the command were `count`.
    async fn compare(&self, before: Vec<Seen>, count: u64) -> Result<(), WorkspaceError> {
        let Some(place) = before.first().map(|seen| seen.place.clone()) else { return Ok(()) };
        let workspace = self.record.workspace.clone();
        let compare = move || {
            let now = |seen: &Seen| look_at(&workspace, seen.place.path(), LARGEST);
            let both = before.into_iter().filter_map(|seen| now(&seen).map(|now| (seen, now)));
            both.filter(|(seen, now)| seen.data != now.data).collect::<Vec<_>>()
        };
        let differing = tokio::task::spawn_blocking(compare).await.unwrap_or_default();
        let changes = differing.iter().filter_map(|(seen, now)| {
            let now = now.data.as_ref().map(|it| it.fingerprint);
            let told = self.record.watched.tells(count, seen.place.path(), now);
            (!told).then(|| change(seen, now))
        });
        self.record.write(changes.collect()).await.map_err(|fault| not_recorded(&place, &fault))
    }
}

/// `None` where the path leads elsewhere now, or to what cannot be read whole.
fn look_at(workspace: &Workspace, path: &Path, limit: u64) -> Option<Seen> {
    let place = workspace.place(path.to_str()?).ok().filter(|place| place.path() == path)?;
    let data = match workspace.read(&place, limit) {
        Ok(data) => Some(data),
        Err(WorkspaceError::NotFound { .. }) => None,
        Err(_) => return None,
    };
    Some(Seen::new(workspace, place, data))
}
