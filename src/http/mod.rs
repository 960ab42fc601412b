//! The one way to an HTTP client: TLS with one crypto provider, the system's certificates and proxies, our name, and
//! what a failure means ([`HttpError`]).
//!
//! No request is made here, and nothing here knows what it is for: who asks sets redirects and limits of its own.
//!
//! What always holds: nothing of TLS is touched before the first client is built; a client is given to nobody
//! before the crypto provider is installed; no error repeats an address with what it may hold of secrets.
//!
//! To add a setting that all clients share: a line in [`builder`].

mod error;
#[cfg(test)]
mod tests;

use std::net::IpAddr;
use std::time::Duration;

pub use error::HttpError;
pub use reqwest::{Client, ClientBuilder, Url};

/// How long a connection may take, TLS included, unless the caller says otherwise.
pub const CONNECT: Duration = Duration::from_secs(10);

/// The beginning of every client: ring as the crypto provider, a limit on connecting, our name.
pub fn builder() -> ClientBuilder {
    // Fails when one is installed already, which is what is wanted.
    rustls::crypto::ring::default_provider().install_default().ok();
    Client::builder().connect_timeout(CONNECT).user_agent(concat!("adjutant/", env!("CARGO_PKG_VERSION")))
}

/// The end of every client. Reads the system's certificates, which takes some milliseconds.
pub fn build(builder: ClientBuilder) -> Result<Client, HttpError> {
    builder.build().map_err(|e| HttpError::from(&e))
}

/// A client for one server: one of this machine is reached without proxy, and without certificates if it speaks
/// plain HTTP, so that it works where there are none.
pub fn builder_for(url: &Url) -> ClientBuilder {
    match (is_local(url), url.scheme()) {
        (true, "http") => builder().no_proxy().tls_certs_only([]),
        (true, _) => builder().no_proxy(),
        (false, _) => builder(),
    }
}

/// Whether a URL names this machine.
pub fn is_local(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    let named = host == "localhost" || host.ends_with(".localhost");
    named || address.is_ok_and(|it| it.is_loopback() || it.is_unspecified())
}
