//! Servers that a command was told to use: where they are, what lets us in, and how they are known.

use std::time::Duration;

use super::Setup;
use super::args::Access;
use crate::jsonrpc::MAX_LINE;
use crate::remote::{self, RemoteError, Server};
use crate::tls::Trust;

/// How long a name may take to be found.
const FINDING: Duration = Duration::from_secs(5);

/// The server that a text names: an address, or what it goes by on the local network.
pub(super) async fn server(setup: &Setup, text: &str, access: &Access) -> Result<Server, RemoteError> {
    let address = remote::locate(text, FINDING, !access.fingerprint.is_empty()).await?;
    let mut server = Server::at(address, access.token_file.as_deref(), &setup.environment, MAX_LINE)?;
    if !access.fingerprint.is_empty() {
        server.trust = Trust::Pinned(access.fingerprint.clone());
    }
    Ok(server)
}
