//! adjutant: a coding-agent server that speaks the Agent Client Protocol.

pub mod acp;
pub mod clock;
pub mod error;
pub mod event;
pub mod permission;
pub mod provider;
pub mod store;
pub mod workspace;
