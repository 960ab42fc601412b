use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use mdns_sd::{DaemonEvent, IfKind, Receiver, ServiceDaemon, ServiceInfo};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::{DiscoveryError, Kind, PREFIX, PROTOCOL};
use crate::chance;

/// How long the first announcement may take: names are asked for three times before they are taken.
const ANNOUNCEMENT: Duration = Duration::from_secs(5);
/// How long a goodbye may take.
const GOODBYE: Duration = Duration::from_millis(500);
/// Random bytes of a name: eight digits, enough for one network, and short enough to be typed.
const ID: usize = 4;

/// A server's entry on the local network.
pub struct Advertisement {
    daemon: ServiceDaemon,
    events: Receiver<DaemonEvent>,
    name: String,
}

impl Advertisement {
    /// Announces a port that is bound, on the interfaces that its address is reached by: one of the loopback is told
    /// to nobody but this machine.
    pub fn begin(bound: SocketAddr) -> Result<Self, DiscoveryError> {
        Self::begin_on(paths(bound.ip()), bound)
    }

    /// The same on these interfaces and no other.
    pub(super) fn begin_on(interfaces: Vec<IfKind>, bound: SocketAddr) -> Result<Self, DiscoveryError> {
        let id = chance::secret::<ID>()
            .map_err(|e| DiscoveryError::Unavailable(format!("no random bits: {e}")))?;
        let name = format!("{PREFIX}{id}");
        let daemon = ServiceDaemon::new()?;
        // From here on the thread that was begun ends with the value.
        let entry = Self { events: daemon.monitor()?, daemon, name };
        entry.daemon.disable_interface(IfKind::All)?;
        entry.daemon.enable_interface(interfaces)?;
        for kind in Kind::ALL {
            entry.daemon.register(entry.record(kind, bound, &id)?)?;
        }
        Ok(entry)
    }

    /// What it can be found by.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Keeps it until `stop`, then takes it back. Warns once where it cannot be announced.
    pub async fn until(self, stop: CancellationToken) {
        let watched = stop.run_until_cancelled(self.announced()).await;
        if watched == Some(false) {
            tracing::warn!(
                name = self.name,
                "nobody can find this server: multicast DNS does not work here; it serves all the same"
            );
        }
        stop.cancelled().await;
        if let Ok(ended) = self.daemon.shutdown()
            && timeout(GOODBYE, ended.recv_async()).await.is_err()
        {
            tracing::debug!("the goodbye took too long");
        }
    }

    /// Whether it has gone out.
    async fn announced(&self) -> bool {
        let wait = async {
            while let Ok(event) = self.events.recv_async().await {
                match event {
                    DaemonEvent::Announce(..) => return true,
                    DaemonEvent::Error(error) => tracing::debug!(%error, "announcing"),
                    _ => {}
                }
            }
            false
        };
        timeout(ANNOUNCEMENT, wait).await.unwrap_or(false)
    }

    fn record(&self, kind: Kind, bound: SocketAddr, id: &str) -> Result<ServiceInfo, DiscoveryError> {
        let host = format!("{}.local.", self.name);
        let texts = [("protocol", PROTOCOL), ("id", id)];
        let ip = bound.ip();
        let own: &[IpAddr] = if ip.is_unspecified() { &[] } else { &[ip] };
        let mut record = ServiceInfo::new(kind.service(), &self.name, &host, own, bound.port(), &texts[..])?;
        if own.is_empty() {
            record = record.enable_addr_auto();
            record.set_interfaces(vec![if ip.is_ipv4() { IfKind::IPv4 } else { IfKind::IPv6 }]);
        }
        Ok(record)
    }
}

impl Drop for Advertisement {
    fn drop(&mut self) {
        // It may have ended already.
        let _ended = self.daemon.shutdown();
    }
}

impl std::fmt::Debug for Advertisement {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Advertisement").field("name", &self.name).finish_non_exhaustive()
    }
}

/// The interfaces by which that address is reached.
fn paths(ip: IpAddr) -> Vec<IfKind> {
    match ip {
        ip if ip.is_loopback() => vec![IfKind::LoopbackV4, IfKind::LoopbackV6],
        ip if ip.is_unspecified() => vec![IfKind::All],
        ip => vec![IfKind::Addr(ip)],
    }
}
