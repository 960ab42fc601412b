//! What the tests of all dialects share: recorded answers, a conversation with everything in it, and the tests of the
//! pieces that all dialects use.
//!
//! No test of one dialect lives here.
//!
//! What always holds: expectations are files; `UPDATE=1` writes them anew, and review reads the difference.
//!
//! To add a recording: `fixtures/provider/<dialect>/<case>.sse`; a request: a line in the dialect's tests.

mod conversation;
mod fault;
pub(super) mod golden;
pub(super) mod recorded;
pub(super) mod rich;
