//! JSON-RPC 2.0 on lines: bytes to lines, lines to messages, and the reply owed to a line that is none.
//!
//! No I/O lives here, no method name and no meaning of a parameter.
//!
//! What always holds: an identifier is echoed byte for byte; a bad line is an item with the reply it is
//! owed, never the end of the stream; nobody else judges a line; limits are checked before anything is
//! parsed.
//!
//! To add an envelope field: a key in `envelope.rs` and a row in its table of hostile lines.

mod codec;
mod envelope;
mod id;
mod write;

#[cfg(test)]
mod tests;

pub use codec::{Frame, LineCodec, MARK, MAX_LINE, unmarked};
pub use envelope::{MAX_DEPTH, Message, Owed, parse};
pub use id::{MAX_ID, RawId};
pub use write::{error_line, line, notification_line, request_line, result_line, string};
