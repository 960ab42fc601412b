//! Looking at many files: which ones, and for how long.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use ignore::{DirEntry, WalkBuilder};
use tokio_util::sync::CancellationToken;

use super::limit;
use super::output::Failure;
use crate::workspace::Place;

/// Everything below a folder that `.gitignore` and `.ignore` files do not name. Hidden files count, `.git` does
/// not; symbolic links are entries and never ways.
///
/// Rules come from the folders of the workspace alone. A folder that is itself ignored is walked when it is
/// asked for.
#[derive(Debug)]
pub(super) struct Walk {
    folder: PathBuf,
    /// How far the folder lies below where the walk starts.
    above: usize,
    builder: WalkBuilder,
}

impl Walk {
    pub(super) fn new(place: &Place) -> Self {
        let folder = place.path().to_owned();
        let depth = place.relative().components().count();
        let root = folder.ancestors().nth(depth).unwrap_or(&folder).to_owned();
        let reached = depth > 0 && {
            let mut way = start(&root);
            lead(&mut way, &folder, false);
            way.max_depth(Some(depth)).build().flatten().any(|entry| entry.path() == folder)
        };
        if reached {
            let mut builder = start(&root);
            lead(&mut builder, &folder, true);
            return Self { folder, above: depth, builder };
        }
        let mut builder = start(&folder);
        builder.filter_entry(|entry| !is_repository(entry));
        Self { folder, above: 0, builder }
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Only so many levels below the folder.
    pub(super) fn levels(mut self, levels: usize) -> Self {
        self.builder.max_depth(Some(self.above + levels));
        self
    }

    /// Whether this is an entry below the folder, and not the folder itself or what leads to it.
    pub(super) fn is_below(&self, entry: &DirEntry) -> bool {
        entry.depth() > self.above
    }

    pub(super) fn builder(&self) -> &WalkBuilder {
        &self.builder
    }
}

fn start(folder: &Path) -> WalkBuilder {
    let mut builder = WalkBuilder::new(folder);
    builder
        .current_dir(folder)
        .parents(false)
        .git_global(false)
        .require_git(false)
        .hidden(false)
        .follow_links(false);
    builder
}

/// Keeps a walk on the way to a folder and, if wanted, below it.
fn lead(builder: &mut WalkBuilder, folder: &Path, below: bool) {
    let folder = folder.to_owned();
    builder.filter_entry(move |entry| {
        let on_the_way = folder.starts_with(entry.path());
        on_the_way || (below && entry.path().starts_with(&folder) && !is_repository(entry))
    });
}

fn is_repository(entry: &DirEntry) -> bool {
    entry.depth() > 0 && entry.file_name() == OsStr::new(".git")
}

/// What came of looking at many files.
#[derive(Debug)]
pub(super) struct Swept<T> {
    pub(super) found: T,
    /// Whether it was ended because it took too long.
    pub(super) late: bool,
}

/// Runs work that blocks, away from the async threads. The token it gets is cancelled when the call is, when it
/// is dropped, and when [`limit::TIME`] is over; the work then returns what it has.
pub(super) async fn sweep<T: Send + 'static>(
    cancel: &CancellationToken,
    work: impl FnOnce(&CancellationToken) -> T + Send + 'static,
) -> Result<Swept<T>, Failure> {
    let stop = cancel.child_token();
    let token = stop.clone();
    let _ends_with_the_call = stop.clone().drop_guard();
    let mut task = tokio::task::spawn_blocking(move || work(&token));
    let in_time = tokio::time::timeout(limit::TIME, &mut task).await;
    let late = in_time.is_err();
    let done = if let Ok(done) = in_time {
        done
    } else {
        stop.cancel();
        task.await
    };
    if cancel.is_cancelled() {
        return Err(Failure("cancelled".to_owned()));
    }
    let found = done.map_err(|error| Failure(format!("the work broke off: {error}")))?;
    Ok(Swept { found, late })
}
