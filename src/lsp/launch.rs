//! How a server is started.

use std::any::Any;
use std::fmt;
use std::path::Path;

use futures_util::future::BoxFuture;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::config::LanguageServer;
use crate::workspace::WorkspaceError;

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
