use std::error::Error;
use std::io;

use crate::error::ErrorKind;

/// Why a server could not be asked, or did not answer to the end. The text names no address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HttpError {
    /// There is nothing to check certificates against.
    #[error(
        "this machine has no CA certificates: install them (ca-certificates), or set SSL_CERT_FILE to a file that holds some"
    )]
    NoRoots,
    /// A client or request that cannot be made: a bad proxy, URL or header.
    #[error("{0}")]
    Setup(String),
    /// The host's name means nothing here.
    #[error("its name cannot be resolved ({0})")]
    Resolve(String),
    /// Nobody listens there, nothing answers, or the way is blocked.
    #[error("no connection ({0})")]
    Connect(String),
    /// It cannot show that it is who it should be, or speaks no TLS.
    #[error(
        "no secure connection ({0}); if its certificate has an issuer of your own, set SSL_CERT_FILE to a file that \
         holds it"
    )]
    Untrusted(String),
    /// It was cut while something was on its way.
    #[error("the connection broke off ({0})")]
    Broken(String),
}

impl HttpError {
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::NoRoots | Self::Setup(_) => ErrorKind::Invalid,
            Self::Untrusted(_) => ErrorKind::Denied,
            Self::Resolve(_) | Self::Connect(_) | Self::Broken(_) => ErrorKind::Unavailable,
        }
    }
}

impl From<&reqwest::Error> for HttpError {
    fn from(error: &reqwest::Error) -> Self {
        let (cause, tls) = cause(error);
        if error.is_builder() && cause.contains("No CA certificates") {
            return Self::NoRoots;
        }
        if error.is_builder() {
            return Self::Setup(cause);
        }
        if !error.is_connect() {
            return Self::Broken(cause);
        }
        if error.is_dns() {
            Self::Resolve(cause)
        } else if tls {
            Self::Untrusted(cause)
        } else if error.is_timeout() {
            Self::Connect("it took too long".to_owned())
        } else {
            Self::Connect(cause)
        }
    }
}

/// The innermost cause in its own words, and whether TLS says them.
fn cause(error: &reqwest::Error) -> (String, bool) {
    let mut innermost: &(dyn Error + 'static) = error;
    while let Some(inner) = wrapped(innermost).or_else(|| innermost.source()) {
        innermost = inner;
    }
    (innermost.to_string(), innermost.is::<rustls::Error>())
}

/// What an `io::Error` wraps: its `source` is that of the wrapped one.
fn wrapped<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    let inner = error.downcast_ref::<io::Error>()?.get_ref()?;
    Some(inner)
}
