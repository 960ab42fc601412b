//! `web_fetch`: a page of the public web as text.
//!
//! Nobody is asked for an address of this machine or of a private network: the host is resolved once, its addresses
//! are judged, and those very addresses are connected to. No proxy is used, as it would resolve the host again.

mod charset;
mod html;
mod load;
mod page;
mod reach;
mod tag;
mod target;

#[cfg(test)]
pub(super) use self::{charset::decode, html::markdown};

use std::sync::Arc;

use futures_util::future::BoxFuture;
use serde_json::{Value, json};

use self::load::Answer;
pub(super) use self::reach::Reach;
use self::target::Target;
use super::input::{Fields, schema};
use super::output::Failure;
use super::{Prepared, Tool, ToolContext, ToolOutput, label, limit, work};
use crate::acp::ToolKind;
use crate::permission::Action;

const EXAMPLE: &str = r#"{"url": "https://example.org/page"}"#;
/// Bytes of the text behind an error that a server answered with.
const EXPLANATION: usize = 2000;

/// The tool; `reach` says which addresses it may connect to.
#[derive(Debug)]
pub(super) struct WebFetch {
    reach: Reach,
}

impl WebFetch {
    /// Only what everybody can reach.
    pub(super) fn public() -> Self {
        Self { reach: Reach::public() }
    }

    #[cfg(test)]
    pub(super) fn reaching(reach: Reach) -> Self {
        Self { reach }
    }
}

impl Tool for WebFetch {
    fn name(&self) -> &'static str {
        "web_fetch"
    }

    fn description(&self) -> &'static str {
        "Fetches a public http or https URL: HTML becomes Markdown, JSON is indented, other text comes as it is. \
         Images and other binary content are refused, and so are addresses of this machine and of private networks. \
         A redirect to another host is told and not followed."
    }

    fn input(&self) -> Value {
        schema(&json!({"url": {"type": "string", "description": "The URL"}}), &["url"])
    }

    fn kind(&self) -> ToolKind {
        ToolKind::Fetch
    }

    fn parallel(&self) -> bool {
        true
    }

    fn prepare(&self, input: Value, context: ToolContext) -> BoxFuture<'_, Result<Prepared, ToolOutput>> {
        Box::pin(async move { Ok(self.prepare(input, context)?) })
    }
}

impl WebFetch {
    fn prepare(&self, input: Value, context: ToolContext) -> Result<Prepared, Failure> {
        let mut fields = Fields::new(input, EXAMPLE)?;
        let url = fields.text(&["url", "uri", "link", "href"])?;
        let target = Target::parse(&url).map_err(|why| fields.refuse("url", &why))?;
        if let Some(address) = target.address() {
            self.reach
                .allows(address)
                .map_err(|why| Failure(format!("{target} {why}; it is not fetched")))?;
        }
        let reach = self.reach.clone();
        Ok(Prepared {
            title: format!("Fetch {}", label::line(&target.to_string(), 200)),
            // As it will be sent: the host in its plain spelling.
            action: Action::Fetch { url: target.to_string() },
            locations: Vec::new(),
            preview: Vec::new(),
            work: work(fetch(context, target, reach)),
        })
    }
}

async fn fetch(context: ToolContext, target: Target, reach: Reach) -> Result<ToolOutput, Failure> {
    let loading = tokio::time::timeout(limit::FETCH_TIME, load::load(target.clone(), &reach));
    let answer = tokio::select! {
        biased;
        () = context.cancel.cancelled() => return Err(Failure("cancelled".to_owned())),
        answer = loading => answer,
    };
    let late = |_| Failure(format!("{target} did not answer within {} seconds", limit::FETCH_TIME.as_secs()));
    let loaded = match answer.map_err(late)?? {
        Answer::Elsewhere(to) => {
            return Ok(ToolOutput::done(format!(
                "{target} redirects to {to}: fetch that URL if it is wanted"
            )));
        }
        Answer::Loaded(loaded) => Arc::new(loaded),
    };
    let (status, bytes) = (loaded.status, loaded.body.len());
    let raw =
        json!({"status": status, "type": loaded.media_type, "bytes": bytes, "url": loaded.url.to_string()});
    let read = Arc::clone(&loaded);
    let reading = tokio::task::spawn_blocking(move || page::text(&read));
    let text = match tokio::time::timeout(limit::TIME, reading).await {
        Ok(Ok(text)) => text,
        Ok(Err(_)) | Err(_) => Err("cannot be made into text in time".to_owned()),
    };
    if !(200..300).contains(&status) {
        let text = text.unwrap_or_default();
        let text = limit::split(text.trim(), EXPLANATION).0;
        return Ok(
            ToolOutput::failed(format!("{} answered with the status {status}\n{text}", loaded.url)).raw(raw)
        );
    }
    let text = text.map_err(|why| Failure(format!("{} {why}", loaded.url)))?;
    let cut = if loaded.cut {
        format!("\n(only its first {} were taken)", label::size(limit::BODY as u64))
    } else {
        String::new()
    };
    let text = context.fit(format!("{}\n\n{}", loaded.url, text.trim())).await;
    Ok(ToolOutput::done(text + &cut).raw(raw))
}
