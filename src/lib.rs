//! adjutant: a coding-agent server that speaks the Agent Client Protocol.

pub mod error;
pub mod workspace;
