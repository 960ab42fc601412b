//! What went wrong, where, and what to do about it: in one line, and never with a secret in it.

use std::time::Duration;

use super::Line;
use crate::config::{KeySource, Secret};
use crate::http::{HttpError, Url};
use crate::provider::dialect::{ReadError, Refusal};
use crate::provider::retry::Again;
use crate::provider::{ModelRequest, ProviderError};

/// Characters of a provider's own words.
const WORDS: usize = 300;
/// A shorter text is no secret worth hiding, and may stand in any sentence.
const SHORTEST_SECRET: usize = 6;

/// Why an attempt failed, and whether another one may succeed.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) error: ProviderError,
    pub(super) again: Again,
}

impl Failure {
    /// It may pass.
    pub(super) fn passing(text: String) -> Self {
        Self { error: ProviderError::Unavailable(text), again: Again::Backoff }
    }

    pub(super) fn lasting(error: ProviderError) -> Self {
        Self { error, again: Again::Never }
    }
}

impl Line {
    /// A sentence that begins with the provider: `OpenAI (api.openai.com) …`.
    pub(super) fn says(&self, what: &str) -> String {
        let url = Url::parse(&self.settings.base_url).ok();
        let host = url.as_ref().and_then(Url::host_str).unwrap_or("no host");
        let port = url.as_ref().and_then(Url::port).map(|port| format!(":{port}")).unwrap_or_default();
        format!("{} ({host}{port}) {what}", self.settings.name)
    }

    pub(super) fn silent(&self) -> String {
        let idle = spoken(self.settings.limits.idle);
        self.says(&format!("has been silent for {idle}"))
    }

    /// How to give another key.
    pub(super) fn key_advice(&self) -> String {
        let id = &self.settings.id;
        match &self.settings.key {
            KeySource::Usual(names) => match names.first() {
                Some(name) => format!("set {name} or run `adjutant login {id}`"),
                None => format!("run `adjutant login {id}`"),
            },
            KeySource::Given(_) => format!("correct the key of provider {id:?} in the configuration"),
            KeySource::None => format!("give provider {id:?} a key in the configuration"),
        }
    }

    /// It could not be reached, or the connection did not last.
    pub(super) fn unreachable(&self, error: &HttpError) -> Failure {
        let again = match error {
            HttpError::Resolve(_) | HttpError::Connect(_) => Again::Reconnect,
            HttpError::Broken(_) => Again::Backoff,
            HttpError::NoRoots | HttpError::Setup(_) | HttpError::Untrusted(_) => Again::Never,
        };
        let text = self.without_secrets(&self.says(&format!("cannot be reached: {error}")));
        Failure { error: ProviderError::Unavailable(text), again }
    }

    /// It answered with a page for people.
    pub(super) fn page(&self) -> Failure {
        let id = &self.settings.id;
        let text = format!(
            "sent a web page instead of an answer: check base_url of provider {id:?}, and the network"
        );
        Failure::lasting(ProviderError::Unavailable(self.says(&text)))
    }

    /// It answered with a status that is no answer. `again` is what the status alone says.
    pub(super) fn refused(
        &self,
        status: u16,
        refusal: Refusal,
        again: Again,
        request: &ModelRequest,
    ) -> Failure {
        let Refusal { text: words, too_long, permanent, bad_key, .. } = refusal;
        let says = |what: &str| self.says(&format!("{what} ({status}): {words}"));
        let model = &request.model.wire;
        let id = &self.settings.id;
        let error = match status {
            _ if too_long => ProviderError::TooLong(says("finds the conversation too long")),
            _ if bad_key || matches!(status, 401 | 403) => {
                let advice = self.key_advice();
                ProviderError::Unauthorized(format!("{}; {advice}", says("refused the key")))
            }
            404 => ProviderError::Misconfigured(format!(
                "{}; `adjutant models` lists those there are",
                says(&format!("has no model {model:?}, or base_url of provider {id:?} is wrong"))
            )),
            300..=399 => {
                ProviderError::Misconfigured(says(&format!("has moved: correct base_url of provider {id:?}")))
            }
            408 | 409 | 429 | 500..=599 if permanent => {
                ProviderError::Unavailable(says("takes no more requests of this account"))
            }
            402 => ProviderError::Unavailable(says("wants to be paid first")),
            429 => ProviderError::Unavailable(says("has had too many requests")),
            200 | 408 | 409 | 500..=599 => ProviderError::Unavailable(says("failed")),
            _ => ProviderError::Misconfigured(says("refused the request")),
        };
        let again = if too_long || permanent { Again::Never } else { again };
        Failure { error, again }
    }

    /// Its stream says something that is no answer.
    pub(super) fn unreadable(&self, error: ReadError) -> Failure {
        let says = |what: &str, words: &str| {
            self.says(&format!("{what}: {}", shortened(&self.without_secrets(words))))
        };
        match error {
            ReadError::Garbage(words) => Failure::passing(says("sent what cannot be read", &words)),
            ReadError::Failed { text, retry: true } => Failure::passing(says("failed", &text)),
            ReadError::Failed { text, retry: false } => {
                Failure::lasting(ProviderError::Unavailable(says("failed", &text)))
            }
            ReadError::TooLong(words) => {
                Failure::lasting(ProviderError::TooLong(says("finds the conversation too long", &words)))
            }
        }
    }

    /// A text in which no key and no header's value stands.
    pub(super) fn without_secrets(&self, text: &str) -> String {
        let headers = self.settings.headers.iter().map(|(_, value)| value);
        let secrets = self.key.iter().chain(headers).map(Secret::expose).map(str::trim);
        let secrets = secrets.filter(|it| it.len() >= SHORTEST_SECRET);
        secrets.fold(text.to_owned(), |text, secret| text.replace(secret, "…"))
    }
}

/// The beginning of a provider's words, in one line, for a sentence that goes on.
pub(super) fn shortened(words: &str) -> String {
    let line = words.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(WORDS) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.trim_end_matches('.').to_owned(),
    }
}

/// A time as people say it: `20 s`, `3 min`.
pub(super) fn spoken(time: Duration) -> String {
    match time.as_secs() {
        0 => format!("{} ms", time.as_millis()),
        seconds @ 1..=120 => format!("{seconds} s"),
        seconds @ 121..=7_200 => format!("{} min", seconds.div_ceil(60)),
        seconds => format!("{} h", seconds.div_ceil(3_600)),
    }
}
