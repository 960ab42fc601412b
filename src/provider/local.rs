//! Model servers on this machine. They are looked for when a person asks, and where nobody else would answer.

use std::net::Ipv4Addr;
use std::time::Duration;

use tokio::net::TcpStream;

use crate::config::{KeySource, ProviderSettings};
use crate::http::Url;

/// How long a server may take to accept: nothing lies between it and us.
const PATIENCE: Duration = Duration::from_millis(300);

/// Whether something listens where a provider on this machine would; `None`: it is not on this machine, or wants a key.
pub(super) async fn listens(provider: &ProviderSettings) -> Option<bool> {
    let port = port(provider)?;
    let connecting = TcpStream::connect((Ipv4Addr::LOCALHOST, port));
    Some(matches!(tokio::time::timeout(PATIENCE, connecting).await, Ok(Ok(_))))
}

/// The port of a server on this machine that needs no key.
pub(super) fn port(provider: &ProviderSettings) -> Option<u16> {
    let url = Url::parse(&provider.base_url).ok().filter(|_| provider.key == KeySource::None)?;
    let here = matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"));
    url.port_or_known_default().filter(|_| here)
}
