//! What is done on the disk, and undone again if it cannot all be done.

use std::fmt;

use crate::acp::ToolCallContent;
use crate::tool::edit::listed;
use crate::tool::output::Failure;
use crate::tool::{ToolContext, label, limit};
use crate::workspace::{Expected, Fingerprint, Place, WorkspaceError};

/// The change of one file.
#[derive(Debug)]
pub(in crate::tool) struct Deed {
    pub(super) place: Place,
    pub(in crate::tool) name: String,
    pub(in crate::tool) what: What,
    /// The content before; `None`: there was no file.
    pub(super) before: Option<Vec<u8>>,
    pub(super) expected: Expected,
    /// The content after; `None`: the file goes.
    pub(super) after: Option<Vec<u8>>,
    /// The fingerprint of the content after.
    pub(super) written: Option<Fingerprint>,
    /// Where it changed, as lines of the file before.
    pub(in crate::tool) lines: Vec<usize>,
    pub(super) preview: Vec<ToolCallContent>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::tool) enum What {
    Created,
    Edited,
    Deleted,
    /// Another file got this name.
    Moved {
        from: String,
        /// Where it lies until it is removed.
        place: Place,
    },
    /// This file got another name.
    MovedAway {
        to: String,
    },
}

impl What {
    pub(in crate::tool) fn word(&self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Edited => "edited",
            Self::Deleted => "deleted",
            Self::Moved { .. } => "moved",
            Self::MovedAway { .. } => "moved away",
        }
    }
}

/// As the model reads it once it is done.
impl fmt::Display for Deed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, what, lines, .. } = self;
        match (what, lines.as_slice()) {
            (What::Moved { from, .. }, _) => write!(f, "moved {from} to {name}"),
            (What::MovedAway { to }, _) => write!(f, "{name} is now {to}"),
            (What::Edited, [line]) => write!(f, "edited {name} at line {line}"),
            (What::Edited, [_, _, ..]) => {
                write!(f, "edited {name}: {} replacements, at lines {}", lines.len(), listed(lines))
            }
            (what, _) => write!(f, "{} {name}", what.word()),
        }
    }
}

/// Makes all changes. If one fails, those before it are taken back.
pub(super) async fn make(context: &ToolContext, deeds: &[Deed]) -> Result<(), Failure> {
    if deeds.len() > 1 {
        look_again(context, deeds).await?;
    }
    for (number, deed) in deeds.iter().enumerate() {
        let (made, done) = match deed.write(context).await {
            Ok(()) => (deed.dress(context), number + 1),
            failed => (failed, number),
        };
        if let Err(error) = made {
            let done = deeds.get(..done).unwrap_or_default();
            let left = take_back(context, done).await;
            let state = match (done, left.as_slice()) {
                ([], _) => return Err(error.into()),
                (_, []) => "nothing was changed".to_owned(),
                (_, left) => format!("{} could not be restored: look at them", left.join(", ")),
            };
            return Err(Failure(format!("{error}; {state}")));
        }
    }
    for deed in deeds {
        // What was never read is not known from one change in it; a new file is.
        if let Some(written) = deed.written
            && (deed.before.is_none() || context.seen.last(deed.place.path()).is_some())
        {
            context.seen.note(deed.place.path(), written);
        }
    }
    Ok(())
}

/// Finds out what has changed meanwhile before anything is written.
async fn look_again(context: &ToolContext, deeds: &[Deed]) -> Result<(), Failure> {
    for deed in deeds {
        let found = match context.files.read(deed.place.clone(), limit::FILE).await {
            Ok(data) => Expected::Content(data.fingerprint),
            Err(WorkspaceError::NotFound { .. }) => Expected::Absent,
            Err(error) => return Err(error.into()),
        };
        if found != deed.expected {
            let name = &deed.name;
            return Err(Failure(format!(
                "{name} changed meanwhile; look again before changing it. Nothing was changed"
            )));
        }
    }
    Ok(())
}

/// Undoes changes, the last one first; returns the names of the files for which that failed.
async fn take_back(context: &ToolContext, done: &[Deed]) -> Vec<String> {
    let mut left = Vec::new();
    for deed in done.iter().rev() {
        if let Err(error) = deed.take_back(context).await {
            tracing::warn!(file = %label::path(&context.workspace, deed.place.path()), %error, "not restored");
            left.push(deed.name.clone());
        }
    }
    left
}

impl Deed {
    async fn write(&self, context: &ToolContext) -> Result<(), WorkspaceError> {
        match &self.after {
            Some(bytes) => context.files.replace(self.place.clone(), bytes.clone(), self.expected).await,
            None => context.files.remove(self.place.clone(), self.expected).await,
        }
    }

    /// Gives a file that was moved the permissions it had.
    fn dress(&self, context: &ToolContext) -> Result<(), WorkspaceError> {
        let What::Moved { place, .. } = &self.what else { return Ok(()) };
        // A file that could be read a moment ago; if it has gone since, removing it will tell.
        let Ok(bits) = context.workspace.permission_bits(place) else { return Ok(()) };
        match context.workspace.set_permission_bits(&self.place, bits) {
            // A client may keep a new file in a buffer: the disk will have it when it is saved there.
            Err(WorkspaceError::NotFound { .. }) => Ok(()),
            dressed => dressed,
        }
    }

    async fn take_back(&self, context: &ToolContext) -> Result<(), WorkspaceError> {
        let written = self.written.map_or(Expected::Absent, Expected::Content);
        match &self.before {
            Some(bytes) => context.files.replace(self.place.clone(), bytes.clone(), written).await,
            None => context.files.remove(self.place.clone(), written).await,
        }
    }
}
