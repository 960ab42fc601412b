//! Which addresses are connected to, and how a host becomes some.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::sync::Arc;

use futures_util::future::BoxFuture;

/// Addresses of clouds where they tell a machine its secrets, in ranges that are public otherwise.
const METADATA: [Ipv4Addr; 1] = [Ipv4Addr::new(168, 63, 129, 16)];

/// Says what is wrong with an address, if anything: `is …`.
type Judge = Arc<dyn Fn(IpAddr) -> Result<(), &'static str> + Send + Sync>;
/// The addresses of a name.
type Lookup = Arc<dyn Fn(String, u16) -> BoxFuture<'static, io::Result<Vec<SocketAddr>>> + Send + Sync>;

/// Where connections may go.
#[derive(Clone)]
pub(in crate::tool) struct Reach {
    judge: Judge,
    lookup: Lookup,
}

impl fmt::Debug for Reach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reach")
    }
}

impl Reach {
    /// The public Internet, by the names this machine's resolver knows.
    pub(in crate::tool) fn public() -> Self {
        let system = |name: String, port: u16| -> BoxFuture<'static, io::Result<Vec<SocketAddr>>> {
            Box::pin(async move { Ok(tokio::net::lookup_host((name, port)).await?.collect()) })
        };
        Self { judge: Arc::new(public), lookup: Arc::new(system) }
    }

    #[cfg(test)]
    pub(in crate::tool) fn new(judge: Judge, lookup: Lookup) -> Self {
        Self { judge, lookup }
    }

    pub(in crate::tool) fn allows(&self, address: IpAddr) -> Result<(), &'static str> {
        (self.judge)(address)
    }

    /// The addresses of a host, all of which may be connected to; or why not. One that may not spoils the others: who
    /// mixes them has something in mind.
    pub(super) async fn resolve(&self, host: &str, port: u16) -> Result<Vec<SocketAddr>, String> {
        if let Ok(address) = host.parse() {
            return match self.allows(address) {
                Ok(()) => Ok(vec![SocketAddr::new(address, port)]),
                Err(why) => Err(format!("{why}; it is not fetched")),
            };
        }
        let found = (self.lookup)(host.to_owned(), port).await;
        let found = found.map_err(|error| format!("has a host whose name cannot be resolved ({error})"))?;
        for address in &found {
            let address = address.ip();
            self.allows(address)
                .map_err(|why| format!("leads to {address}, which {why}; it is not fetched"))?;
        }
        if found.is_empty() { Err("has a host without an address".to_owned()) } else { Ok(found) }
    }
}

fn public(address: IpAddr) -> Result<(), &'static str> {
    match address {
        IpAddr::V4(address) => public_v4(address),
        IpAddr::V6(address) => public_v6(address),
    }?;
    if is_own(address) { Err("is an address of this machine") } else { Ok(()) }
}

/// After the IANA registry of special-purpose addresses.
fn public_v4(address: Ipv4Addr) -> Result<(), &'static str> {
    match address.octets() {
        [127 | 0, ..] => Err("is an address of this machine"),
        [10, ..] | [172, 16..=31, ..] | [192, 168, ..] | [100, 64..=127, ..] => {
            Err("is an address of a private network")
        }
        [169, 254, ..] => Err("is an address of the local link, or of a cloud's metadata"),
        _ if METADATA.contains(&address) => Err("is an address of a cloud's metadata"),
        [224..=255, ..] => Err("is no address of one machine"),
        [192, 0, 0 | 2, _] | [192, 88, 99, _] | [198, 18 | 19, ..] | [198, 51, 100, _] | [203, 0, 113, _] => {
            Err("is an address reserved for other uses")
        }
        _ => Ok(()),
    }
}

/// Only what is given out as global; not what stands for an IPv4 address (mapped, NAT64, 6to4, Teredo), as that
/// would be a second way to it.
fn public_v6(address: Ipv6Addr) -> Result<(), &'static str> {
    match address.segments() {
        [0, 0, 0, 0, 0, 0, 0, 0 | 1] => Err("is an address of this machine"),
        [0, 0, 0, 0, 0, 0 | 0xffff, ..] | [0x64, 0xff9b, ..] | [0x2002, ..] | [0x2001, 0, ..] => {
            Err("stands for an IPv4 address")
        }
        [0xfc00..=0xfdff | 0xfec0..=0xfeff, ..] => Err("is an address of a private network"),
        [0xfe80..=0xfebf, ..] => Err("is an address of the local link"),
        [0xff00..=0xffff, ..] => Err("is no address of one machine"),
        [0x2001, 0..=0x01ff | 0xdb8, ..] | [0x3fff, 0..=0x0fff, ..] => {
            Err("is an address reserved for other uses")
        }
        [0x2000..=0x3fff, ..] => Ok(()),
        _ => Err("is an address reserved for other uses"),
    }
}

/// Whether it is one of ours, whatever it looks like: the way to it begins where it ends. Nothing is sent.
fn is_own(address: IpAddr) -> bool {
    let any =
        if address.is_ipv4() { IpAddr::V4(Ipv4Addr::UNSPECIFIED) } else { IpAddr::V6(Ipv6Addr::UNSPECIFIED) };
    let local = UdpSocket::bind((any, 0)).and_then(|socket| {
        socket.connect((address, 9))?;
        socket.local_addr()
    });
    local.is_ok_and(|local| local.ip() == address)
}
