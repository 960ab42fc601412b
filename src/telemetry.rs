//! Logs: to stderr, or to a file. Never to stdout, which belongs to the protocol.

use std::io::IsTerminal;
use std::path::Path;

use tracing_appender::non_blocking::WorkerGuard;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::writer::BoxMakeWriter;

/// Starts logging. `filter` is a `tracing` filter such as `debug` or `adjutant::rpc=trace`; without one,
/// warnings. Keep what is returned until the end: it writes what is still queued.
pub fn start(filter: Option<&str>, file: Option<&Path>) -> std::io::Result<Option<WorkerGuard>> {
    // What the MCP library says holds addresses and headers as they are: it speaks when it is named.
    let filter = EnvFilter::new(format!("rmcp=off,{}", filter.unwrap_or("warn")));
    let (writer, guard, ansi) = match file {
        None => (BoxMakeWriter::new(std::io::stderr), None, std::io::stderr().is_terminal()),
        Some(path) => {
            let log = std::fs::OpenOptions::new().create(true).append(true).open(path)?;
            let (writer, guard) = tracing_appender::non_blocking(log);
            (BoxMakeWriter::new(writer), Some(guard), false)
        }
    };
    let subscriber =
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(writer).with_ansi(ansi).finish();
    if tracing::subscriber::set_global_default(subscriber).is_err() {
        return Err(std::io::Error::other("logging was started twice"));
    }
    Ok(guard)
}
