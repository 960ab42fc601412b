//! A provider over HTTP, whatever its dialect: one request, its answer as a stream, retries and limits.

mod answer;
mod ask;
mod failure;

use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{self, BoxStream};
use futures_util::{StreamExt, TryFutureExt};
use tokio::sync::OnceCell;

use self::answer::Answer;
use self::ask::Target;
use self::failure::Failure;
use super::dialect::{self, Dialect};
use super::listing::Listed;
use super::{Delta, ModelRequest, Provider, ProviderError};
use crate::config::{ProviderSettings, Secret};
use crate::http;

/// How long a list of models may take.
const LISTING: Duration = Duration::from_secs(5);

/// A provider over HTTP. Clones share connections; nothing is connected, and nothing of TLS is touched, before the
/// first request.
#[derive(Debug, Clone)]
pub struct Remote(Arc<Line>);

/// The line to a provider.
#[derive(Debug)]
struct Line {
    settings: ProviderSettings,
    key: Option<Secret>,
    dialect: Box<dyn Dialect>,
    client: OnceCell<http::Client>,
}

impl Remote {
    /// A provider as it is set, and the key found for it. What is wrong with either is said by the first request.
    pub fn new(settings: &ProviderSettings, key: Option<Secret>) -> Self {
        let dialect = dialect::of(settings);
        Self(Arc::new(Line { settings: settings.clone(), key, dialect, client: OnceCell::new() }))
    }

    /// Its models, as it tells of them, in its order. Takes at most 5 seconds.
    pub async fn models(&self) -> Result<Vec<Listed>, ProviderError> {
        let listing = self.0.list().map_err(|failure| failure.error);
        let late = |_| Err(ProviderError::Unavailable(self.0.says("did not list its models within 5 s")));
        tokio::time::timeout(LISTING, listing).await.unwrap_or_else(late)
    }
}

impl Provider for Remote {
    fn id(&self) -> &str {
        &self.0.settings.id
    }

    fn stream(&self, request: ModelRequest) -> BoxStream<'static, Result<Delta, ProviderError>> {
        // Boxed, because every step takes it and gives it back.
        let answer = Box::new(Answer::new(Arc::clone(&self.0), request));
        let batches = stream::unfold(answer, async |mut answer| Some((answer.next().await?, answer)));
        batches.flat_map(stream::iter).boxed()
    }
}

impl Line {
    /// The client, built when it is first needed: reading certificates takes some milliseconds.
    async fn client(&self, target: &Target) -> Result<&http::Client, Failure> {
        let build = async || {
            let builder = http::builder_for(&target.url)
                .connect_timeout(self.settings.limits.connect)
                .redirect(reqwest::redirect::Policy::none())
                // A compressed stream arrives when a block is full, not when a word is said.
                .gzip(false);
            let built = tokio::task::spawn_blocking(|| http::build(builder));
            built.await.unwrap_or_else(|e| Err(http::HttpError::Setup(e.to_string())))
        };
        self.client.get_or_try_init(build).await.map_err(|e| self.unreachable(&e))
    }
}
