mod apply_patch;
mod bash;
mod change;
mod diff;
mod edit;
mod glob;
mod grep;
mod input;
mod label;
mod limit;
mod list;
mod multi_edit;
mod question;
mod read;
mod registry;
mod seen;
mod skill;
mod spill;
mod todo;
mod walk;
mod web_fetch;
mod write;

use std::path::Path;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{Nobody, Prepared, Readable, Registry, SeenFiles, ToolContext, ToolOutput};
use crate::acp::{Diff, ToolCallContent};
use crate::workspace::{Command, Commands, Finished, Live, LocalFiles, Workspace, WorkspaceError};

/// A workspace with the standard tools, and a folder outside it.
struct Site {
    dir: TempDir,
    context: ToolContext,
}

impl Site {
    fn new() -> Self {
        Self::with(Arc::new(NoCommands))
    }

    fn with(commands: Arc<dyn Commands>) -> Self {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(dir.path().join("work")).unwrap();
        std::fs::create_dir(dir.path().join("outside")).unwrap();
        std::fs::write(dir.path().join("outside/secret"), "the secret").unwrap();
        let workspace = Workspace::open(&dir.path().join("work"), &[]).unwrap();
        let (progress, _) = mpsc::channel(8);
        let context = ToolContext {
            files: Arc::new(LocalFiles::new(workspace.clone())),
            workspace,
            commands,
            readable: Readable::everything(),
            seen: Arc::new(SeenFiles::default()),
            progress,
            cancel: CancellationToken::new(),
            people: Arc::new(Nobody),
            spill: None,
        };
        Self { dir, context }
    }

    fn root(&self) -> &Path {
        self.context.workspace.cwd()
    }

    fn file(&self, name: &str, content: impl AsRef<[u8]>) -> &Self {
        let path = self.root().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
        self
    }

    fn link(&self, name: &str, target: impl AsRef<Path>) -> &Self {
        std::os::unix::fs::symlink(target, self.root().join(name)).unwrap();
        self
    }

    fn content(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.root().join(name)).unwrap()
    }

    async fn prepare(&self, tool: &str, input: Value) -> Result<Prepared, ToolOutput> {
        let registry = Registry::standard();
        registry.find(tool).unwrap().prepare(input, self.context.clone()).await
    }

    async fn call(&self, tool: &str, input: Value) -> ToolOutput {
        match self.prepare(tool, input).await {
            Ok(prepared) => (prepared.work)().await,
            Err(failed) => failed,
        }
    }

    /// The text of a call that works.
    async fn done(&self, tool: &str, input: Value) -> String {
        let output = self.call(tool, input).await;
        assert!(!output.failed, "{}", output.text);
        output.text
    }

    /// The text of a call that fails.
    async fn failed(&self, tool: &str, input: Value) -> String {
        let output = self.call(tool, input).await;
        assert!(output.failed, "{}", output.text);
        output.text
    }
}

fn diff_of(content: &[ToolCallContent]) -> &Diff {
    content
        .iter()
        .find_map(|content| if let ToolCallContent::Diff(diff) = content { Some(diff) } else { None })
        .unwrap()
}

#[derive(Debug)]
struct NoCommands;

impl Commands for NoCommands {
    fn run(
        &self,
        _: Command,
        _: mpsc::Sender<Live>,
        _: CancellationToken,
    ) -> BoxFuture<'_, Result<Finished, WorkspaceError>> {
        unreachable!("no command is run here")
    }
}
