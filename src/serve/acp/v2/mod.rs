//! The draft of version 2: its own table of methods, and what its wire says in other words than version 1.
//!
//! Nothing lives here that both versions say alike: methods of one wire are served by the same file, and updates of
//! one form are written by version 1's projection.
//!
//! What always holds: nothing is built unless the draft is offered; the reply to a prompt is a receipt, and the end of
//! its turn is told by the session's state; every line is made of the schema crate's types of version 2, or of those of
//! version 1 that read the same.
//!
//! To add a method: a file with the wire's name, its line in `dispatch`, and a conversation in `fixtures/acp/v2`.

mod activity;
mod alike;
mod diff;
mod dispatch;
mod initialize;
mod options;
mod permission;
mod projection;
mod session_fork;
mod session_new;
mod session_resume;
mod session_set_config_option;
mod terminal;
mod terminal_cancel;
mod tool_call;
mod tool_call_cancel;

#[cfg(test)]
mod tests;

pub use dispatch::METHODS;

pub(super) use dispatch::register;
pub(super) use initialize::{capabilities, reply};
pub(super) use permission::request;
pub(super) use projection::Projection;
