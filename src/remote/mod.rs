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
mod code;
mod hello;
mod lasting;
mod named;
mod socket;
mod token;

#[cfg(test)]
mod tests;

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_util::either::Either;

use crate::config::{Environment, Secret};
use crate::discovery::DiscoveryError;
use crate::error::ErrorKind;
use crate::tls::{self, ClientStream, Trust};
use crate::transport::Transport;

pub use address::{Address, Scheme};
pub use bridge::{Bridge, BridgeError};
pub use code::Code;
pub use lasting::{connect_lasting, leave};
pub use named::locate;
pub use token::noted;

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
    /// No server goes by that name on the network.
    #[error(transparent)]
    Discovery(#[from] DiscoveryError),
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
            Self::Discovery(error) => error.kind(),
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
    /// Whom to believe that it is that server, where it encrypts.
    pub trust: Trust,
    /// Longest line taken from it, in bytes.
    pub max_line: usize,
}

impl Server {
    /// The server at that address. One of this person on this machine that encrypts is known by what it has written down
    /// itself. The token is the variable `ADJUTANT_TOKEN`, or what `token_file` holds, or for a server
    /// of this person on this machine what it has written down itself.
    pub fn at(
        mut address: Address,
        token_file: Option<&Path>,
        environment: &Environment,
        max_line: usize,
    ) -> Result<Self, RemoteError> {
        let note = token::note(&address, environment);
        let known = note.as_ref().ok().and_then(|note| note.as_ref()?.fingerprint.as_deref()?.parse().ok());
        let token = token::find(token_file, environment, note)?;
        address.secure |= known.is_some();
        let trust = known.map_or_else(Trust::default, |known| Trust::Pinned(vec![known]));
        Ok(Self { address, token, trust, max_line })
    }
}

/// Connects, and comes in. The connection ends with its socket.
pub async fn connect(server: &Server) -> Result<Transport, RemoteError> {
    open(server, Wish::Plain { welcome: true }).await.map(|(transport, _)| transport)
}

/// Connects, and comes in with a wish.
async fn open(server: &Server, wish: Wish<'_>) -> Result<(Transport, Welcome), RemoteError> {
    let opening = async {
        let mut transport = carry(server).await?;
        let token = server.token.as_ref().filter(|_| server.address.scheme == Scheme::Tcp);
        let welcome = match (server.address.scheme, wish) {
            // Its request has said all there is to say.
            (Scheme::WebSocket, Wish::Plain { .. }) => Welcome::default(),
            _ => hello::say(&mut transport, &server.address, token, wish).await?,
        };
        Ok((transport, welcome))
    };
    timeout(PATIENCE, opening).await.map_err(|_| late(server))?
}

/// Asks a server for a code that lets a page in, once. `None`: it lets no page in.
pub async fn code(server: &Server) -> Result<Option<Code>, RemoteError> {
    let asking = async { code::ask(dial(server).await?, server).await };
    timeout(PATIENCE, asking).await.map_err(|_| late(server))?
}

fn late(server: &Server) -> RemoteError {
    let source = io::Error::new(io::ErrorKind::TimedOut, "no answer in time");
    RemoteError::Unreachable { address: server.address.clone(), source }
}

/// A way for lines, with nothing said on it yet.
async fn carry(server: &Server) -> Result<Transport, RemoteError> {
    match (server.address.scheme, dial(server).await?) {
        (Scheme::Tcp, Either::Left(stream)) => {
            let (reader, writer) = stream.into_split();
            Ok(Transport::lines(reader, writer, server.max_line))
        }
        (Scheme::Tcp, Either::Right(stream)) => {
            let (reader, writer) = tokio::io::split(stream);
            Ok(Transport::lines(reader, writer, server.max_line))
        }
        (Scheme::WebSocket, stream) => socket::open(stream, server).await,
    }
}

/// A stream to it: plain, or encrypted by whom we believe to be it.
async fn dial(server: &Server) -> Result<Either<TcpStream, ClientStream<TcpStream>>, RemoteError> {
    let Server { address, trust, .. } = server;
    let unreachable = |source| RemoteError::Unreachable { address: address.clone(), source };
    let stream = TcpStream::connect((address.host.as_str(), address.port)).await.map_err(unreachable)?;
    stream.set_nodelay(true).map_err(unreachable)?;
    if !address.secure {
        return Ok(Either::Left(stream));
    }
    let stream = tls::client(stream, &address.host, trust).await;
    stream.map(Either::Right).map_err(|e| insecure(e, address))
}

fn insecure(source: io::Error, address: &Address) -> RemoteError {
    let address = address.clone();
    match source.kind() {
        io::ErrorKind::InvalidData => RemoteError::Stranger { address, reason: source.to_string() },
        _ => RemoteError::Unreachable { address, source },
    }
}
