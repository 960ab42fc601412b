//! Servers and those who look for them find each other on the local network: multicast DNS (RFC 6762) and service
//! discovery over it (RFC 6763).
//!
//! No connection is made or taken here, and nothing of what a server does is told: its name is random, and its record
//! says which version of the protocol it speaks and who it is among others, nothing of the machine or the person.
//!
//! What always holds: what is advertised is an address that is bound already, on the interfaces that lead to it and on
//! no other; anybody on a network can answer, so what was found is bounded, and whoever uses it must not show it a
//! secret that it cannot prove to be meant for.
//!
//! To advertise under another type: a line in [`Kind`].

mod advertisement;
mod search;

#[cfg(test)]
mod tests;

use std::net::SocketAddr;

use serde::Serialize;

use crate::error::ErrorKind;

pub use advertisement::Advertisement;
pub use search::{find, search};

/// The version of the protocol that servers speak.
const PROTOCOL: &str = "1";

/// What every name of ours begins with; random digits follow.
const PREFIX: &str = "adjutant-";

/// Whose server it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    Adjutant,
    /// One that is not ours and goes by the same protocol.
    Opencode,
}

impl Kind {
    /// Every type that is advertised and looked for.
    const ALL: [Self; 2] = [Self::Adjutant, Self::Opencode];

    /// The type as service discovery has it.
    const fn service(self) -> &'static str {
        match self {
            Self::Adjutant => "_adjutant._tcp.local.",
            Self::Opencode => "_opencode-acp._tcp.local.",
        }
    }
}

/// A server that has answered. All of it is what somebody on the network said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Found {
    pub name: String,
    pub kind: Kind,
    /// Where it listens, those of this machine first.
    pub addresses: Vec<SocketAddr>,
    /// The version of the protocol that it speaks, if it said one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub protocol: Option<u16>,
}

/// Why nobody can be found, or find us.
#[derive(Debug, thiserror::Error)]
pub enum DiscoveryError {
    #[error("multicast DNS does not work here: {0}")]
    Unavailable(String),
    #[error("no server called {0} has answered: see `adjutant discover`")]
    Unknown(String),
}

impl DiscoveryError {
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Unavailable(_) => ErrorKind::Unavailable,
            Self::Unknown(_) => ErrorKind::NotFound,
        }
    }
}

impl From<mdns_sd::Error> for DiscoveryError {
    fn from(error: mdns_sd::Error) -> Self {
        Self::Unavailable(error.to_string())
    }
}
