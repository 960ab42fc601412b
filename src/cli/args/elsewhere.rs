//! Commands about other servers, and what it takes to come in there.

use std::path::PathBuf;
use std::time::Duration;

use super::{Format, seconds};
use crate::jsonrpc::MAX_LINE;
use crate::tls::Fingerprint;

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Connect {
    /// Where it is: tcp://, tls://, ws:// or wss:// with host and port, host:port, port, or a name that `discover` lists
    #[arg(value_name = "URL")]
    pub(in crate::cli) address: String,
    #[command(flatten)]
    pub(in crate::cli) access: Access,
    /// Longest line taken, in bytes
    #[arg(long, value_name = "BYTES", default_value_t = MAX_LINE)]
    pub(in crate::cli) max_line: usize,
}

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Code {
    /// Its address or name; the only one on this machine if it is left out
    pub(in crate::cli) server: Option<String>,
    #[command(flatten)]
    pub(in crate::cli) access: Access,
}

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Task {
    /// Where they are: tcp://, tls://, ws:// or wss:// with host and port, host:port, port, or a name that `discover` lists
    #[arg(required = true, value_name = "URL")]
    pub(in crate::cli) servers: Vec<String>,
    /// What to do: one for all servers, or several, the first for the first server; those left over for who is ready
    #[arg(long = "task", value_name = "TEXT", required = true)]
    pub(in crate::cli) texts: Vec<String>,
    /// How long a task may take
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub(in crate::cli) timeout: Option<Duration>,
    #[command(flatten)]
    pub(in crate::cli) access: Access,
    /// `json`: print all that happens as JSON objects, a line each
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t)]
    pub(in crate::cli) format: Format,
    /// The same as `--format json`
    #[arg(long)]
    pub(in crate::cli) json: bool,
}

/// What it takes to come in to another server.
#[derive(Debug, clap::Args)]
#[group(skip)]
pub(in crate::cli) struct Access {
    /// Read the token from this file, instead of `ADJUTANT_TOKEN` or what a server on this machine keeps
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) token_file: Option<PathBuf>,
    /// Trust the certificate with this fingerprint, and no other; may be said again
    #[arg(long, value_name = "SHA256")]
    pub(in crate::cli) fingerprint: Vec<Fingerprint>,
}

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Discover {
    /// How long to wait for answers
    #[arg(long, value_name = "SECONDS", default_value = "2", value_parser = seconds)]
    pub(in crate::cli) timeout: Duration,
    /// As JSON objects, a line each
    #[arg(long)]
    pub(in crate::cli) json: bool,
    /// Instead of a list, be the server of that name to whoever started this: the same as `connect NAME`
    #[arg(long, value_name = "NAME", conflicts_with_all = ["json", "timeout"])]
    pub(in crate::cli) connect: Option<String>,
    #[command(flatten)]
    pub(in crate::cli) access: Access,
}
