//! Other servers, as a client of our own reaches them: their [`Address`], what lets us in, and the connection.
//!
//! No dialect lives here: what comes of it is a [`Transport`], and who asked for it speaks over it.
//!
//! What always holds: a token goes to the server it is for, never into an address, an argument or a log; a connection that
//! is handed out has been let in; every failure says what was tried, and what to do.
//!
//! To add a way to connect: its variant of [`Scheme`] and its arm in [`connect`].

mod address;
mod backoff;
mod bridge;
mod hello;
mod lasting;
mod socket;
mod token;

#[cfg(test)]
mod tests;

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::config::{Environment, Secret};
use crate::error::ErrorKind;
use crate::transport::Transport;

pub use address::{Address, Scheme};
pub use bridge::{Bridge, BridgeError};
pub use lasting::connect_lasting;

use backoff::Backoff;
use hello::{Welcome, Wish};

/// How long a server may take to let somebody in.
const PATIENCE: Duration = Duration::from_secs(10);

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum RemoteError {
    /// It is no address of a server.
    #[error("{text:?} is no address of a server: {reason}")]
    Address { text: String, reason: &'static str },
    /// The file that was named holds no token.
    #[error("no token in {path}: {reason}")]
    TokenFile { path: PathBuf, reason: String },
    /// Nobody answers there.
    #[error("cannot reach {address}: {source}; is the server running?")]
    Unreachable { address: Address, source: io::Error },
    /// Whoever answers lets us not in.
    #[error(
        "{address} lets nobody in without the right token ({reason}): see ADJUTANT_TOKEN and --token-file"
    )]
    Refused { address: Address, reason: String },
    /// The connection that was to go on is there no more.
    #[error("{address} knows this connection no more: {reason}")]
    Gone { address: Address, reason: String },
    /// Whoever answers is no server that we could speak to.
    #[error("what listens at {address} is no such server: {reason}")]
    Stranger { address: Address, reason: String },
}

impl RemoteError {
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Address { .. } | Self::TokenFile { .. } => ErrorKind::Invalid,
            Self::Refused { .. } => ErrorKind::Denied,
            Self::Gone { .. } => ErrorKind::NotFound,
            Self::Unreachable { .. } | Self::Stranger { .. } => ErrorKind::Unavailable,
        }
    }
}

/// A server, and what it takes to come in.
#[derive(Debug, Clone)]
pub struct Server {
    pub address: Address,
    pub token: Option<Secret>,
    /// Longest line taken from it, in bytes.
    pub max_line: usize,
}

impl Server {
    /// The server at that address. The token is the variable `ADJUTANT_TOKEN`, or what `token_file` holds, or for a server
    /// of this person on this machine what it has written down itself.
    pub fn at(
        address: Address,
        token_file: Option<&Path>,
        environment: &Environment,
        max_line: usize,
    ) -> Result<Self, RemoteError> {
        let token = token::find(&address, token_file, environment)?;
        Ok(Self { address, token, max_line })
    }
}

/// Connects, and comes in. The connection ends with its socket.
pub async fn connect(server: &Server) -> Result<Transport, RemoteError> {
    open(server, Wish::Plain { welcome: true }).await.map(|(transport, _)| transport)
}

/// Connects, and comes in with a wish.
async fn open(server: &Server, wish: Wish<'_>) -> Result<(Transport, Welcome), RemoteError> {
    let opening = async {
        let stream = dial(&server.address).await?;
        let mut transport = match server.address.scheme {
            Scheme::Tcp => {
                let (reader, writer) = stream.into_split();
                Transport::lines(reader, writer, server.max_line)
            }
            Scheme::WebSocket => socket::open(stream, server).await?,
        };
        let token = server.token.as_ref().filter(|_| server.address.scheme == Scheme::Tcp);
        let welcome = match (server.address.scheme, wish) {
            // Its request has said all there is to say.
            (Scheme::WebSocket, Wish::Plain { .. }) => Welcome::default(),
            _ => hello::say(&mut transport, &server.address, token, wish).await?,
        };
        Ok((transport, welcome))
    };
    let late = |_| {
        let source = io::Error::new(io::ErrorKind::TimedOut, "no answer in time");
        RemoteError::Unreachable { address: server.address.clone(), source }
    };
    timeout(PATIENCE, opening).await.map_err(late)?
}

async fn dial(address: &Address) -> Result<TcpStream, RemoteError> {
    let unreachable = |source| RemoteError::Unreachable { address: address.clone(), source };
    let stream = TcpStream::connect((address.host.as_str(), address.port)).await.map_err(unreachable)?;
    stream.set_nodelay(true).map_err(unreachable)?;
    Ok(stream)
}
