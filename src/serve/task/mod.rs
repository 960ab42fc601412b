//! The task dialect: `{"type":"request",…}` a line, for programs that hand over a piece of work and wait for what came
//! of it. Its messages are written down in `schema/task.schema.json`.
//!
//! No state of a session lives here: a task is a session and one turn in it, followed by a cursor as from every door.
//!
//! What always holds: a request is answered exactly once, after every event of its task; a bad line is answered and
//! the next one read; nobody is asked anything, so what would be asked is denied and the result says so.
//!
//! To add a method: a file named for it, its name in [`METHODS`] and its arm in `connection`.

mod cancel_task;
mod connection;
mod ending;
mod environment;
mod error;
mod execute_task;
mod list_capabilities;
mod message;
mod open;
mod progress;
mod register;
mod work;

#[cfg(test)]
mod tests;

use std::io;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::engine::EngineSource;
use crate::transport::Transport;

use register::Register;

pub(super) use ending::farewell;
pub(super) use message::is_task;

/// Everything that is served.
const METHODS: [&str; 5] = ["ping", "execute_task", "cancel_task", "get_status", "list_capabilities"];

/// The door: what all its connections share.
#[derive(Debug)]
pub(super) struct Door {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    engine: EngineSource,
    /// Whether clients come and go; else there is one, and its last word is no goodbye.
    lasting: bool,
    register: Arc<Register>,
}

impl Door {
    /// A door for the one client that started this process: what it asked is finished when it has said its last.
    pub(super) fn local(engine: EngineSource) -> Self {
        Self::new(engine, false)
    }

    /// A door for whoever comes: the tasks of a client that has gone are cancelled unless they were detached; one that
    /// only says no more has its answers.
    pub(super) fn shared(engine: EngineSource) -> Self {
        Self::new(engine, true)
    }

    fn new(engine: EngineSource, lasting: bool) -> Self {
        Self { shared: Arc::new(Shared { engine, lasting, register: Arc::default() }) }
    }

    /// Serves one connection to its end. `Err` when writing failed.
    pub(super) async fn serve(&self, transport: Transport, stop: CancellationToken) -> io::Result<()> {
        connection::serve(Arc::clone(&self.shared), transport, stop).await
    }
}
