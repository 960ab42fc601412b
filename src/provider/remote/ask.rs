//! One request to a provider, and what its first words mean.

use std::time::Duration;

use bytes::Bytes;
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Response, StatusCode};
use tokio::time::timeout;

use super::Line;
use super::failure::{Failure, shortened};
use crate::clock::Clock;
use crate::config::KeySource;
use crate::http::{HttpError, Url};
use crate::provider::dialect::Refusal;
use crate::provider::listing::{Listed, listed};
use crate::provider::retry::{self, Again};
use crate::provider::{ModelRequest, ProviderError};

/// Bytes of a refusal that are read.
const MAX_REFUSAL: usize = 64 * 1024;
/// Bytes of a list of models that are read.
const MAX_LIST: usize = 8 * 1024 * 1024;
/// How long the words of a refusal are waited for.
const REFUSAL: Duration = Duration::from_secs(5);

/// Where a request goes, and with what.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) url: Url,
    pub(super) headers: HeaderMap,
}

impl Line {
    /// Address and headers of a request; `path` begins with a slash and may hold a query.
    pub(super) fn target(&self, path: &str) -> Result<Target, ProviderError> {
        if self.key.is_none() && self.settings.key != KeySource::None {
            let name = &self.settings.name;
            return Err(ProviderError::Unauthorized(format!("{name} needs a key: {}", self.key_advice())));
        }
        let wrong = |what: &str| {
            let id = &self.settings.id;
            ProviderError::Misconfigured(format!(
                "{what}: correct it in the configuration of provider {id:?}"
            ))
        };
        let base =
            Url::parse(&self.settings.base_url).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        let base = base.ok_or_else(|| wrong("its base_url is not an http or https address"))?;
        let mut headers = HeaderMap::new();
        for (name, value) in self.dialect.headers() {
            headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        if let Some(key) = &self.key {
            let (name, value) = self.dialect.key_header(key.expose().trim());
            let value = secret(&value).ok_or_else(|| {
                let advice = self.key_advice();
                ProviderError::Unauthorized(format!("the key holds characters that no key has: {advice}"))
            })?;
            headers.insert(HeaderName::from_static(name), value);
        }
        for (name, value) in &self.settings.headers {
            let parsed = HeaderName::try_from(name.as_str()).ok().zip(secret(value.expose()));
            let (name, value) =
                parsed.ok_or_else(|| wrong(&format!("the header {name:?} cannot be sent")))?;
            headers.insert(name, value);
        }
        Ok(Target { url: address(&base, path), headers })
    }

    /// Asks for an answer: a response that is a stream, as far as can be told from its first words.
    pub(super) async fn ask(
        &self,
        request: &ModelRequest,
        target: &Target,
        body: Bytes,
    ) -> Result<Response, Failure> {
        let limits = &self.settings.limits;
        let post = self.client(target).await?.post(target.url.clone());
        let post = post.headers(target.headers.clone()).body(body);
        let post = post.header(CONTENT_TYPE, "application/json").header(ACCEPT, "text/event-stream");
        let sent = timeout(limits.connect + limits.idle, post.send()).await;
        let response = match sent {
            Ok(Ok(response)) => response,
            Ok(Err(e)) => return Err(self.unreachable(&HttpError::from(&e))),
            Err(_) => return Err(Failure::passing(self.silent())),
        };
        let kind = content_type(&response);
        match response.status() {
            StatusCode::OK if kind == "text/html" => Err(self.page()),
            StatusCode::OK if kind == "application/json" => {
                let refusal = self.refusal(response).await;
                Err(self.refused(200, refusal, Again::Backoff, request))
            }
            StatusCode::OK => Ok(response),
            status => {
                let asked =
                    retry::asked(|name| response.headers().get(name)?.to_str().ok(), Clock::real().now());
                let refusal = self.refusal(response).await;
                let again = retry::on_status(status.as_u16(), asked.or(refusal.wait));
                Err(self.refused(status.as_u16(), refusal, again, request))
            }
        }
    }

    /// Asks which models there are.
    pub(super) async fn list(&self) -> Result<Vec<Listed>, Failure> {
        let target = self.target(self.dialect.models_path()).map_err(Failure::lasting)?;
        let client = self.client(&target).await?;
        let sent = client.get(target.url.clone()).headers(target.headers.clone()).send().await;
        let response = sent.map_err(|e| self.unreachable(&HttpError::from(&e)))?;
        let status = response.status().as_u16();
        if status != 200 {
            let refusal = self.refusal(response).await;
            return Err(self.refused(status, refusal, Again::Never, &ModelRequest::default()));
        }
        if content_type(&response) == "text/html" {
            return Err(self.page());
        }
        Ok(listed(&text(response, MAX_LIST).await))
    }

    async fn refusal(&self, response: Response) -> Refusal {
        let status = response.status().as_u16();
        let body = timeout(REFUSAL, text(response, MAX_REFUSAL)).await.unwrap_or_default();
        let refusal = self.dialect.refusal(status, &body);
        Refusal { text: shortened(&self.without_secrets(&refusal.text)), ..refusal }
    }
}

/// A header's value that nobody logs.
fn secret(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// The address below a base; both may bring a query.
fn address(base: &Url, path: &str) -> Url {
    let (path, query) = path.split_once('?').map_or((path, None), |(path, query)| (path, Some(query)));
    let queries: Vec<_> = [base.query(), query].into_iter().flatten().collect();
    let mut url = base.clone();
    url.set_path(&format!("{}{path}", base.path().trim_end_matches('/')));
    url.set_query((!queries.is_empty()).then(|| queries.join("&")).as_deref());
    url
}

/// The media type, without its parameters.
fn content_type(response: &Response) -> String {
    let value = response.headers().get(CONTENT_TYPE).and_then(|it| it.to_str().ok()).unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// The beginning of a body, as far as it comes.
async fn text(mut response: Response, most: usize) -> String {
    let mut body = Vec::new();
    while let Ok(Some(piece)) = response.chunk().await {
        body.extend_from_slice(&piece[..piece.len().min(most - body.len())]);
        if body.len() == most {
            break;
        }
    }
    String::from_utf8_lossy(&body).into_owned()
}
