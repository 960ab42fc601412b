use std::net::{IpAddr, SocketAddr, SocketAddrV6};
use std::time::Duration;

use futures_util::future::select;
use mdns_sd::{ResolvedService, ScopedIp, ServiceDaemon, ServiceEvent};
use tokio::time::timeout;

use super::{DiscoveryError, Found, Kind};

/// Servers that are listed; who answers after that many is left out.
const SERVERS: usize = 256;
/// Addresses of one server.
const ADDRESSES: usize = 16;

/// Everybody who answers in that time, by name.
pub async fn search(patience: Duration) -> Result<Vec<Found>, DiscoveryError> {
    let search = Search::begin()?;
    let mut found = Answers::default();
    let listening = async {
        while let Some((kind, event)) = search.next().await {
            found.take(kind, event);
        }
    };
    // Its end is the time's.
    let _over = timeout(patience, listening).await;
    Ok(found.0)
}

/// Where the server of that name listens, as soon as it has answered.
pub async fn find(name: &str, patience: Duration) -> Result<Vec<SocketAddr>, DiscoveryError> {
    let search = Search::begin()?;
    let wanted = name.trim_end_matches('.').trim_end_matches(".local");
    let mut found = Answers::default();
    let listening = async {
        while let Some((kind, event)) = search.next().await {
            // Of all the others nothing is kept.
            if let Some(server) = found.take(kind, event).filter(|it| it.name.eq_ignore_ascii_case(wanted)) {
                return Some(server.addresses.clone());
            }
            found.0.clear();
        }
        None
    };
    let answered = timeout(patience, listening).await.ok().flatten();
    answered.ok_or_else(|| DiscoveryError::Unknown(name.to_owned()))
}

/// Questions that are being asked; they end with the value.
struct Search {
    daemon: ServiceDaemon,
    ours: mdns_sd::Receiver<ServiceEvent>,
    others: mdns_sd::Receiver<ServiceEvent>,
}

impl Search {
    fn begin() -> Result<Self, DiscoveryError> {
        let daemon = ServiceDaemon::new()?;
        let begun = daemon
            .browse(Kind::Adjutant.service())
            .and_then(|ours| Ok((ours, daemon.browse(Kind::Opencode.service())?)));
        match begun {
            Ok((ours, others)) => Ok(Self { daemon, ours, others }),
            Err(e) => {
                let _ended = daemon.shutdown();
                Err(e.into())
            }
        }
    }

    /// What comes next; `None` when nothing more can come.
    async fn next(&self) -> Option<(Kind, ServiceEvent)> {
        let ours = std::pin::pin!(async { self.ours.recv_async().await.ok().map(|it| (Kind::Adjutant, it)) });
        let others =
            std::pin::pin!(async { self.others.recv_async().await.ok().map(|it| (Kind::Opencode, it)) });
        select(ours, others).await.factor_first().0
    }
}

impl Drop for Search {
    fn drop(&mut self) {
        // Nothing is left to say goodbye for.
        let _ended = self.daemon.shutdown();
    }
}

/// What was answered so far, by name.
#[derive(Default)]
pub(super) struct Answers(pub(super) Vec<Found>);

impl Answers {
    /// Takes an answer in, and shows what it changed.
    pub(super) fn take(&mut self, kind: Kind, event: ServiceEvent) -> Option<&Found> {
        match event {
            ServiceEvent::ServiceResolved(answer) => self.add(found(kind, &answer)?),
            ServiceEvent::ServiceRemoved(service, full) => {
                let name = instance(&full, &service)?;
                self.0.retain(|it| it.name != name);
                None
            }
            _ => None,
        }
    }

    fn add(&mut self, server: Found) -> Option<&Found> {
        let at = match self.0.binary_search_by(|it| it.name.cmp(&server.name)) {
            Ok(at) => {
                let known = &mut self.0[at];
                known.kind = known.kind.min(server.kind);
                known.protocol = known.protocol.or(server.protocol);
                known.addresses.extend(server.addresses);
                known.addresses.sort_by_key(|it| (!it.ip().is_loopback(), *it));
                known.addresses.dedup();
                known.addresses.truncate(ADDRESSES);
                at
            }
            Err(_) if self.0.len() == SERVERS => return None,
            Err(at) => {
                self.0.insert(at, server);
                at
            }
        };
        self.0.get(at)
    }
}

/// What somebody has said of a server, as far as it can be used.
fn found(kind: Kind, answer: &ResolvedService) -> Option<Found> {
    let name = instance(&answer.fullname, &answer.ty_domain)?;
    let mut addresses: Vec<_> = answer.addresses.iter().filter_map(|it| address(it, answer.port)).collect();
    addresses.sort_by_key(|it| (!it.ip().is_loopback(), *it));
    addresses.truncate(ADDRESSES);
    let protocol = answer.get_property_val_str("protocol").and_then(|it| it.parse().ok());
    (!addresses.is_empty() && answer.port > 0).then_some(Found { name, kind, addresses, protocol })
}

/// An address that a connection can be made to. One of the loopback is this machine's only if it was said on the
/// loopback: another machine that says it means our own servers.
fn address(said: &ScopedIp, port: u16) -> Option<SocketAddr> {
    let (ip, here) = match said {
        ScopedIp::V4(said) => (IpAddr::V4(*said.addr()), said.interface_ids().iter().any(is_loopback)),
        ScopedIp::V6(said) => (IpAddr::V6(*said.addr()), is_loopback(said.scope_id())),
        _ => return None,
    };
    if ip.is_unspecified() || ip.is_multicast() || ip.to_canonical().is_loopback() && !here {
        return None;
    }
    Some(match (ip, said) {
        (IpAddr::V6(ip), ScopedIp::V6(said)) if ip.is_unicast_link_local() => {
            SocketAddrV6::new(ip, port, 0, said.scope_id().index).into()
        }
        (ip, _) => SocketAddr::new(ip, port),
    })
}

fn is_loopback(interface: &mdns_sd::InterfaceId) -> bool {
    interface.name == "lo" || interface.name == "lo0"
}

/// The first part of a name of service discovery.
fn instance(full: &str, service: &str) -> Option<String> {
    let name = full.strip_suffix(service)?.strip_suffix('.')?;
    (!name.is_empty()).then(|| name.replace("\\.", ".").replace("\\\\", "\\"))
}
