//! What the tests of the dialects share: events to read, a conversation with everything in it, and the tests of the
//! pieces that all dialects use.
//!
//! No test of one dialect lives here; what holds for all of them over a socket is in `tests/it/provider`.
//!
//! What always holds: expectations are files; `UPDATE=1` writes them anew, and review reads the difference.
//!
//! To add a kept request: a line in the dialect's tests.

mod conversation;
mod fault;
pub(super) mod golden;
pub(super) mod recorded;
pub(super) mod rich;
