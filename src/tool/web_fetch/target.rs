//! What is fetched, read strictly: what two readers of a URL could read differently is refused.

use std::fmt;
use std::net::IpAddr;

use crate::http::Url;
use crate::tool::label;

/// Bytes of a URL.
const LENGTH: usize = 4096;

/// An `http` or `https` URL without user name and fragment, whose host is written in one way only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target(Url);

impl Target {
    /// Reads a URL; or says why it is not fetched.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text.len() > LENGTH {
            return Err(format!("is longer than {LENGTH} bytes"));
        }
        if text.chars().any(|it| it.is_control() || it.is_whitespace() || it == '\\') {
            return Err("holds white space, control characters or backslashes".to_owned());
        }
        let authority = text.split_once("://").map(|(_, rest)| rest);
        let authority = authority.ok_or("needs a scheme: write https://host/path")?;
        if authority.starts_with('/') {
            return Err("has no host".to_owned());
        }
        let authority = authority.split(['/', '?', '#']).next().unwrap_or_default();
        if authority.contains('%') {
            return Err("has a host that is written with escapes".to_owned());
        }
        if authority.contains('@') {
            return Err("holds a user name before the host".to_owned());
        }
        let url = Url::parse(text).map_err(|error| format!("cannot be read: {error}"))?;
        Self::of(url)
    }

    fn of(mut url: Url) -> Result<Self, String> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err("is neither http nor https".to_owned());
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("holds a user name before the host".to_owned());
        }
        let host = url.host_str().unwrap_or_default().to_owned();
        let bare = host.strip_suffix('.').unwrap_or(&host);
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
        let fine =
            host.starts_with('[') || !bare.is_empty() && bare.bytes().all(plain) && !bare.contains("..");
        if !fine {
            return Err("has a host that is no plain name or address".to_owned());
        }
        if bare != host {
            url.set_host(Some(bare)).map_err(|error| format!("has a host that cannot be used: {error}"))?;
        }
        if url.port() == Some(0) {
            return Err("has a port that nobody listens on".to_owned());
        }
        url.set_fragment(None);
        Ok(Self(url))
    }

    pub(super) fn url(&self) -> &Url {
        &self.0
    }

    /// The host; an IPv6 address without brackets.
    pub(super) fn host(&self) -> &str {
        self.0.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']')
    }

    pub(super) fn port(&self) -> u16 {
        self.0.port_or_known_default().unwrap_or(443)
    }

    /// The address, where the host is one: the reader of URLs has turned every spelling into this one.
    pub(super) fn address(&self) -> Option<IpAddr> {
        self.host().parse().ok()
    }

    /// Where a redirect leads; or why nobody goes there.
    pub(super) fn redirect(&self, location: &str) -> Result<Self, String> {
        let joined = self.0.join(location).map_err(|_| "redirects to what is no URL".to_owned())?;
        Self::of(joined).map_err(|why| format!("redirects to what {why}"))
    }

    /// Whether permission for this covers that: the same origin, or the same host with TLS.
    pub(super) fn covers(&self, other: &Self) -> bool {
        let same_port = self.0.port_or_known_default() == other.0.port_or_known_default();
        let same = self.0.scheme() == other.0.scheme() && same_port;
        let safer = (self.0.scheme(), other.0.scheme()) == ("http", "https")
            && self.0.port().is_none()
            && other.0.port().is_none();
        self.0.host_str() == other.0.host_str() && (same || safer)
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&label::visible(self.0.as_str(), false))
    }
}
