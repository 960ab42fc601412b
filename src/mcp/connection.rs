//! Opening a connection over whatever transport is set, and asking something over it.

use std::error::Error;
use std::path::PathBuf;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use rmcp::RoleClient;
use rmcp::model::{ClientRequest, ServerResult};
use rmcp::service::{
    ClientInitializeError, Peer, PeerRequestOptions, RequestHandle, RunningService, ServiceError,
    serve_client_with_ct,
};
use rmcp::transport::streamable_http_client::StreamableHttpError;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use super::calls::Pulse;
use super::catalogue::Catalogue;
use super::ending::Ending;
use super::host::Host;
use super::stdio::{Program, Stdio};
use super::{McpError, http, oauth, sse};
use crate::config::{McpServer, McpTransport};
use crate::http::HttpError;
use crate::tool::one_line;
use crate::workspace::{LocalCommands, Workspace};

/// How long telling a server that a call is given up may take.
const WITHDRAWAL: Duration = Duration::from_millis(500);
/// Characters of a reason.
const REASON: usize = 400;

/// Where servers run, and with which sign-ins.
#[derive(Debug, Clone)]
pub(super) struct Site {
    pub(super) workspace: Workspace,
    pub(super) processes: LocalCommands,
    /// The file of sign-ins.
    pub(super) tokens: Option<PathBuf>,
}

/// An open connection, as its users see it.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) peer: Peer<RoleClient>,
    pub(super) ending: Ending,
}

/// An open connection, as its keeper holds it.
pub(super) struct Connection {
    pub(super) peer: Peer<RoleClient>,
    pub(super) catalogue: Catalogue,
    /// Cancelled to close it.
    pub(super) close: CancellationToken,
    /// Ends when it is closed.
    pub(super) closed: BoxFuture<'static, ()>,
}

/// Connects, says hello and asks what there is. Not bounded in time: dropping it gives it up.
pub(super) async fn open(
    spec: &McpServer,
    site: &Site,
    host: Host,
    ending: &Ending,
) -> Result<Connection, McpError> {
    let close = CancellationToken::new();
    let given_up = close.clone().drop_guard();
    let opened = match &spec.transport {
        McpTransport::Stdio { command, args, env, cwd } => {
            let cwd = cwd.as_deref().unwrap_or(site.workspace.cwd());
            let program = Program { command, args, env, cwd };
            let stdio = Stdio::open(&site.processes, program, ending.clone()).await?;
            serve_client_with_ct(host, stdio, close.clone()).await
        }
        McpTransport::Http { url, headers } => {
            let target = http::Target::new(url, headers)?;
            if let Some(client) = target.signed_in(site.tokens.as_deref()).await? {
                serve_client_with_ct(host, http::streamable(client, target), close.clone()).await
            } else {
                serve_client_with_ct(host, http::streamable(target.client()?, target), close.clone()).await
            }
        }
        McpTransport::Sse { url, headers } => {
            let target = http::Target::new(url, headers)?;
            if let Some(client) = target.signed_in(site.tokens.as_deref()).await? {
                let sse = sse::open(spec, client, target, ending.clone()).await?;
                serve_client_with_ct(host, sse, close.clone()).await
            } else {
                let sse = sse::open(spec, target.client()?, target, ending.clone()).await?;
                serve_client_with_ct(host, sse, close.clone()).await
            }
        }
    };
    let service = opened.map_err(|error| refused(spec, &error, ending))?;
    let peer = service.peer().clone();
    let catalogue = Catalogue::load(&peer).await.map_err(|error| failed(error, ending))?;
    let closed = waiting(service).boxed();
    Ok(Connection { peer, catalogue, close: given_up.disarm(), closed })
}

async fn waiting(service: RunningService<RoleClient, Host>) {
    match service.waiting().await {
        Ok(reason) => tracing::debug!(?reason, "a connection to a server is closed"),
        Err(error) => tracing::warn!(%error, "a connection to a server failed"),
    }
}

/// How long an answer is waited for, and what ends the wait.
pub(super) struct Wait<'a> {
    pub(super) timeout: Duration,
    pub(super) cancel: &'a CancellationToken,
    /// Signs of life, each of which begins the time anew.
    pub(super) pulse: &'a Pulse,
}

impl Link {
    /// Sends a request.
    pub(super) async fn begin(&self, request: ClientRequest) -> Result<RequestHandle<RoleClient>, McpError> {
        let sending = self.peer.send_request_with_option(request, PeerRequestOptions::no_options());
        tokio::select! {
            () = self.ending.over().cancelled() => Err(self.lost()),
            sent = sending => sent.map_err(|error| failed(error, &self.ending)),
        }
    }

    /// Waits for its answer; `Ok(None)` when it was cancelled meanwhile.
    pub(super) async fn finish(
        &self,
        mut request: RequestHandle<RoleClient>,
        wait: Wait<'_>,
    ) -> Result<Option<ServerResult>, McpError> {
        let mut late = Instant::now() + wait.timeout;
        loop {
            tokio::select! {
                biased;
                answer = &mut request.rx => {
                    let answer = answer.map_err(|_| self.lost())?;
                    return answer.map(Some).map_err(|error| failed(error, &self.ending));
                }
                () = wait.cancel.cancelled() => {
                    withdraw(request, "the user gave it up");
                    return Ok(None);
                }
                () = self.ending.over().cancelled() => return Err(self.lost()),
                () = wait.pulse.beat.notified() => late = Instant::now() + wait.timeout,
                () = sleep_until(late), if !wait.pulse.waits_for_people() => {
                    withdraw(request, "it took too long");
                    return Err(McpError::TimedOut(wait.timeout.as_secs()));
                }
            }
        }
    }

    fn lost(&self) -> McpError {
        let why = self.ending.reason().unwrap_or("the connection was lost");
        McpError::Unavailable(why.to_owned())
    }
}

/// Tells the server that nobody waits for the answer any more, and waits no longer itself.
fn withdraw(request: RequestHandle<RoleClient>, why: &'static str) {
    tokio::spawn(async move {
        if timeout(WITHDRAWAL, request.cancel(Some(why.to_owned()))).await.is_err() {
            tracing::debug!("a server does not take a cancellation");
        }
    });
}

/// Why a server did not say hello.
fn refused(spec: &McpServer, error: &ClientInitializeError, ending: &Ending) -> McpError {
    let said = error.to_string();
    if error.is_authorization_required() || said.contains("HTTP 401") {
        return oauth::wanted(spec);
    }
    match (ending.reason(), error) {
        (Some(reason), _) => McpError::Unavailable(reason.to_owned()),
        (None, ClientInitializeError::JsonRpcError(error)) => {
            McpError::Refused(one_line(&error.message, REASON))
        }
        (None, ClientInitializeError::ConflictInitResponseId(..)) => {
            McpError::Refused("it answered something that was not asked".into())
        }
        (None, ClientInitializeError::TransportError { error, .. }) => {
            McpError::Unavailable(root(&*error.error))
        }
        (None, _) => McpError::Unavailable(one_line(&said, REASON)),
    }
}

/// Why a request came to nothing.
pub(super) fn failed(error: ServiceError, ending: &Ending) -> McpError {
    match (error, ending.reason()) {
        (ServiceError::McpError(error), _) => McpError::Refused(one_line(&error.message, REASON)),
        (_, Some(reason)) => McpError::Unavailable(reason.to_owned()),
        (ServiceError::TransportSend(error), None) => McpError::Unavailable(root(&*error.error)),
        (ServiceError::TransportClosed, None) => McpError::Unavailable("the connection was lost".into()),
        (error, None) => McpError::Unavailable(one_line(&error.to_string(), REASON)),
    }
}

/// The innermost reason: the outer ones name URLs, which may hold secrets.
pub(super) fn root(error: &(dyn Error + 'static)) -> String {
    let mut innermost = error;
    loop {
        if let Some(StreamableHttpError::Client(error)) =
            innermost.downcast_ref::<StreamableHttpError<reqwest::Error>>()
        {
            innermost = error;
        }
        if let Some(error) = innermost.downcast_ref::<reqwest::Error>() {
            match error.status() {
                Some(status) => return format!("HTTP {status}"),
                None if error.is_redirect() => {}
                None => return HttpError::from(error).to_string(),
            }
        }
        match innermost.source() {
            Some(inner) => innermost = inner,
            None => return one_line(&innermost.to_string(), REASON),
        }
    }
}
