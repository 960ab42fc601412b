//! Puts files back: looks at all of them first, then writes all of them or none.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};

use crate::agent::History;
use crate::agent::builtin::recorder::LARGEST;
use crate::event::{EventKind, FileChange, FileImage, FileState, Seq};
use crate::workspace::{Expected, FileData, Files, Place, Workspace, WorkspaceError};

/// What files are put back with.
pub(super) struct Restorer<'a> {
    pub(super) workspace: &'a Workspace,
    pub(super) files: &'a dyn Files,
    pub(super) history: &'a dyn History,
    /// Why a file may never be written, if so.
    pub(super) forbidden: &'a (dyn Fn(&Path) -> Option<String> + Sync),
}

/// One file to be put back.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) place: Place,
    now: Option<FileData>,
    before: Option<FileData>,
    /// Permission bits of a file that is to come back.
    bits: Option<u32>,
}

impl Step {
    /// What is done to the file.
    pub(super) fn deed(&self) -> &'static str {
        match (&self.now, &self.before) {
            _ if self.is_done() => "nothing to do in",
            (_, None) => "removed",
            (None, Some(_)) => "created",
            (Some(_), Some(_)) => "restored",
        }
    }

    fn is_done(&self) -> bool {
        self.now == self.before
    }
}

impl Restorer<'_> {
    /// Looks at every file; `Err` says which cannot be put back, and why.
    pub(super) async fn look(
        &self,
        files: &BTreeMap<PathBuf, FileChange>,
    ) -> Result<Vec<Step>, Vec<(PathBuf, String)>> {
        let (mut steps, mut reasons) = (Vec::new(), Vec::new());
        let mut images = self.images(files).await;
        for (path, change) in files {
            match self.step(path, change, images.remove(&change.image)).await {
                Ok(step) => steps.push(step),
                Err(reason) => reasons.push((path.clone(), reason)),
            }
        }
        if reasons.is_empty() { Ok(steps) } else { Err(reasons) }
    }

    async fn step(
        &self,
        path: &Path,
        change: &FileChange,
        image: Option<(FileImage, Option<u32>)>,
    ) -> Result<Step, String> {
        if let Some(reason) = (self.forbidden)(path) {
            return Err(reason);
        }
        let name = path.to_str().ok_or("its name is not Unicode")?;
        let place = self.workspace.place(name).map_err(|e| e.to_string())?;
        if place.path() != path {
            return Err("a symbolic link leads elsewhere now".to_owned());
        }
        let now = match self.files.read(place.clone(), LARGEST).await {
            Ok(data) => Some(data),
            Err(WorkspaceError::NotFound { .. }) => None,
            Err(WorkspaceError::TooLarge { .. }) => return Err("it was changed since".to_owned()),
            Err(error) => return Err(error.to_string()),
        };
        let digest = now.as_ref().map(|data| data.fingerprint.to_string());
        if change.state(digest.as_deref()) == FileState::Foreign {
            return Err("it was changed since".to_owned());
        }
        let lost = "what it was before is not in the session any more";
        let (image, bits) = image.filter(|(image, _)| image.digest() == change.before).ok_or(lost)?;
        let before = image.bytes().map_err(|_| lost)?.map(FileData::new);
        Ok(Step { bits: bits.filter(|_| now.is_none()), place, now, before })
    }

    /// What the files were, by the number of the event that tells it; some may be lost.
    async fn images(&self, files: &BTreeMap<PathBuf, FileChange>) -> HashMap<Seq, (FileImage, Option<u32>)> {
        let numbers = files.values().map(|change| change.image);
        let (first, last) = (numbers.clone().min().unwrap_or(1), numbers.clone().max().unwrap_or(0));
        let wanted: HashSet<_> = numbers.collect();
        let (mut images, mut after) = (HashMap::new(), first - 1);
        while after < last {
            let page = self.history.read(after).await.unwrap_or_default();
            let Some(end) = page.last() else { break };
            after = end.seq;
            for event in page.iter().filter(|event| wanted.contains(&event.seq)) {
                if let EventKind::FileChanged { before, permissions, .. } = &event.kind {
                    images.insert(event.seq, (before.clone(), *permissions));
                }
            }
        }
        images
    }

    /// Puts all files back. If one cannot be, the others are left as they were; `Err` says why.
    pub(super) async fn make(&self, steps: &[Step]) -> Result<(), String> {
        for (number, step) in steps.iter().enumerate().filter(|(_, step)| !step.is_done()) {
            let Err(error) = self.write(step).await else { continue };
            let mut left = Vec::new();
            for step in steps.iter().take(number).rev().filter(|step| !step.is_done()) {
                if let Err(error) = self.swap(&step.place, step.before.as_ref(), step.now.as_ref()).await {
                    tracing::warn!(%error, "a file is not as it was before the attempt");
                    left.push(step.place.path().display().to_string());
                }
            }
            let left = left.join(", ");
            return Err(if left.is_empty() { error.to_string() } else { format!("{error}; look at {left}") });
        }
        Ok(())
    }

    async fn write(&self, step: &Step) -> Result<(), WorkspaceError> {
        let (now, before) = (step.now.as_ref(), step.before.as_ref());
        self.swap(&step.place, now, before).await?;
        let Some(bits) = step.bits else { return Ok(()) };
        let dressed = self.workspace.set_permission_bits(&step.place, bits);
        if dressed.is_err() {
            self.swap(&step.place, before, now).await?;
        }
        dressed
    }

    async fn swap(
        &self,
        place: &Place,
        from: Option<&FileData>,
        to: Option<&FileData>,
    ) -> Result<(), WorkspaceError> {
        let expected = from.map_or(Expected::Absent, |data| Expected::Content(data.fingerprint));
        match to {
            Some(data) => self.files.replace(place.clone(), data.bytes.clone(), expected).await,
            None => self.files.remove(place.clone(), expected).await,
        }
    }
}
