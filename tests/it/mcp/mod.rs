//! MCP servers, good and bad ones, against the client of a session and against the whole program.
#![cfg(target_os = "linux")]

mod approval;
mod bad;
mod good;
mod http;
mod login;
mod remote;
mod session;
mod zoo;
