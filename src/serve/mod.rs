//! The doors: each translates one dialect to and from the session engine.
//!
//! No state of a session lives here, and two doors never import each other.
//!
//! What always holds: a door decides nothing about a turn; it reads the same journal as every other; what comes over a
//! network was admitted by a [`Guard`] before anything of it is read.
//!
//! To add a dialect: a folder beside `acp` and `task`, how its first frame is known, and its line in [`Doors`].

pub mod acp;
mod auth;
mod hello;
mod http;
mod listener;
mod task;

use std::io;

use tokio::io::AsyncWriteExt;
use tokio_util::sync::CancellationToken;

use crate::engine::{Engine, EngineSource};
use crate::rpc::Limits;
use crate::transport::Transport;

pub use auth::{Code, Guard, Origins, Refusal, Token};
pub use listener::{ListenError, Listener};

/// All doors to one engine.
#[derive(Debug)]
pub struct Doors {
    acp: acp::Door,
    task: task::Door,
}

impl Doors {
    /// Doors for whoever started this process, to the engine that `engine` gives when it is first needed: what they
    /// began ends with them.
    pub fn local(engine: EngineSource) -> Self {
        Self { task: task::Door::local(engine.clone()), acp: acp::Door::new(engine) }
    }

    /// Doors for whoever comes: what somebody began goes on when they have gone.
    pub fn shared(engine: EngineSource) -> Self {
        Self { task: task::Door::shared(engine.clone()), acp: acp::Door::new(engine).lasting() }
    }

    /// Serves one connection to its end; its first frame says which dialect it speaks. `Err` when writing failed.
    pub async fn serve(&self, mut transport: Transport, stop: CancellationToken) -> io::Result<()> {
        match stop.run_until_cancelled(transport.first()).await.flatten() {
            Some(Ok(first)) if task::is_task(&first) => {
                self.task.serve(transport.with_first(first), stop).await
            }
            // Whatever else it is, is that door's to judge.
            Some(Ok(first)) => self.acp.serve(transport.with_first(first), Limits::default(), stop).await,
            Some(Err(e)) => {
                tracing::debug!(error = %e, "reading failed");
                transport.outgoing.shutdown().await
            }
            None => transport.outgoing.shutdown().await,
        }
    }

    /// The engine, if anything needed it yet.
    pub fn engine(&self) -> Option<Engine> {
        self.acp.engine()
    }
}
