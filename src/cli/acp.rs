use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use super::args::{Acp, Connect};
use super::{Setup, connect, listen};
use crate::app;
use crate::memory;
use crate::serve::Doors;
use crate::session::Sessions;
use crate::transport;

/// How long sessions, and then what they keep running, may take to end after the client has gone; commands and servers
/// end with us in any case.
const CLOSING: Duration = Duration::from_millis(80);

/// Serves a port, is a server somewhere else, or serves stdin and stdout until the client has said its last. A signal
/// ends each of them.
pub(super) async fn run(setup: &Setup, command: Acp) -> anyhow::Result<ExitCode> {
    if let Some(address) = command.attach {
        let Acp { access, max_line, .. } = command;
        return connect::run(setup, Connect { address, access, max_line }).await;
    }
    match command.port {
        Some(port) => listen::run(setup, command, port).await,
        None if command.mdns => listen::run(setup, command, 0).await,
        None => stdio(setup, command).await,
    }
}

async fn stdio(setup: &Setup, command: Acp) -> anyhow::Result<ExitCode> {
    let engine = app::engine(setup.environment.clone(), setup.flags.clone());
    let door = Arc::new(Doors::local(engine).offering(command.draft));
    let transport = transport::stdio(command.max_line);
    let mut terminate = signal(SignalKind::terminate()).context("no signals")?;
    let mut hangup = signal(SignalKind::hangup()).context("no signals")?;
    let stop = CancellationToken::new();
    // A task of its own: a worker that hears of a line goes on with the turn it begins, and wakes no other thread.
    let (served, ended) = (Arc::clone(&door), stop.clone());
    let serving = tokio::spawn(memory::when_idle(async move { served.serve(transport, ended).await }));
    let mut serving = AbortOnDropHandle::new(serving);
    let served = tokio::select! {
        served = &mut serving => served?,
        () = told_to_end(&mut terminate, &mut hangup) => {
            // The same as the client's own end; a second signal is immediate.
            stop.cancel();
            tokio::select! {
                served = serving => served?,
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
