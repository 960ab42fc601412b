//! adjutant: a coding-agent server that speaks the Agent Client Protocol.

pub mod acp;
pub mod agent;
pub mod app;
pub mod cli;
pub mod clock;
pub mod config;
pub mod engine;
pub mod error;
pub mod event;
pub mod jsonrpc;
pub mod permission;
pub mod provider;
pub mod rpc;
pub mod serve;
pub mod session;
pub mod store;
pub mod telemetry;
pub mod tool;
pub mod transport;
pub mod workspace;
