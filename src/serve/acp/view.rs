//! What a version of the protocol makes of a session's events, for one client.

use super::own_change::{Asked, Setting};
use super::pulse::Pulse;
use crate::event::{Event, TurnId, TurnStop};

/// Writes lines of `session/update`, each whole, to the end of `out`.
pub(super) trait View: Send {
    /// A prompt was accepted. `own`: this client waits for what becomes of it.
    fn prompted(&mut self, event: &Event, own: bool, out: &mut Vec<u8>);

    /// Any other event that is not named below. `replay`: it happened before the client came.
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
