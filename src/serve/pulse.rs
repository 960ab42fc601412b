//! Who is gone without a word, as a machine that was switched off or a cable that was pulled, is noticed by the system.

use std::io;
use std::os::fd::AsFd;
use std::time::Duration;

use rustix::net::sockopt;

/// How long a connection is silent before it is asked for a sign of life: a machine that sleeps for minutes keeps it.
pub(super) const SILENCE: Duration = Duration::from_mins(2);
/// How often it is asked then.
pub(super) const PACE: Duration = Duration::from_secs(30);
/// Questions without an answer after which it is over.
pub(super) const QUESTIONS: u32 = 6;
/// How long what was sent may wait to be taken: as long as the questions take in all.
#[cfg(target_os = "linux")]
pub(super) const UNTAKEN: Duration = Duration::from_mins(5);

/// Has the system ask on a port's connections: they inherit it, each from its first moment.
pub(super) fn feel(port: impl AsFd) -> io::Result<()> {
    let port = port.as_fd();
    sockopt::set_tcp_keepidle(port, SILENCE)?;
    sockopt::set_tcp_keepintvl(port, PACE)?;
    sockopt::set_tcp_keepcnt(port, QUESTIONS)?;
    #[cfg(target_os = "linux")]
    sockopt::set_tcp_user_timeout(port, UNTAKEN.as_millis() as u32)?;
    Ok(sockopt::set_socket_keepalive(port, true)?)
}
