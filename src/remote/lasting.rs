//! A connection that goes on when its socket is lost.

use std::future::pending;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::time::{Instant, sleep, timeout};

use super::hello::Wish;
use super::{Backoff, RemoteError, Server, open};
use crate::transport::{Pace, Socket, Sockets, Transport, resumable};

const GOODBYE: Duration = Duration::from_secs(5);

/// Connects, and comes in. When the socket is lost, the connection goes on by another one, and whoever speaks over it
/// notices nothing; when the server knows it no more, it ends with an error that says so.
pub async fn connect_lasting(server: &Server) -> Result<Transport, RemoteError> {
    let (socket, welcome) = open(server, Wish::Lasting { resumable: true }).await?;
    let (transport, connection) = resumable(Pace::default());
    let mut sockets = Dialled {
        server: server.clone(),
        name: welcome.connection,
        grace: Duration::from_secs(welcome.grace_seconds),
        first: Some(Socket { transport: socket, received: welcome.received }),
    };
    // Ends when both halves of the transport are dropped.
    tokio::spawn(async move { connection.run(&mut sockets).await });
    Ok(transport)
}

/// Says goodbye, for a short while: a server that is out of reach is not waited for until it is back.
pub async fn leave(transport: &mut Transport) {
    match timeout(GOODBYE, transport.outgoing.shutdown()).await {
        Ok(Ok(())) => {}
        Ok(Err(e)) => tracing::debug!(error = %e, "the server heard no goodbye"),
        Err(_) => tracing::debug!("the server is left without a goodbye"),
    }
}

/// Sockets to one server, for one connection.
struct Dialled {
    server: Server,
    name: String,
    /// How long the server waits for another one.
    grace: Duration,
    first: Option<Socket>,
}

impl Sockets for Dialled {
    async fn next(&mut self, received: u64) -> Result<Socket, String> {
        if let Some(first) = self.first.take() {
            return Ok(first);
        }
        let (lost, mut backoff) = (Instant::now(), Backoff::default());
        loop {
            let wish = Wish::Again { connection: &self.name, received };
            let failure = match open(&self.server, wish).await {
                Ok((transport, welcome)) => return Ok(Socket { transport, received: welcome.received }),
                Err(failure) => failure,
            };
            let passes = matches!(failure, RemoteError::Unreachable { .. } | RemoteError::Stranger { .. });
            if !passes || lost.elapsed() > self.grace {
                return Err(failure.to_string());
            }
            tracing::debug!(error = %failure, "no socket yet");
            sleep(backoff.next_wait()).await;
        }
    }

    /// It is us who dial.
    async fn offered(&mut self) {
        pending().await
    }

    fn wait_after_end(&self) -> bool {
        false
    }
}
