//! Where a server is: `tcp://host:port`, `ws://host:port/acp`, `tls://` and `wss://` for those that encrypt, or less of it.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use super::RemoteError;

/// How frames travel there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// Lines over TCP.
    Tcp,
    /// WebSocket over HTTP.
    WebSocket,
}

/// Where a server is. `8765`, `:8765` and `host:8765` mean `tcp://…`, and `http://…` means `ws://…`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    pub scheme: Scheme,
    /// Whether it is spoken to over TLS.
    pub secure: bool,
    /// A name, or an address of IP without brackets.
    pub host: String,
    pub port: u16,
    /// Of a WebSocket: where it is asked for.
    pub path: String,
}

/// Where a WebSocket is asked for unless the address says so.
const PATH: &str = "/acp";

impl Address {
    /// Whether it is on this machine.
    pub fn is_local(&self) -> bool {
        let ip = self.host.parse::<IpAddr>();
        self.host.eq_ignore_ascii_case("localhost") || ip.is_ok_and(|ip| ip.to_canonical().is_loopback())
    }

    /// Host and port, as they stand in a `Host` header.
    pub fn authority(&self) -> String {
        let Self { host, port, .. } = self;
        if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let authority = self.authority();
        match (self.scheme, self.secure) {
            (Scheme::Tcp, false) => write!(f, "tcp://{authority}"),
            (Scheme::Tcp, true) => write!(f, "tls://{authority}"),
            (Scheme::WebSocket, false) => write!(f, "ws://{authority}{}", self.path),
            (Scheme::WebSocket, true) => write!(f, "wss://{authority}{}", self.path),
        }
    }
}

impl FromStr for Address {
    type Err = RemoteError;

    fn from_str(text: &str) -> Result<Self, RemoteError> {
        // What was typed may hold a secret: what is shown of it ends where one could begin.
        let shown = text.split(['?', '#']).next().unwrap_or_default();
        let shown = shown.rsplit_once('@').map_or(shown, |(_, behind)| behind);
        let wrong = |reason| RemoteError::Address { text: shown.chars().take(200).collect(), reason };
        let (scheme, secure, rest) = match text.split_once("://") {
            None => (Scheme::Tcp, false, text),
            Some(("tcp", rest)) => (Scheme::Tcp, false, rest),
            Some(("tls", rest)) => (Scheme::Tcp, true, rest),
            Some(("ws" | "http", rest)) => (Scheme::WebSocket, false, rest),
            Some(("wss" | "https", rest)) => (Scheme::WebSocket, true, rest),
            Some(_) => return Err(wrong("it begins with tcp://, tls://, ws:// or wss://")),
        };
        if rest.contains(['@', '?', '#']) {
            return Err(wrong("there is no name, no token and no question in it"));
        }
        let at = rest.find('/').unwrap_or(rest.len());
        let (authority, path) = rest.split_at(at);
        if path.bytes().any(|byte| !byte.is_ascii_graphic()) || (scheme == Scheme::Tcp && path.len() > 1) {
            return Err(wrong("only ws:// and wss:// have a path, without spaces"));
        }
        let (host, port) = authority.rsplit_once(':').unwrap_or(("", authority));
        let port = port.parse().ok().filter(|port| *port != 0);
        let port = port.ok_or_else(|| wrong("the port is missing: host:port"))?;
        let host = match host.strip_prefix('[').map(|host| host.strip_suffix(']')) {
            Some(literal) => literal.filter(|host| host.parse::<IpAddr>().is_ok_and(|ip| ip.is_ipv6())),
            None => Some(host).filter(|host| host.bytes().all(is_of_a_name)),
        };
        let host = match host.ok_or_else(|| wrong("there is no such host name"))? {
            "" => "localhost".to_owned(),
            host => host.to_owned(),
        };
        let path = if path.len() > 1 { path.to_owned() } else { PATH.to_owned() };
        Ok(Self { scheme, secure, host, port, path })
    }
}

fn is_of_a_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_')
}
