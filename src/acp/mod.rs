//! The protocol's words: the official schema crate's ACP v1 types, the method names, and the lenient
//! input types that real clients need.
//!
//! No behaviour lives here, no state, no JSON-RPC envelope.
//!
//! What always holds: whatever the schema crate can say is said with its types, so nothing is lost on
//! the way; a type of ours exists only where a real client sends what the schema refuses.
//!
//! To add one: put the lenient type into `lenient`, with the client that needs it in its comment, and
//! a row in its tests.

mod deletion;
pub mod lenient;
pub mod method;

pub use deletion::{deletion, is_deletion, without_deletions};

/// The nouns of the version-2 draft.
pub use agent_client_protocol_schema::v2;

pub use agent_client_protocol_schema::v1::*;
pub use agent_client_protocol_schema::{MaybeUndefined, ProtocolVersion};
