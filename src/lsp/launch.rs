//! How a server is started.

use std::any::Any;
use std::fmt;
use std::path::Path;

use futures_util::future::BoxFuture;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util::task::AbortOnDropHandle;

use crate::config::LanguageServer;
use crate::workspace::{Command, LocalCommands, Piped, WorkspaceError};

/// Starts servers.
pub trait Launch: Send + Sync + fmt::Debug {
    /// Starts one in a folder.
    fn launch<'a>(
        &'a self,
        server: &'a LanguageServer,
        cwd: &'a Path,
    ) -> BoxFuture<'a, Result<Streams, WorkspaceError>>;
}

/// A server that was started.
pub struct Streams {
    pub input: Box<dyn AsyncWrite + Send + Unpin>,
    pub output: Box<dyn AsyncRead + Send + Unpin>,
    /// What keeps it alive: the server ends when this goes.
    pub hold: Box<dyn Any + Send + Sync>,
}

impl fmt::Debug for Streams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Streams")
    }
}

/// As a process of this machine under supervision.
impl Launch for LocalCommands {
    fn launch<'a>(
        &'a self,
        server: &'a LanguageServer,
        cwd: &'a Path,
    ) -> BoxFuture<'a, Result<Streams, WorkspaceError>> {
        Box::pin(async move {
            let argv = std::iter::once(&server.command).chain(&server.args).cloned().collect();
            let mut command = Command::new(argv, cwd);
            command.env.clone_from(&server.env);
            let Piped { stdin, stdout, mut stderr, leash } = self.open(&command).await?;
            // Nobody reads what it says aside; but a full pipe would hold it up.
            let drained = tokio::spawn(async move {
                tokio::io::copy(&mut stderr, &mut tokio::io::sink()).await.ok();
            });
            let hold = Box::new((leash, AbortOnDropHandle::new(drained)));
            Ok(Streams { input: Box::new(stdin), output: Box::new(stdout), hold })
        })
    }
}
