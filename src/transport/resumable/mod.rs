//! A connection that outlives its sockets: when one is lost, another goes on where it ended, and what is above notices
//! nothing. After XEP-0198 (stream management).
//!
//! Neither how sockets come to be nor what lines mean lives here: [`Sockets`] gives the next one, both sides having said
//! what they have received.
//!
//! What always holds: every line arrives exactly once and in order, or the connection ends and says so; what the other side
//! has not received is kept, up to [`WINDOW`], above which writing waits; the last word is a line as well.
//!
//! To add a word that is not of the conversation: its variant of `control::Word` and its arm in `carrier`.

mod carrier;
mod control;
mod counted;
mod halves;
mod state;

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use super::Transport;
use carrier::{Carried, Carrier};
use halves::{Reader, Writer};
use state::Shared;

/// Bytes that are kept because the other side has not said that it received them. A line is taken as long as there is
/// room, so there may be one more.
pub const WINDOW: usize = 4 * 1024 * 1024;

/// When what is said by itself.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// After this long, what was received is said however little it is.
    pub quiet: Duration,
    /// A side that was not heard for this long is asked; after as long again the socket is lost.
    pub silence: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self { quiet: Duration::from_secs(1), silence: Duration::from_secs(15) }
    }
}

/// One socket of a connection.
#[derive(Debug)]
pub struct Socket {
    pub transport: Transport,
    /// Lines that the other side has received by sockets before.
    pub received: u64,
}

/// Where the sockets of a connection come from.
pub trait Sockets: Send {
    /// The next one. `received`: how many lines came by those before, for the other side to know. `Err` says why there
    /// will be none any more.
    fn next(&mut self, received: u64) -> impl Future<Output = Result<Socket, String>> + Send;

    /// Waits until there is one that takes the place of a socket that may be half-dead.
    fn offered(&mut self) -> impl Future<Output = ()> + Send;

    /// Whether the other side, having said its last, may come back for what it is still owed.
    fn wait_after_end(&self) -> bool;
}

/// A connection over the sockets that [`Connection::run`] is given.
#[derive(Debug)]
pub struct Connection {
    shared: Arc<Shared>,
    pace: Pace,
}

/// A connection, and what is said and heard by it.
pub fn resumable(pace: Pace) -> (Transport, Connection) {
    let shared = Arc::new(Shared::default());
    let incoming = Box::pin(Reader(Arc::clone(&shared)));
    let outgoing = Box::pin(Writer(Arc::clone(&shared)));
    (Transport { incoming, outgoing }, Connection { shared, pace })
}

impl Connection {
    /// Carries lines until both sides have said their last, or nobody is left to carry them for.
    pub async fn run(self, sockets: &mut impl Sockets) {
        loop {
            let received = self.shared.state().received();
            let next = tokio::select! {
                next = sockets.next(received) => next,
                () = self.shared.abandoned() => return,
            };
            let socket = match next {
                Ok(socket) => socket,
                Err(why) => return self.shared.gone(&why),
            };
            if !self.shared.state().resume(socket.received) {
                return self.shared.gone("the two sides do not agree on what was received");
            }
            let mut carrier = Carrier::new(&self.shared, socket.transport, self.pace);
            let outcome = tokio::select! {
                biased;
                outcome = carrier.carry() => outcome,
                () = sockets.offered() => Carried::Lost,
            };
            match outcome {
                Carried::Lost if self.shared.state().is_ended() && !sockets.wait_after_end() => {
                    return self.shared.gone("the other side has said its last");
                }
                Carried::Lost => tracing::debug!("a socket was lost"),
                Carried::Impossible => {
                    return self.shared.gone("the other side has received more than was sent");
                }
                Carried::Over => return carrier.close().await,
                Carried::Abandoned => return,
            }
        }
    }
}
