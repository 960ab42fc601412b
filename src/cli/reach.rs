//! Servers that a command was told to use: where they are, what lets us in, and how they are known.

use std::time::Duration;

use super::Setup;
use super::args::Access;
use crate::jsonrpc::MAX_LINE;
use crate::remote::{self, Address, RemoteError, Server};
use crate::tls::Trust;
use crate::transport::Transport;

/// How long a name may take to be found.
const FINDING: Duration = Duration::from_secs(5);

/// The server that a text names: an address, or what it goes by on the local network.
pub(super) async fn server(setup: &Setup, text: &str, access: &Access) -> Result<Server, RemoteError> {
    known(setup, address(text, access).await?, access, MAX_LINE)
}

/// Where that is.
pub(super) async fn address(text: &str, access: &Access) -> Result<Address, RemoteError> {
    remote::locate(text, FINDING, !access.fingerprint.is_empty()).await
}

/// The server there, by what is known of it now.
pub(super) fn known(
    setup: &Setup,
    address: Address,
    access: &Access,
    max_line: usize,
) -> Result<Server, RemoteError> {
    let mut server = Server::at(address, access.token_file.as_deref(), &setup.environment, max_line)?;
    if !access.fingerprint.is_empty() {
        server.trust = Trust::Pinned(access.fingerprint.clone());
    }
    Ok(server)
}

/// A connection to it. On the way to another machine a socket may be lost without the server: then the connection goes on
/// by another one.
pub(super) async fn connect(server: &Server) -> Result<Transport, RemoteError> {
    if server.address.is_local() {
        remote::connect(server).await
    } else {
        remote::connect_lasting(server).await
    }
}
