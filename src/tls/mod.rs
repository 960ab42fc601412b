//! TLS at both ends of a connection: a server's certificate ([`Acceptor`]), and whom a client trusts ([`Trust`]).
//!
//! No protocol lives here, and no file is written: a stream goes in, an encrypted one comes out.
//!
//! What always holds: TLS 1.2 or 1.3 with the one crypto provider there is; a client trusts what the system trusts for
//! the name it asked for, or exactly the certificates that it was told by their fingerprint; a key is never shown.
//!
//! To add a way to trust: a variant of [`Trust`], and its arm in [`client`].

mod acceptor;
mod fingerprint;
mod pin;
mod stream;

#[cfg(test)]
mod tests;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use rustls::crypto::{CryptoProvider, ring};
use rustls::{CertificateError, ClientConfig, Error};
use rustls_pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;

use crate::error::ErrorKind;

pub use acceptor::{Acceptor, self_signed};
pub use fingerprint::Fingerprint;
pub use stream::ClientStream;
pub use tokio_rustls::server::TlsStream as ServerStream;

/// The first byte of every connection that speaks TLS: a record of a handshake (RFC 8446, section 5.1).
pub const FIRST_BYTE: u8 = 0x16;

/// Why there is nothing to encrypt with.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    #[error("{} cannot be used: {reason}", path.display())]
    Unusable { path: PathBuf, reason: String },
    #[error("{0:?} is no fingerprint: it is SHA-256 in 64 hexadecimal digits")]
    Fingerprint(String),
    #[error("no certificate: {0}")]
    Certificate(String),
}

impl TlsError {
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Unusable { .. } | Self::Fingerprint(_) => ErrorKind::Invalid,
            Self::Certificate(_) => ErrorKind::Internal,
        }
    }
}

/// Whom a client believes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Trust {
    /// Whoever has a certificate for the name that was asked for, from somebody whom the system trusts.
    #[default]
    System,
    /// Whoever has one of these certificates, whatever is written in them.
    Pinned(Vec<Fingerprint>),
}

/// Encrypts a client's end. `host`: the name or the address that was asked for.
pub async fn client<S>(stream: S, host: &str, trust: &Trust) -> io::Result<ClientStream<S>>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let builder = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .dangerous();
    let builder = match trust {
        Trust::System => builder.with_custom_certificate_verifier(Arc::new(
            rustls_platform_verifier::Verifier::new(provider()).map_err(io::Error::other)?,
        )),
        Trust::Pinned(known) => {
            builder.with_custom_certificate_verifier(Arc::new(pin::Pin::new(known.clone(), provider())))
        }
    };
    let connector = TlsConnector::from(Arc::new(builder.with_no_client_auth()));
    let name = ServerName::try_from(host.to_owned())
        .map_err(|_| io::Error::new(io::ErrorKind::InvalidInput, format!("{host} is no name of a server")))?;
    connector.connect(name, stream).await.map(ClientStream).map_err(explained)
}

/// What went wrong, for whoever can do something about it.
fn explained(error: io::Error) -> io::Error {
    let reason = match error.get_ref().and_then(|it| it.downcast_ref::<Error>()) {
        Some(Error::InvalidCertificate(reason)) => match reason {
            CertificateError::UnknownIssuer => {
                "its certificate is from nobody whom this machine trusts: if it is the right one, give its \
                 --fingerprint"
                    .to_owned()
            }
            other => format!("its certificate is not valid: {other}"),
        },
        Some(Error::InvalidMessage(_)) => "it does not speak TLS".to_owned(),
        Some(other) => other.to_string(),
        None => return error,
    };
    io::Error::new(io::ErrorKind::InvalidData, reason)
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}
