//! URLs, read strictly: what two parsers could read differently is refused, so that the host that is
//! judged is the host that is contacted.

use std::path::{Component, Path};

/// The parts of an `http` or `https` URL that rules look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Url {
    pub(super) scheme: &'static str,
    /// Lower case, without a trailing dot.
    pub(super) host: String,
    pub(super) port: u16,
    /// Starts with `/`; unreserved escapes decoded, dot segments resolved, no query or fragment.
    pub(super) path: String,
}

impl Url {
    /// `scheme://host[:port]`, the port only when it is not the scheme's own.
    pub(super) fn origin(&self) -> String {
        let Self { scheme, host, port, .. } = self;
        if *port == default_port(scheme) {
            format!("{scheme}://{host}")
        } else {
            format!("{scheme}://{host}:{port}")
        }
    }

    /// Reads a URL, or says what is unsafe about it.
    pub(super) fn parse(text: &str) -> Result<Self, &'static str> {
        if text.bytes().any(|b| !b.is_ascii_graphic() || b == b'\\') {
            return Err("it holds spaces, backslashes or characters outside ASCII");
        }
        let (scheme, rest) = text.split_once("://").ok_or("it has no scheme")?;
        let scheme = match scheme.to_ascii_lowercase().as_str() {
            "http" => "http",
            "https" => "https",
            _ => return Err("only http and https can be fetched"),
        };
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, tail) = rest.split_at(end);
        let (host, port) = split_authority(authority, default_port(scheme))?;
        let path = tail.split(['?', '#']).next().unwrap_or_default();
        Ok(Self { scheme, host, port, path: clean_path(path) })
    }
}

const fn default_port(scheme: &str) -> u16 {
    if scheme.len() == "https".len() { 443 } else { 80 }
}

fn split_authority(authority: &str, default: u16) -> Result<(String, u16), &'static str> {
    if authority.contains('@') {
        return Err("it holds a user name before the host");
    }
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => {
            let digits = !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit());
            let port = port.parse().ok().filter(|_| digits).ok_or("its port is not a number")?;
            (host, port)
        }
        _ => (authority, default),
    };
    let host = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
    let bracketed = host.strip_prefix('[').and_then(|h| h.strip_suffix(']'));
    let fine = match bracketed {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => host.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_')),
    };
    if host.is_empty() || !fine || host.split('.').any(str::is_empty) && bracketed.is_none() {
        return Err("its host is not a plain name or address");
    }
    Ok((host, port))
}

/// Decodes escapes of unreserved characters and resolves dot segments.
fn clean_path(path: &str) -> String {
    let mut decoded = String::with_capacity(path.len());
    let mut rest = path;
    while let Some((before, after)) = rest.split_once('%') {
        decoded.push_str(before);
        let byte = after.get(..2).and_then(|hex| u8::from_str_radix(hex, 16).ok()).map(char::from);
        let plain = byte.filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | '~'));
        decoded.push(plain.unwrap_or('%'));
        rest = if plain.is_some() { after.get(2..).unwrap_or_default() } else { after };
    }
    decoded.push_str(rest);
    let mut parts: Vec<&str> = Vec::new();
    for part in Path::new(&decoded).components() {
        match part {
            Component::ParentDir => drop(parts.pop()),
            Component::Normal(name) => parts.extend(name.to_str()),
            _ => {}
        }
    }
    let slash = if decoded.ends_with('/') && !parts.is_empty() { "/" } else { "" };
    format!("/{}{slash}", parts.join("/"))
}
