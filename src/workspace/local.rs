//! Where files come from: the local disk here, a client's editor elsewhere.

use std::fmt::Debug;

use futures_util::future::BoxFuture;

use super::file::read_all;
use super::{Expected, FileData, Place, Workspace, WorkspaceError};

/// Files of this size and above are read on the blocking pool.
const LARGE: u64 = 256 * 1024;

/// Whole files by place. An editor that holds unsaved text stands in for the disk by implementing this.
pub trait Files: Send + Sync + Debug {
    /// Reads a plain file of at most `limit` bytes.
    fn read(&self, place: Place, limit: u64) -> BoxFuture<'_, Result<FileData, WorkspaceError>>;

    /// Replaces or creates a plain file if the present content is the expected one.
    fn replace(
        &self,
        place: Place,
        bytes: Vec<u8>,
        expected: Expected,
    ) -> BoxFuture<'_, Result<(), WorkspaceError>>;

    /// Removes a plain file if the present content is the expected one.
    fn remove(&self, place: Place, expected: Expected) -> BoxFuture<'_, Result<(), WorkspaceError>>;
}

/// The local disk.
#[derive(Debug, Clone)]
pub struct LocalFiles {
    workspace: Workspace,
}

impl LocalFiles {
    pub fn new(workspace: Workspace) -> Self {
        Self { workspace }
    }
}

impl Files for LocalFiles {
    fn read(&self, place: Place, limit: u64) -> BoxFuture<'_, Result<FileData, WorkspaceError>> {
        Box::pin(async move {
            let file = self.workspace.open_file(&place)?;
            if file.metadata().is_ok_and(|metadata| metadata.len() < LARGE) {
                return read_all(&place, &file, limit);
            }
            blocking(move || read_all(&place, &file, limit)).await
        })
    }

    /// Always on the blocking pool: writing waits for the disk, whatever the size.
    fn replace(
        &self,
        place: Place,
        bytes: Vec<u8>,
        expected: Expected,
    ) -> BoxFuture<'_, Result<(), WorkspaceError>> {
        let workspace = self.workspace.clone();
        Box::pin(blocking(move || workspace.replace(&place, &bytes, expected)))
    }

    fn remove(&self, place: Place, expected: Expected) -> BoxFuture<'_, Result<(), WorkspaceError>> {
        let workspace = self.workspace.clone();
        Box::pin(blocking(move || workspace.remove(&place, expected)))
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, WorkspaceError> + Send + 'static,
) -> Result<T, WorkspaceError> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| {
        Err(WorkspaceError::Io {
            path: std::path::PathBuf::new(),
            doing: "finish the work on",
            source: std::io::Error::other(error),
        })
    })
}
