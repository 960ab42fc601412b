//! Tests against the real binary, and against the engine as the binary puts it together.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a failure here is a failed test"
)]

mod catalogue;
mod command_line;
mod conversations;
mod crash;
mod door;
mod fuzz;
mod language_server;
mod law;
mod mcp;
mod models_found;
mod network;
mod outputs;
mod provider;
mod question;
mod role;
mod schema;
mod session_files;
mod session_list;
mod sign_in;
mod support;
mod task_dialect;
mod task_set;
mod tidy;
mod versions;
mod wire;
mod workspace_process;
