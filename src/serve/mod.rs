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
mod crowd;
mod exhaustion;
mod farewell;
mod hello;
mod http;
mod listener;
mod pulse;
mod resumption;
mod task;
mod turned_away;

#[cfg(test)]
mod tests;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio_util::sync::CancellationToken;

use crate::engine::{Engine, EngineSource};
use crate::rpc::Limits;
use crate::transport::{Socket, Transport};

use crowd::Seat;
use farewell::Farewell;

pub use auth::{Code, Guard, Name, Origins, Refusal, Token, origin};
pub use listener::{ListenError, Listener};

/// How long what was asked may still be answered when a server ends: many may have to be, all at once.
const DRAIN: Duration = Duration::from_secs(5);

/// All doors to one engine.
#[derive(Debug)]
pub struct Doors {
    acp: acp::Door,
    task: task::Door,
    resumptions: Arc<resumption::Resumptions>,
    limits: Limits,
}

impl Doors {
    /// Doors for whoever started this process, to the engine that `engine` gives when it is first needed: what they
    /// began ends with them.
    pub fn local(engine: EngineSource) -> Self {
        let task = task::Door::local(engine.clone());
        Self { task, acp: acp::Door::new(engine), resumptions: Arc::default(), limits: Limits::default() }
    }

    /// Doors for whoever comes: what somebody began goes on when they have gone.
    pub fn shared(engine: EngineSource) -> Self {
        let task = task::Door::shared(engine.clone());
        let acp = acp::Door::new(engine).lasting(resumption::GRACE);
        Self { task, acp, resumptions: Arc::default(), limits: Limits { drain: DRAIN, ..Limits::default() } }
    }

    /// The same doors; `acp_v2`: clients of the Agent Client Protocol that ask for version 2 get its draft.
    pub fn offering(self, acp_v2: bool) -> Self {
        Self { acp: self.acp.offering(acp_v2), ..self }
    }

    /// Serves one connection to its end; its first frame says which dialect it speaks. `Err` when writing failed.
    pub async fn serve(&self, transport: Transport, stop: CancellationToken) -> io::Result<()> {
        self.converse(transport, Farewell::Carried, stop).await
    }

    async fn converse(
        &self,
        mut transport: Transport,
        farewell: Farewell,
        stop: CancellationToken,
    ) -> io::Result<()> {
        match stop.run_until_cancelled(transport.first()).await.flatten() {
            // What a dialect needs is not held ready before anybody speaks it.
            Some(Ok(first)) if task::is_task(&first) => {
                let transport = farewell.upon(&stop, task::farewell, transport.with_first(first));
                Box::pin(self.task.serve(transport, stop)).await
            }
            // Whatever else it is, is that door's to judge.
            Some(Ok(first)) => {
                let transport = farewell.upon(&stop, acp::farewell, transport.with_first(first));
                Box::pin(self.acp.serve(transport, self.limits, stop)).await
            }
            ended => end(farewell.upon(&stop, hello::farewell, transport), ended.and_then(Result::err)).await,
        }
    }

    /// Serves one socket that was let in and may say hello first, to its end.
    async fn receive(
        &self,
        mut transport: Transport,
        seat: &Seat,
        stop: CancellationToken,
    ) -> io::Result<()> {
        match stop.run_until_cancelled(transport.first()).await.flatten() {
            Some(Ok(first)) => match hello::greet(transport.with_first(first)).await? {
                Some(greeted) => self.welcome(greeted, seat, Farewell::Carried, stop).await,
                None => Ok(()),
            },
            ended => end(transport, ended.and_then(Result::err)).await,
        }
    }

    /// Serves one socket whose hello was taken, if there was one, to its end.
    async fn welcome(
        &self,
        greeted: hello::Greeted,
        seat: &Seat,
        farewell: Farewell,
        stop: CancellationToken,
    ) -> io::Result<()> {
        let goes_on = greeted.hello.as_ref().is_some_and(|hello| hello.connection.is_some());
        // What goes on has its seat.
        if !goes_on && !seat.take() {
            return Box::pin(hello::turn_away(greeted)).await;
        }
        let hello::Greeted { mut transport, hello } = greeted;
        let Some(hello) = hello else { return self.converse(transport, farewell, stop).await };
        if let Some(name) = hello.connection {
            let socket = Socket { transport, received: hello.received };
            return Box::pin(self.resumptions.go_on(&name, socket)).await;
        }
        if hello.resumable {
            return Box::pin(self.outlive(transport, stop)).await;
        }
        if hello.welcome {
            transport.say(&serde_json::json!({ "type": "welcome" })).await?;
        }
        self.converse(transport, farewell, stop).await
    }

    /// Serves a connection that outlives its sockets, of which this is the first, to its end.
    async fn outlive(&self, first: Transport, stop: CancellationToken) -> io::Result<()> {
        let Some(begun) = self.resumptions.begin(first, stop.clone()).await? else { return Ok(()) };
        let (served, ()) = tokio::join!(self.serve(begun.transport, stop), begun.carrying.run());
        served
    }

    /// Whether a connection may come back by another socket.
    fn awaits(&self) -> bool {
        !self.resumptions.is_empty()
    }

    /// The engine, if anything needed it yet.
    pub fn engine(&self) -> Option<Engine> {
        self.acp.engine()
    }
}

/// Nothing was said: the other side is told that it is over, and may be told why.
async fn end(mut transport: Transport, failed: Option<io::Error>) -> io::Result<()> {
    if let Some(e) = failed {
        tracing::debug!(error = %e, "reading failed");
    }
    transport.outgoing.shutdown().await
}
