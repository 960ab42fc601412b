//! A client's editor as the source of files, so that unsaved text counts.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::acp::{CLIENT_METHOD_NAMES as CLIENT, FileSystemCapabilities, SessionId};
use crate::rpc::{Peer, PeerError};
use crate::session::SessionHandle;
use crate::workspace::{Expected, FileData, Files, Place, Text, Workspace, WorkspaceError};

/// Files through the client where it offers that, else from the disk. The jail is held before the client
/// is asked: a [`Place`] lies inside the workspace.
#[derive(Debug)]
pub(super) struct ClientFiles {
    peer: Peer,
    session: SessionId,
    reads: bool,
    writes: bool,
    workspace: Workspace,
    disk: Arc<dyn Files>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Read<'a> {
    session_id: &'a SessionId,
    path: &'a str,
}

#[derive(Deserialize)]
struct Content {
    #[serde(default)]
    content: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Write<'a> {
    session_id: &'a SessionId,
    path: &'a str,
    content: &'a str,
}

impl ClientFiles {
    pub(super) fn new(
        peer: Peer,
        session: &SessionHandle,
        offered: &FileSystemCapabilities,
        disk: Arc<dyn Files>,
    ) -> Self {
        let (reads, writes) = (offered.read_text_file, offered.write_text_file);
        Self {
            peer,
            session: session.id().clone(),
            reads,
            writes,
            workspace: session.info().workspace.clone(),
            disk,
        }
    }

    /// The text as the editor has it; `None` where the disk is to be taken instead.
    async fn buffer(&self, place: &Place) -> Option<String> {
        let path = place.path().to_str().filter(|_| self.reads)?;
        let request = Read { session_id: &self.session, path };
        match self.peer.request::<_, Content>(CLIENT.fs_read_text_file, &request).await {
            Ok(answer) => Some(answer.content),
            Err(e) => {
                tracing::debug!(path, error = %e, "read from the disk instead");
                None
            }
        }
    }

    /// What was resolved when the change was shown must still be so: the client writes by name, and would
    /// follow a link that was put in its place.
    async fn check(&self, place: &Place, expected: Expected) -> Result<(), WorkspaceError> {
        let changed = |how| Err(WorkspaceError::Changed { path: place.path().to_owned(), how });
        let now = match place.path().to_str() {
            Some(path) => self.workspace.place(path)?,
            None => return changed("its name is not Unicode"),
        };
        if now.path() != place.path() {
            return changed("it leads elsewhere now");
        }
        match expected {
            Expected::Anything => Ok(()),
            Expected::Absent if now.exists() => changed("it exists now"),
            Expected::Absent => Ok(()),
            Expected::Content(seen) => {
                let now = Files::read(self, now, u64::MAX).await?;
                if now.fingerprint == seen { Ok(()) } else { changed("its content is another one") }
            }
        }
    }
}

impl Files for ClientFiles {
    fn read(&self, place: Place, limit: u64) -> BoxFuture<'_, Result<FileData, WorkspaceError>> {
        Box::pin(async move {
            // What is no text, or too large, is no editor's business; and some clients answer "" for a
            // file that is not there.
            let disk = self.disk.read(place.clone(), limit).await?;
            if Text::decode(&disk.bytes).is_err() {
                return Ok(disk);
            }
            Ok(match self.buffer(&place).await {
                Some(text) if text.len() as u64 <= limit => FileData::new(text.into_bytes()),
                Some(_) | None => disk,
            })
        })
    }

    fn replace(
        &self,
        place: Place,
        bytes: Vec<u8>,
        expected: Expected,
    ) -> BoxFuture<'_, Result<(), WorkspaceError>> {
        Box::pin(async move {
            let text = match (std::str::from_utf8(&bytes), place.path().to_str()) {
                (Ok(text), Some(path)) if self.writes => Some((text, path)),
                _ => None,
            };
            let Some((content, path)) = text else { return self.disk.replace(place, bytes, expected).await };
            self.check(&place, expected).await?;
            let request = Write { session_id: &self.session, path, content };
            let written = self.peer.request::<_, Value>(CLIENT.fs_write_text_file, &request).await;
            written.map(drop).map_err(|e| refused(&place, &e))
        })
    }

    /// No client offers to remove a file: it goes from the disk, if the editor holds nothing else in it.
    fn remove(&self, place: Place, expected: Expected) -> BoxFuture<'_, Result<(), WorkspaceError>> {
        Box::pin(async move {
            self.check(&place, expected).await?;
            self.disk.remove(place, Expected::Anything).await
        })
    }
}

fn refused(place: &Place, error: &PeerError) -> WorkspaceError {
    let source = std::io::Error::other(error.to_string());
    WorkspaceError::Io { path: place.path().to_owned(), doing: "write through the editor", source }
}
