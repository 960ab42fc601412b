use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;

use super::args::{Acp, Connect};
use super::{Setup, connect, listen};
use crate::app;
use crate::serve::Doors;
use crate::session::Sessions;
use crate::transport;

/// How long sessions, and then what they keep running, may take to end after the client has gone; commands and servers
/// end with us in any case.
const CLOSING: Duration = Duration::from_millis(80);

/// Serves a port, is a server somewhere else, or else serves stdin and stdout until the client has said its last. A signal ends either.
pub(super) async fn run(setup: &Setup, command: Acp) -> anyhow::Result<ExitCode> {
    match (command.port, command.attach) {
        (Some(port), _) => listen::run(setup, Acp { attach: None, ..command }, port).await,
        (None, Some(address)) => {
            let Acp { token_file, max_line, .. } = command;
            connect::run(setup, Connect { address, token_file, max_line }).await
        }
        (None, None) => stdio(setup, command.max_line).await,
    }
}

async fn stdio(setup: &Setup, max_line: usize) -> anyhow::Result<ExitCode> {
    let door = Doors::local(app::engine(setup.environment.clone(), setup.flags.clone()));
    let transport = transport::stdio(max_line);
    let mut terminate = signal(SignalKind::terminate()).context("no signals")?;
    let mut hangup = signal(SignalKind::hangup()).context("no signals")?;
    let stop = CancellationToken::new();
    let serving = door.serve(transport, stop.clone());
    tokio::pin!(serving);
    let served = tokio::select! {
        served = &mut serving => served,
        () = told_to_end(&mut terminate, &mut hangup) => {
            // The same as the client's own end; a second signal is immediate.
            stop.cancel();
            tokio::select! {
                served = serving => served,
                () = told_to_end(&mut terminate, &mut hangup) => Ok(()),
            }
        }
    };
    if let Some(engine) = door.engine() {
        close(&engine.sessions).await;
    }
    if let Err(e) = served {
        // A client that closes its end first is how most of them say goodbye.
        tracing::debug!(error = %e, "stdout was closed");
    }
    Ok(ExitCode::SUCCESS)
}

async fn close(sessions: &Sessions) {
    let deadline = Instant::now() + CLOSING;
    if timeout_at(deadline, sessions.close_all()).await.is_err() {
        tracing::warn!(
            "sessions were not closed in time; what is not durable yet is closed at the next start"
        );
    } else if timeout_at(deadline, sessions.shut_down()).await.is_err() {
        tracing::debug!("what sessions keep running did not end by itself in time");
    }
}

pub(super) async fn told_to_end(terminate: &mut Signal, hangup: &mut Signal) {
    tokio::select! {
        _ = terminate.recv() => {}
        _ = hangup.recv() => {}
    }
}
