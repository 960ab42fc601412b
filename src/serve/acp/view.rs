//! What a version of the protocol makes of a session's events, for one client.

use std::sync::Arc;

use super::client::Client;
use super::own_change::{Asked, Setting};
use super::projection::Projection;
use super::pulse::Pulse;
use super::v2;
use super::version::Version;
use crate::event::{Event, TurnId, TurnStop};
use crate::session::{SessionHandle, Sessions};

/// Writes lines of `session/update`, each whole, to the end of `out`.
pub(super) trait View: Send {
    /// Every event, before it is shown in one of the ways below. `replay`: it happened before the client came.
    fn note(&mut self, _event: &Event, _replay: bool, _out: &mut Vec<u8>) {}

    /// The client has seen all that happened before it came.
    fn caught_up(&mut self, _out: &mut Vec<u8>) {}

    /// A prompt was accepted. `own`: this client waits for what becomes of it.
    fn prompted(&mut self, event: &Event, own: bool, out: &mut Vec<u8>);

    /// Any other event that is not named below.
    fn show(&mut self, event: &Event, replay: bool, out: &mut Vec<u8>);

    /// A setting has another value. `asked`: how the client itself asked for it.
    fn setting(&mut self, setting: &Setting, asked: Option<Asked>, out: &mut Vec<u8>);

    /// A turn is over. `own`: this client began it.
    fn end_of_turn(&mut self, turn: TurnId, stop: &TurnStop, own: bool, out: &mut Vec<u8>);

    /// Nothing was shown for long: something that changes nothing.
    fn sign_of_life(&mut self, pulse: &Pulse, out: &mut Vec<u8>);

    /// Writes what is still being put together.
    fn flush(&mut self, out: &mut Vec<u8>);
}

/// The view of the version that is spoken with the client.
pub(super) fn of(client: &Arc<Client>, session: SessionHandle, sessions: Sessions) -> Box<dyn View> {
    match client.version() {
        Version::V1 => Box::new(Projection::new(session, sessions, client)),
        Version::V2 => Box::new(v2::Projection::new(session, sessions, client)),
    }
}
