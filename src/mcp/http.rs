//! Reaching servers over HTTP: one client, its redirects, headers and sign-ins.

use std::collections::HashMap;
use std::path::Path;

use reqwest::header::{HeaderName, HeaderValue};
use reqwest::redirect::{Attempt, Policy};
use rmcp::transport::AuthClient;
use rmcp::transport::streamable_http_client::{
    StreamableHttpClient, StreamableHttpClientTransport, StreamableHttpClientTransportConfig,
};

use super::{McpError, oauth};
use crate::config::Secret;
use crate::http::{self, Client, Url};

/// Largest event taken, in bytes.
pub(super) const EVENT: usize = 16 * 1024 * 1024;
const REDIRECTS: usize = 5;

/// Where requests go, and what each of them carries.
#[derive(Clone)]
pub(super) struct Target {
    pub(super) url: Url,
    pub(super) headers: HashMap<HeaderName, HeaderValue>,
}

impl Target {
    pub(super) fn new(url: &Secret, headers: &[(String, Secret)]) -> Result<Self, McpError> {
        let parsed = Url::parse(url.expose()).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        let url =
            parsed.ok_or_else(|| McpError::Invalid("its URL is none that http or https can reach".into()))?;
        let header = |(name, value): &(String, Secret)| {
            let bad = || McpError::Invalid(format!("its header {name:?} cannot be sent"));
            let mut value = HeaderValue::from_str(value.expose()).map_err(|_| bad())?;
            value.set_sensitive(true);
            Ok((HeaderName::from_bytes(name.as_bytes()).map_err(|_| bad())?, value))
        };
        Ok(Self { url, headers: headers.iter().map(header).collect::<Result<_, McpError>>()? })
    }

    /// Whether what is sent can be read on its way.
    pub(super) fn is_open(&self) -> bool {
        self.url.scheme() == "http" && !http::is_local(&self.url)
    }

    /// The client of one connection. It follows a redirect only where the headers may go as well: to the same origin.
    pub(super) fn client(&self) -> Result<Client, McpError> {
        http::build(http::builder_for(&self.url).redirect(Policy::custom(follow)))
            .map_err(|e| McpError::Unavailable(e.to_string()))
    }

    /// The same that shows a sign-in; `None` when nobody signed in there.
    pub(super) async fn signed_in(
        &self,
        tokens: Option<&Path>,
    ) -> Result<Option<AuthClient<Client>>, McpError> {
        let Some(manager) = oauth::manager(self.url.as_str(), tokens).await? else { return Ok(None) };
        Ok(Some(AuthClient::new(self.client()?, manager)))
    }
}

fn follow(attempt: Attempt<'_>) -> reqwest::redirect::Action {
    let same = attempt.previous().first().is_some_and(|from| from.origin() == attempt.url().origin());
    if same && attempt.previous().len() <= REDIRECTS {
        return attempt.follow();
    }
    let why =
        if same { "it redirects in circles" } else { "it redirects to another place: set that URL instead" };
    attempt.error(why)
}

/// Streamable HTTP, as since revision 2025-03-26.
pub(super) fn streamable<C: StreamableHttpClient + Sync>(
    client: C,
    target: Target,
) -> StreamableHttpClientTransport<C> {
    let config = StreamableHttpClientTransportConfig::with_uri(target.url.as_str())
        .custom_headers(target.headers)
        .max_sse_event_size(EVENT);
    StreamableHttpClientTransport::with_client(client, config)
}
