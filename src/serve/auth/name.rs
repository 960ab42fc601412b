//! Names as a person writes them down: of this server, and of where pages come from.

use std::net::Ipv6Addr;
use std::str::FromStr;

/// A name that a server goes by although it is not bound to it: that of a forwarded port, of a proxy, of a machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    host: String,
    /// `None`: the server's own, or none.
    port: Option<u16>,
}

impl Name {
    /// Whether a `Host` header says this name. `own`: the port of the server.
    pub(super) fn is(&self, said: &str, own: u16) -> bool {
        let with = |port: u16| said.eq_ignore_ascii_case(&format!("{}:{port}", self.host));
        match self.port {
            Some(port) => with(port),
            None => with(own) || said.eq_ignore_ascii_case(&self.host),
        }
    }
}

impl FromStr for Name {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let name = authority(text).map(|(host, port)| Self { host: host.to_ascii_lowercase(), port });
        name.ok_or("it is one name, spelt NAME or NAME:PORT, and an address of IPv6 in brackets")
    }
}

/// An origin in the spelling that browsers have for it (RFC 6454, section 6.2), or `*`. `Err` says which one is meant.
pub fn origin(text: &str) -> Result<String, String> {
    if text == "*" {
        return Ok(text.to_owned());
    }
    let (scheme, rest) = text.split_once("://").unwrap_or(("http", text));
    let at = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let spelt = spelling(&scheme.to_ascii_lowercase(), &rest[..at]).filter(|_| text != "null");
    match spelt {
        Some(spelt) if at == rest.len() && text.contains("://") => Ok(spelt),
        meant => {
            let meant = meant.as_deref().unwrap_or("http://localhost:3000");
            Err(format!("an origin is a scheme, a host and a port if it is not the usual one, as in {meant}"))
        }
    }
}

fn spelling(scheme: &str, place: &str) -> Option<String> {
    let is_scheme = |byte: u8| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte);
    if !scheme.starts_with(|it: char| it.is_ascii_alphabetic()) || !scheme.bytes().all(is_scheme) {
        return None;
    }
    let (mut host, mut port) = authority(place)?;
    // Browsers know what these mean, and leave others as they are.
    if let Some(usual) = [("http", 80), ("https", 443)].iter().find(|usual| usual.0 == scheme) {
        host.make_ascii_lowercase();
        port = port.filter(|port| *port != usual.1);
    }
    let port = port.map(|port| format!(":{port}")).unwrap_or_default();
    Some(format!("{scheme}://{host}{port}"))
}

/// A host and a port, where there is one.
fn authority(text: &str) -> Option<(String, Option<u16>)> {
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (text, None),
    };
    let literal = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let is_of_a_name = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
    let host = match literal {
        Some(literal) => format!("[{}]", literal.parse::<Ipv6Addr>().ok()?),
        None => Some(host).filter(|host| !host.is_empty() && host.bytes().all(is_of_a_name))?.to_owned(),
    };
    let Some(port) = port else { return Some((host, None)) };
    let number =
        port.parse().ok().filter(|number| *number != 0 && port.bytes().all(|it| it.is_ascii_digit()));
    Some((host, Some(number?)))
}
