use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use tokio::signal::unix::{SignalKind, signal};

use super::Setup;
use super::args::Acp;
use crate::app;
use crate::rpc::Limits;
use crate::serve::acp::Door;
use crate::transport;

/// How long sessions may take to close after the client has gone; commands end with us in any case.
const CLOSING: Duration = Duration::from_millis(80);

/// Serves stdin and stdout until the client has said its last, or a signal says so.
pub(super) async fn run(setup: &Setup, command: Acp) -> anyhow::Result<ExitCode> {
    let door = Door::new(app::engine(setup.environment.clone(), setup.flags.clone()));
    let transport = transport::stdio(command.max_line).context("stdin and stdout cannot be opened")?;
    let mut terminate = signal(SignalKind::terminate()).context("no signals")?;
    let mut hangup = signal(SignalKind::hangup()).context("no signals")?;
    let served = tokio::select! {
        served = door.serve(transport, Limits::default()) => served,
        _ = terminate.recv() => Ok(()),
        _ = hangup.recv() => Ok(()),
    };
    if let Some(engine) = door.engine()
        && tokio::time::timeout(CLOSING, engine.sessions.shut_down()).await.is_err()
    {
        tracing::warn!(
            "sessions were not closed in time; what is not durable yet is closed at the next start"
        );
    }
    if let Err(e) = served {
        // A client that closes its end first is how most of them say goodbye.
        tracing::debug!(error = %e, "stdout was closed");
    }
    Ok(ExitCode::SUCCESS)
}
