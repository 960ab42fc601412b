//! A server somewhere else as an agent on stdin and stdout: any editor can use it.

use std::process::ExitCode;

use anyhow::Context as _;
use tokio::signal::unix::{SignalKind, signal};

use super::acp::told_to_end;
use super::args::Connect;
use super::{Setup, reach};
use crate::remote::{Bridge, BridgeError};
use crate::transport;

/// Passes lines on until the editor has said its last, or a signal says that it has.
pub(super) async fn run(setup: &Setup, command: Connect) -> anyhow::Result<ExitCode> {
    let Connect { address, access, max_line } = command;
    let address = reach::address(&address, &access).await?;
    let find = || reach::known(setup, address.clone(), &access, max_line);
    let mut terminate = signal(SignalKind::terminate()).context("no signals")?;
    let mut hangup = signal(SignalKind::hangup()).context("no signals")?;
    let served = tokio::select! {
        served = Bridge::new(find).serve(transport::stdio(max_line)) => served,
        () = told_to_end(&mut terminate, &mut hangup) => Ok(()),
    };
    match served {
        Ok(()) => Ok(ExitCode::SUCCESS),
        Err(BridgeError::Remote(e)) => Err(e.into()),
        Err(e @ BridgeError::Editor(_)) => {
            // An editor that closes its end first is how most of them say goodbye.
            tracing::debug!(error = %e, "stdout was closed");
            Ok(ExitCode::SUCCESS)
        }
    }
}
