//! A client's terminals as the place where commands run.

use std::time::Duration;

use futures_util::future::BoxFuture;
use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

use super::terminal_output::{Output, Status};
use crate::acp::{
    CLIENT_METHOD_NAMES as CLIENT, CreateTerminalRequest, CreateTerminalResponse, EnvVariable, SessionId,
    TerminalId,
};
use crate::rpc::{Peer, PeerError};
use crate::workspace::{Command, Commands, Exit, Finished, Live, WorkspaceError};

/// How long a killed terminal is waited for.
const PATIENCE: Duration = Duration::from_secs(1);
/// The exit of a command of which the client does not tell how it ended: nothing counts as done that may not be.
const UNKNOWN: Exit = Exit::Code(-1);

/// Commands in the client's terminals. A terminal is always released, whatever becomes of the run.
#[derive(Debug)]
pub(super) struct ClientCommands {
    peer: Peer,
    session: SessionId,
}

impl ClientCommands {
    pub(super) fn new(peer: Peer, session: SessionId) -> Self {
        Self { peer, session }
    }

    async fn create(&self, command: &Command) -> Result<Terminal, PeerError> {
        let (program, arguments) = command
            .argv
            .split_first()
            .map_or((String::new(), Vec::new()), |(program, rest)| (program.clone(), rest.to_vec()));
        let env = command.env.iter().map(|(name, value)| EnvVariable::new(name.clone(), value.clone()));
        let request = CreateTerminalRequest::new(self.session.clone(), program)
            .args(arguments)
            .env(env.collect())
            .cwd(command.cwd.clone())
            .output_byte_limit(command.limits.keep as u64);
        // In a task of its own: when the run is dropped before the client has answered, the terminal that the
        // answer names is given back all the same.
        let (peer, session) = (self.peer.clone(), self.session.clone());
        let (sender, receiver) = oneshot::channel();
        tokio::spawn(async move {
            let response = peer.request::<_, CreateTerminalResponse>(CLIENT.terminal_create, &request).await;
            let terminal = response.map(|it| Terminal { peer, session, id: it.terminal_id, released: false });
            // Not taken any more: dropping it gives it back.
            let _taken = sender.send(terminal);
        });
        receiver.await.map_err(|_| PeerError::Gone)?
    }
}

impl Commands for ClientCommands {
    fn run(
        &self,
        command: Command,
        output: mpsc::Sender<Live>,
        cancel: CancellationToken,
    ) -> BoxFuture<'_, Result<Finished, WorkspaceError>> {
        Box::pin(async move {
            let started = Instant::now();
            let failed = |e: PeerError| WorkspaceError::Spawn {
                program: command.argv.join(" "),
                source: std::io::Error::other(format!("the client's terminal: {e}")),
            };
            let terminal = self.create(&command).await.map_err(failed)?;
            // A receiver that is slow or gone only loses the live picture.
            let _shown = output.try_send(Live::Terminal(terminal.id.0.to_string()));
            let ended = tokio::select! {
                status = terminal.call::<Status>(CLIENT.terminal_wait_for_exit) => status.map(Ok),
                () = cancel.cancelled() => Ok(Err(Exit::Cancelled)),
                () = tokio::time::sleep(command.limits.wall) => Ok(Err(Exit::TimedOut)),
            };
            let ended = ended.map_err(failed)?;
            if ended.is_err() {
                terminal.kill().await;
            }
            // What a command that ended by itself has put out is waited for as the command was.
            let left =
                if ended.is_ok() { command.limits.wall.saturating_sub(started.elapsed()) } else { PATIENCE };
            let told = timeout(left.max(PATIENCE), terminal.call::<Output>(CLIENT.terminal_output));
            let told = tokio::select! {
                biased;
                told = told => told.ok().and_then(Result::ok),
                () = cancel.cancelled(), if ended.is_ok() => None,
            };
            let output = told.unwrap_or_else(Output::untold);
            let exit = match ended {
                Ok(status) => status.exit().or_else(|| output.exit_status.exit()),
                Err(exit) => Some(exit),
            };
            let id = terminal.release().await;
            Ok(Finished {
                exit: exit.unwrap_or(UNKNOWN),
                output: output.captured(command.limits.keep, exit.is_none()),
                elapsed: started.elapsed(),
                terminal: Some(id),
            })
        })
    }
}

/// One terminal of the client.
struct Terminal {
    peer: Peer,
    session: SessionId,
    id: TerminalId,
    released: bool,
}

impl Terminal {
    async fn call<R: serde::de::DeserializeOwned>(&self, method: &str) -> Result<R, PeerError> {
        self.peer.request(method, &self.params()).await
    }

    fn params(&self) -> Value {
        json!({ "sessionId": self.session, "terminalId": self.id })
    }

    /// Ends the command; the terminal stays readable.
    async fn kill(&self) {
        let killed = timeout(PATIENCE, self.call::<Value>(CLIENT.terminal_kill)).await;
        if !matches!(killed, Ok(Ok(_))) {
            tracing::warn!("the client did not kill its terminal");
        }
    }

    async fn release(mut self) -> String {
        let released = timeout(PATIENCE, self.call::<Value>(CLIENT.terminal_release)).await;
        if !matches!(released, Ok(Ok(_))) {
            tracing::warn!("the client did not release its terminal");
        }
        self.released = true;
        self.id.0.to_string()
    }
}

impl Drop for Terminal {
    /// The run was dropped in the middle: the client is told, by a task that waits for its answers.
    fn drop(&mut self) {
        if self.released {
            return;
        }
        let (peer, params) = (self.peer.clone(), self.params());
        tokio::spawn(async move {
            for method in [CLIENT.terminal_kill, CLIENT.terminal_release] {
                let told = timeout(PATIENCE, peer.request::<_, Value>(method, &params)).await;
                if !matches!(told, Ok(Ok(_))) {
                    tracing::debug!(method, "the client did not take it");
                }
            }
        });
    }
}
