//! The parts of version 2 that need no session: what it is busy with, how changes and terminals are told.
//!
//! Conversations are no business of these tests: they are files in `fixtures/acp/v2`.
//!
//! What always holds: no runtime, no clock.
//!
//! To add one: a file named for what it tests.

mod activity;
mod diff;
mod terminal;
