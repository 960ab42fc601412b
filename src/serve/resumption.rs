//! Connections that outlive their sockets: what a hello with `"resumable":true` begins, and one with `"connection"` and
//! `"received"` goes on with.

use std::collections::HashMap;
use std::future::pending;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::json;
use tokio::sync::mpsc::{self, error::SendError};
use tokio::time::{sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use super::hello;
use crate::chance;
use crate::transport::{Connection, Pace, Socket, Sockets, Transport, resumable};

/// How long a connection waits for another socket.
pub(super) const GRACE: Duration = Duration::from_mins(1);
/// Connections at once.
const MOST: usize = 1024;
/// Random bytes of what a connection is called: who knows it can go on with it.
const NAME: usize = 16;
/// How long a new socket may take to be told where it goes on.
const WELCOME: Duration = Duration::from_secs(5);

/// All of a server's.
#[derive(Debug, Default)]
pub(super) struct Resumptions(Mutex<HashMap<String, mpsc::Sender<Socket>>>);

/// A connection that has begun.
#[derive(Debug)]
pub(super) struct Begun {
    /// What is served.
    pub(super) transport: Transport,
    /// What has to run while it is.
    pub(super) carrying: Carrying,
}

/// Carries between a connection and its sockets.
#[derive(Debug)]
pub(super) struct Carrying {
    connection: Connection,
    sockets: Offers,
}

impl Carrying {
    /// Until the connection is over. Whoever comes for it then is told.
    pub(super) async fn run(self) {
        let Self { connection, mut sockets } = self;
        connection.run(&mut sockets).await;
        sockets.register.lock().remove(&sockets.name);
        sockets.coming.close();
        while let Some(socket) = sockets.coming.recv().await {
            if let Err(e) = gone(socket.transport).await {
                tracing::debug!(error = %e, "who came too late left before being told");
            }
        }
    }
}

async fn gone(socket: Transport) -> io::Result<()> {
    let text = "there is no such connection any more: say hello anew, and load your sessions";
    hello::refuse(socket, "CONNECTION_GONE", text).await
}

impl Resumptions {
    /// Begins a connection with its first socket; `None`: it could not be, which was told.
    pub(super) async fn begin(
        self: &Arc<Self>,
        socket: Transport,
        stop: CancellationToken,
    ) -> io::Result<Option<Begun>> {
        let name = chance::secret::<NAME>()?;
        let (sender, coming) = mpsc::channel(1);
        if !self.insert(&name, sender) {
            let text = format!("there are {MOST} connections that outlive their sockets: say hello without");
            return hello::refuse(socket, "BUSY", &text).await.map(|()| None);
        }
        let (transport, connection) = resumable(Pace::default());
        let first = Some(Socket { transport: socket, received: 0 });
        let sockets = Offers { register: Arc::clone(self), name, offered: first, coming, stop };
        Ok(Some(Begun { transport, carrying: Carrying { connection, sockets } }))
    }

    /// Goes on with a connection by another socket, which takes the place of one that may be half-dead.
    pub(super) async fn go_on(&self, name: &str, socket: Socket) -> io::Result<()> {
        let known = self.lock().get(name).cloned();
        let Some(known) = known else { return gone(socket.transport).await };
        match known.send(socket).await {
            Ok(()) => Ok(()),
            Err(SendError(socket)) => gone(socket.transport).await,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }

    fn insert(&self, name: &str, sender: mpsc::Sender<Socket>) -> bool {
        let mut known = self.lock();
        let fits = known.len() < MOST;
        if fits {
            known.insert(name.to_owned(), sender);
        }
        fits
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, mpsc::Sender<Socket>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The sockets of one connection, which is known as long as this is there.
pub(super) struct Offers {
    register: Arc<Resumptions>,
    name: String,
    offered: Option<Socket>,
    coming: mpsc::Receiver<Socket>,
    stop: CancellationToken,
}

impl std::fmt::Debug for Offers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Offers").finish_non_exhaustive()
    }
}

impl Drop for Offers {
    fn drop(&mut self) {
        self.register.lock().remove(&self.name);
    }
}

impl Sockets for Offers {
    async fn next(&mut self, received: u64) -> Result<Socket, String> {
        let until = tokio::time::Instant::now() + GRACE;
        let stop = self.stop.clone();
        let welcome = json!({
            "type": "welcome",
            "connection": self.name,
            "received": received,
            "graceSeconds": GRACE.as_secs(),
        });
        loop {
            tokio::select! {
                biased;
                () = self.offered() => {}
                () = sleep_until(until) => return Err("nobody came back in time".to_owned()),
                () = stop.cancelled() => return Err("the server ends".to_owned()),
            }
            let Some(mut socket) = self.offered.take() else { continue };
            match timeout(WELCOME, socket.transport.say(&welcome)).await {
                Ok(Ok(())) => return Ok(socket),
                Ok(Err(e)) => tracing::debug!(error = %e, "a socket broke off before it was welcome"),
                Err(_) => tracing::debug!("a socket took no welcome"),
            }
        }
    }

    async fn offered(&mut self) {
        if self.offered.is_none() {
            self.offered = self.coming.recv().await;
        }
        if self.offered.is_none() {
            // The register has let go of it, which happens when this is dropped and not before.
            pending::<()>().await;
        }
    }

    fn wait_after_end(&self) -> bool {
        true
    }
}
