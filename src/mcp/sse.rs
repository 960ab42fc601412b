//! HTTP with server-sent events, as before revision 2025-03-26: one stream of events for everything the server says,
//! and an address for everything it is told, which the stream's first event names.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::BoxStream;
use futures_util::{StreamExt, TryStreamExt};
use rmcp::RoleClient;
use rmcp::service::{RxJsonRpcMessage, TxJsonRpcMessage};
use rmcp::transport::Transport;
use rmcp::transport::streamable_http_client::{StreamableHttpClient, StreamableHttpError};
use tokio::time::timeout;

use super::connection::root;
use super::ending::Ending;
use super::http::{EVENT, Target};
use super::{McpError, oauth};
use crate::config::McpServer;

/// How long one message may take on its way.
const SEND: Duration = Duration::from_secs(10);

/// An open stream.
pub(super) struct Sse<C> {
    client: C,
    /// Where messages are sent.
    endpoint: Target,
    events: BoxStream<'static, Result<Event, String>>,
    ending: Ending,
}

struct Event {
    kind: Option<String>,
    data: String,
}

/// Opens the stream and waits for its first event.
pub(super) async fn open<C>(
    spec: &McpServer,
    client: C,
    target: Target,
    ending: Ending,
) -> Result<Sse<C>, McpError>
where
    C: StreamableHttpClient + Sync,
{
    let url: Arc<str> = target.url.as_str().into();
    let opened =
        client.get_stream_with_max_sse_event_size(url, None, None, None, target.headers.clone(), EVENT);
    let stream = opened.await.map_err(|error| match error {
        StreamableHttpError::AuthRequired(_) => oauth::wanted(spec),
        error => McpError::Unavailable(root(&error)),
    })?;
    let events = stream.map_ok(|event| Event { kind: event.event, data: event.data.unwrap_or_default() });
    let mut events = events.map_err(|error| error.to_string()).boxed();
    let endpoint = loop {
        match events.next().await {
            Some(Ok(event)) if event.kind.as_deref() == Some("endpoint") => break event.data,
            Some(Ok(_)) => {}
            Some(Err(error)) => return Err(McpError::Unavailable(error)),
            None => return Err(McpError::Unavailable("it did not say where messages go".into())),
        }
    };
    let url = target.url.join(endpoint.trim()).ok().filter(|url| url.origin() == target.url.origin());
    let url = url.ok_or_else(|| McpError::Invalid("it wants messages to go to another place".into()))?;
    Ok(Sse { client, endpoint: Target { url, ..target }, events, ending })
}

impl<C: StreamableHttpClient + Sync> Transport<RoleClient> for Sse<C> {
    type Error = io::Error;

    fn send(
        &mut self,
        item: TxJsonRpcMessage<RoleClient>,
    ) -> impl Future<Output = io::Result<()>> + Send + 'static {
        let (client, Target { url, headers }) = (self.client.clone(), self.endpoint.clone());
        async move {
            let url: Arc<str> = url.as_str().into();
            let posted = client.post_message_with_max_sse_event_size(url, item, None, None, headers, EVENT);
            match timeout(SEND, posted).await {
                Ok(Ok(_)) => Ok(()),
                Ok(Err(error)) => Err(io::Error::other(root(&error))),
                Err(_) => Err(io::ErrorKind::TimedOut.into()),
            }
        }
    }

    async fn receive(&mut self) -> Option<RxJsonRpcMessage<RoleClient>> {
        loop {
            let event = match self.events.next().await {
                Some(Ok(event)) => event,
                Some(Err(error)) => {
                    self.ending.fail(format!("its stream broke: {error}"));
                    return None;
                }
                None => {
                    self.ending.fail("its stream ended");
                    return None;
                }
            };
            if event.kind.as_deref().is_some_and(|kind| kind != "message") {
                continue;
            }
            match serde_json::from_str(&event.data) {
                Ok(message) => return Some(message),
                Err(error) => tracing::debug!(%error, "a server sent an event that is no message"),
            }
        }
    }

    async fn close(&mut self) -> io::Result<()> {
        self.events = futures_util::stream::empty().boxed();
        Ok(())
    }
}
