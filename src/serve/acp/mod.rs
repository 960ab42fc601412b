//! The Agent Client Protocol as an agent: the table of methods (`dispatch`), one file per method, one
//! `Attachment` per connection and session, and the projection of events to `session/update`. Version 1
//! lies here, with all that no version changes; `v2` holds what the draft says otherwise.
//!
//! No session state lives here: what a client is shown is read from the journal.
//!
//! What always holds: no update of a session comes before the reply that names it; a prompt's reply is
//! rendered from `TurnEnded`, after every update of its turn (law L3); a client is only asked for what it
//! said it can do.
//!
//! To add a method: a file with the wire's name, its line in the table of each version that has it, and a
//! conversation fixture.

mod attachment;
mod authenticate;
mod ceiling;
mod client;
mod client_commands;
mod client_files;
mod closing;
mod compaction;
mod cursor;
mod dispatch;
mod elicitation;
mod error;
mod farewell;
mod initialize;
mod logout;
mod opening;
mod options;
mod own_change;
mod params;
mod permission;
mod projection;
mod pulse;
mod question;
mod servers;
mod session_cancel;
mod session_close;
mod session_delete;
mod session_fork;
mod session_list;
mod session_load;
mod session_new;
mod session_prompt;
mod session_resume;
mod session_set_config_option;
mod session_set_mode;
mod session_set_model;
mod terminal_output;
mod text_line;
mod v2;
mod version;
mod view;

#[cfg(test)]
mod tests;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::engine::{Engine, EngineSource};
use crate::rpc::{Connection, Dispatch, Limits, Table};
use crate::transport::Transport;

pub(super) use farewell::farewell;

pub use dispatch::METHODS;
pub use v2::METHODS as METHODS_V2;

use client::Client;
use dispatch::Tables;

/// The door: what all its connections share.
#[derive(Debug)]
pub struct Door {
    engine: EngineSource,
    /// Whether a turn goes on when the client that began it has gone, and how long a connection may be without a socket.
    lasting: Option<Duration>,
    tables: Tables,
}

impl Door {
    /// A door to the engine that `engine` gives when it is first needed.
    pub fn new(engine: EngineSource) -> Self {
        Self { tables: Tables::v1(&engine), engine, lasting: None }
    }

    /// The same door; `v2`: whoever asks for version 2 gets its draft.
    pub fn offering(self, v2: bool) -> Self {
        let tables = if v2 { self.tables.with_v2(&self.engine) } else { self.tables };
        Self { tables, ..self }
    }

    /// The same door with turns that go on when the client that began them has gone: it may come back, for so long even
    /// by another socket of the same connection.
    pub fn lasting(self, grace: Duration) -> Self {
        Self { lasting: Some(grace), ..self }
    }

    /// Serves one connection to its end. When the client has said its last, or `stop` says so, turns that it
    /// began are cancelled unless they last, and what it asked is answered first. `Err` when writing failed.
    pub async fn serve(
        &self,
        transport: Transport,
        limits: Limits,
        stop: CancellationToken,
    ) -> io::Result<()> {
        let mut client = None;
        let connection = Connection::new(transport, limits, |peer| {
            let newest = self.tables.newest();
            let client = client.insert(Arc::new(Client::new(peer.clone(), newest, self.lasting)));
            let mut extensions = jsonrpsee::Extensions::new();
            extensions.insert(Arc::clone(client));
            let (client, tables) = (Arc::clone(client), self.tables.clone());
            let table: Table = Arc::new(move |method| match client.gate(method) {
                Some(refusal) => Err(refusal),
                None => Ok(tables.of(client.version()).clone()),
            });
            Dispatch { table, extensions }
        });
        let Some(client) = client else { return Ok(()) };
        let hangup = {
            let (client, stop, lasting) = (Arc::clone(&client), stop.clone(), self.lasting.is_some());
            async move {
                client.peer().closed().await;
                if !lasting || stop.is_cancelled() {
                    Box::pin(client.cancel_own_turns()).await;
                }
            }
        };
        let (served, ()) = tokio::join!(connection.serve(stop), hangup);
        client.detach_all();
        served
    }

    /// The engine, if anything needed it yet.
    pub fn engine(&self) -> Option<Engine> {
        self.engine.built()
    }
}
