//! The request and its answer.

use std::net::SocketAddr;

use futures_util::StreamExt;
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderName, LOCATION};
use reqwest::redirect;

use super::reach::Reach;
use super::target::Target;
use crate::http::{self, Client, HttpError};
use crate::tool::limit;
use crate::tool::output::Failure;

/// What is liked best: text that needs no conversion.
const WANTED: &str = "text/markdown, text/html;q=0.9, application/json;q=0.9, text/*;q=0.8, */*;q=0.1";

/// What came of a request.
#[derive(Debug)]
pub(super) enum Answer {
    Loaded(Loaded),
    /// A redirect to where permission does not reach.
    Elsewhere(Target),
}

/// A document as it was sent.
#[derive(Debug)]
pub(super) struct Loaded {
    pub(super) url: Target,
    pub(super) status: u16,
    /// Lower case, without parameters; empty if the server does not say.
    pub(super) media_type: String,
    pub(super) charset: Option<String>,
    pub(super) body: Vec<u8>,
    /// Whether there was more of it.
    pub(super) cut: bool,
}

/// Loads a document, over redirects that stay at its host. The host is resolved once.
pub(super) async fn load(target: Target, reach: &Reach) -> Result<Answer, Failure> {
    let refused = |why: String| Failure(format!("{target} {why}"));
    let addresses = reach.resolve(target.host(), target.port()).await.map_err(refused)?;
    let mut now = target.clone();
    for _ in 0..=limit::REDIRECTS {
        let answer = client(&now, &addresses)?.get(now.url().clone()).header(ACCEPT, WANTED).send().await;
        let answer = answer.map_err(|error| Failure(format!("{now}: {}", HttpError::from(&error))))?;
        let next = answer.status().is_redirection().then(|| header(answer.headers(), &LOCATION)).flatten();
        let Some(location) = next else { return body(now, answer).await.map(Answer::Loaded) };
        let next =
            now.redirect(&location).map_err(|why| Failure(format!("{now} {why}; it is not followed")))?;
        if !target.covers(&next) {
            return Ok(Answer::Elsewhere(next));
        }
        now = next;
    }
    Err(Failure(format!("{target} redirects more than {} times", limit::REDIRECTS)))
}

/// A client that connects to these addresses and knows of no others.
fn client(target: &Target, addresses: &[SocketAddr]) -> Result<Client, Failure> {
    // The port of an address here stands for that of the URL, which a redirect to TLS changes.
    let addresses: Vec<_> =
        addresses.iter().map(|address| SocketAddr::new(address.ip(), target.port())).collect();
    let mut builder = http::builder()
        .no_proxy()
        .redirect(redirect::Policy::none())
        .pool_max_idle_per_host(0)
        .resolve_to_addrs(target.host(), &addresses);
    if target.url().scheme() == "http" {
        builder = builder.tls_certs_only([]);
    }
    http::build(builder).map_err(|error| Failure(format!("{target}: {error}")))
}

async fn body(url: Target, answer: reqwest::Response) -> Result<Loaded, Failure> {
    let status = answer.status().as_u16();
    let kind = header(answer.headers(), &CONTENT_TYPE).unwrap_or_default();
    let (media_type, parameters) = kind.split_once(';').unwrap_or((&kind, ""));
    let mut named = parameters.split(';').filter_map(|parameter| parameter.split_once('='));
    let charset = named.find(|(name, _)| name.trim().eq_ignore_ascii_case("charset"));
    let charset = charset.map(|(_, value)| value.trim().trim_matches('"').to_owned());
    let media_type = media_type.trim().to_ascii_lowercase();
    let mut stream = answer.bytes_stream();
    let (mut body, mut cut) = (Vec::new(), false);
    // Counted as it is unpacked: what was packed small may be large.
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(|error| Failure(format!("{url}: {}", HttpError::from(&error))))?;
        let room = limit::BODY - body.len();
        body.extend_from_slice(chunk.get(..room).unwrap_or(&chunk));
        if chunk.len() > room {
            cut = true;
            break;
        }
    }
    Ok(Loaded { url, status, media_type, charset, body, cut })
}

fn header(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
}
