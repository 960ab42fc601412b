//! The parts of the door that need no session: its table, what a line may hold, what is said in silence.
//!
//! Conversations are no business of these tests: they are files in `fixtures/acp`.
//!
//! What always holds: no runtime, no clock.
//!
//! To add one: a file named for what it tests.

mod ceiling;
mod cursor;
mod dispatch;
mod options;
mod own_change;
mod pulse;
mod servers;
mod terminal_output;
