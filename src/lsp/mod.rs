//! Language servers: what they say of files after a change. [`Diagnostics`] starts the servers that are set, when a
//! file of theirs changes for the first time, and asks nothing of them but errors and warnings.
//!
//! No tool, no model and no session is known here, and no server of a project runs that nobody approved.
//!
//! What always holds: a change waits no longer than its server's `wait`; a server that dies, talks nonsense or never
//! answers is told of once and left out from then on; it dies with the process that holds its streams; what it says
//! is bounded in bytes, messages and lines before it is kept.
//!
//! To add a message of the protocol: its building in `message`, or its arm in `server` if the server sends it.

mod codec;
mod diagnostic;
mod launch;
mod message;
mod server;
#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tokio::sync::OnceCell;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::config::LanguageServer;
use crate::error::ErrorKind;
use crate::workspace::{Text, Workspace, WorkspaceError};

use diagnostic::Finding;
use server::{Document, Server};

pub use launch::{Launch, Streams};

/// Bytes of a file that a server is told.
const FILE: u64 = 1024 * 1024;
/// Files of one change that servers are told.
const FILES: usize = 20;
/// Changes in a row without a word, after which a server is left out.
const SILENCES: usize = 3;

/// Why a server is of no use.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LspError {
    #[error("it could not be started: {0}")]
    Start(#[from] WorkspaceError),
    /// It ended, or took no more input.
    #[error("it ended")]
    Gone,
    /// What it sends is not the protocol, or too much of it.
    #[error("it sent {0}")]
    Malformed(&'static str),
    /// It says nothing.
    #[error("it did not answer")]
    Silent,
}

impl LspError {
    pub(crate) fn kind(&self) -> ErrorKind {
        match self {
            Self::Start(error) => error.kind(),
            Self::Gone | Self::Silent => ErrorKind::Unavailable,
            Self::Malformed(_) => ErrorKind::Invalid,
        }
    }
}

/// The language servers of one session.
#[derive(Debug)]
pub struct Diagnostics {
    entries: Vec<Entry>,
    workspace: Workspace,
    launch: Arc<dyn Launch>,
}

/// A server that is set, and what became of it.
#[derive(Debug)]
struct Entry {
    settings: LanguageServer,
    server: OnceCell<Server>,
    silences: AtomicUsize,
    left_out: AtomicBool,
}

impl Diagnostics {
    /// Nothing is started yet. Servers that a project set and nobody approved never are.
    pub fn new(servers: Vec<LanguageServer>, workspace: Workspace, launch: Arc<dyn Launch>) -> Self {
        let trusted = servers.into_iter().filter(|server| server.origin.is_trusted());
        let entries = trusted.map(|settings| Entry {
            settings,
            server: OnceCell::new(),
            silences: AtomicUsize::new(0),
            left_out: AtomicBool::new(false),
        });
        Self { entries: entries.collect(), workspace, launch }
    }

    /// What the servers say of files that have just been changed: errors and warnings, a line each, for a model to
    /// read. `None` where there is nothing to say, also when it takes a server longer than its `wait`.
    pub async fn after(&self, changed: &[PathBuf], cancel: &CancellationToken) -> Option<String> {
        let mut told = Vec::new();
        for entry in self.entries.iter().filter(|entry| !entry.left_out.load(Ordering::Relaxed)) {
            let documents = self.documents(&entry.settings, changed).await;
            if documents.is_empty() {
                continue;
            }
            let said = tokio::select! {
                biased;
                () = cancel.cancelled() => return None,
                said = entry.after(documents, &self.workspace, &self.launch) => said,
            };
            match said {
                Ok(findings) => told.extend(diagnostic::list(&findings, self.workspace.cwd())),
                Err(error) => told.extend(entry.leave_out(&error)),
            }
        }
        (!told.is_empty()).then(|| told.join("\n"))
    }

    /// Asks the servers that run to end.
    pub async fn end(&self) {
        for server in self.entries.iter().filter_map(|entry| entry.server.get()) {
            server.end().await;
        }
    }

    /// The changed files that are a server's business, with their text.
    async fn documents(&self, settings: &LanguageServer, changed: &[PathBuf]) -> Vec<Document> {
        let is_its = |path: &&PathBuf| {
            let extension = path.extension().and_then(|extension| extension.to_str());
            extension.is_some_and(|it| settings.extensions.iter().any(|known| known == it))
        };
        let paths: Vec<PathBuf> = changed.iter().filter(is_its).take(FILES).cloned().collect();
        if paths.is_empty() {
            return Vec::new();
        }
        let workspace = self.workspace.clone();
        let read = move || paths.into_iter().filter_map(|path| document(&workspace, path)).collect();
        tokio::task::spawn_blocking(read).await.unwrap_or_default()
    }
}

/// A file as a server is told of it; none if it is gone, too large or no text.
fn document(workspace: &Workspace, path: PathBuf) -> Option<Document> {
    let place = workspace.place(path.to_str()?).ok()?;
    let data = workspace.read(&place, FILE).ok()?;
    let text = Text::decode(&data.bytes).ok()?.as_str().to_owned();
    Some(Document { path, text })
}

impl Entry {
    async fn after(
        &self,
        documents: Vec<Document>,
        workspace: &Workspace,
        launch: &Arc<dyn Launch>,
    ) -> Result<Vec<Finding>, LspError> {
        let deadline = Instant::now() + self.settings.wait;
        let start = || Server::start(&self.settings, workspace.cwd(), launch.as_ref());
        let server = self.server.get_or_try_init(start).await?;
        let paths: Vec<PathBuf> = documents.iter().map(|document| document.path.clone()).collect();
        match server.diagnose(documents, deadline).await? {
            Some(findings) => {
                self.silences.store(0, Ordering::Relaxed);
                Ok(findings.into_iter().filter(|it| paths.contains(&it.path)).collect())
            }
            None if server.is_starting() => Ok(Vec::new()),
            None if self.silences.fetch_add(1, Ordering::Relaxed) + 1 < SILENCES => Ok(Vec::new()),
            None => Err(LspError::Silent),
        }
    }

    /// What is told of it, once.
    fn leave_out(&self, error: &LspError) -> Option<String> {
        if self.left_out.swap(true, Ordering::Relaxed) {
            return None;
        }
        tracing::warn!(server = self.settings.name, kind = ?error.kind(), %error, "a language server is left out");
        Some(format!("(the language server {} is left out from now on: {error})", self.settings.name))
    }
}
