//! What providers say when something is wrong, in a refusal's body or in the middle of a stream.

use std::time::Duration;

use serde_json::Value;

use super::dialect::{ReadError, Refusal};

/// Said when the conversation is longer than the model takes.
const TOO_LONG: &[&str] = &[
    "prompt is too long",
    "input is too long",
    "context_length_exceeded",
    "context length",
    "context window",
    "context limit",
    "context size",
    "exceeds the maximum number of tokens",
    "exceeds the maximum number of input tokens",
    "maximum prompt length",
    "reduce the length of the messages",
    "request_too_large",
];

/// Said when no waiting helps.
const PERMANENT: &[&str] = &[
    "credit balance",
    "insufficient_quota",
    "insufficient balance",
    "insufficient credits",
    "billing_error",
    "billing_hard_limit",
    "billing_not_active",
    "account is not active",
    "model_not_found",
    "perday",
];

/// Said when the key is wrong.
const BAD_KEY: &[&str] = &["api_key_invalid", "api key not valid", "api key expired"];

/// Said when it may work a moment later.
const PASSING: &[&str] = &[
    "overloaded",
    "api_error",
    "server_error",
    "internal",
    "unavailable",
    "timeout",
    "timed out",
    "deadline_exceeded",
    "rate_limit",
    "rate limit",
    "resource_exhausted",
    "try again",
];

/// A provider's error object.
#[derive(Debug)]
pub(super) struct Fault {
    /// Its words; may be empty.
    text: String,
    /// All it says, in small letters, to look for marks in.
    said: String,
    /// When to come back.
    wait: Option<Duration>,
}

impl Fault {
    /// Of a body or an event: `{"error": {"message": …}}`, the same in a list, `{"message": …}`,
    /// `{"error": "…"}`, or plain text.
    pub(super) fn read(body: &str) -> Self {
        match serde_json::from_str::<Value>(body) {
            Ok(Value::Array(list)) => list.first().map_or_else(|| Self::plain(""), Self::of),
            Ok(value) => Self::of(&value),
            Err(_) => Self::plain(body),
        }
    }

    /// Of an error object or what holds one.
    pub(super) fn of(value: &Value) -> Self {
        let error = match &value["error"] {
            Value::Null => value,
            inner => inner,
        };
        let text = |value: &Value| value.as_str().filter(|it| !it.trim().is_empty()).map(str::to_owned);
        let words =
            [error, &error["message"], &error["detail"], &error["code"], &error["type"], &error["status"]];
        Self {
            text: words.into_iter().find_map(text).unwrap_or_default(),
            said: error.to_string().to_lowercase(),
            wait: wait(error),
        }
    }

    fn plain(body: &str) -> Self {
        // A page for people says less than the status.
        let text = if body.trim_start().starts_with('<') { String::new() } else { body.trim().to_owned() };
        Self { said: text.to_lowercase(), text, wait: None }
    }

    fn says(&self, marks: &[&str]) -> bool {
        marks.iter().any(|mark| self.said.contains(mark))
    }

    fn too_long(&self) -> bool {
        self.says(TOO_LONG) && !self.said.contains("rate_limit")
    }

    /// What the answer of that status means.
    pub(super) fn refusal(self, status: u16) -> Refusal {
        let too_long = status != 429 && (status == 413 || self.too_long());
        let permanent = status == 402 || self.says(PERMANENT);
        let bad_key = self.says(BAD_KEY);
        let text = if self.text.is_empty() { "no reason given".to_owned() } else { self.text };
        Refusal { text, too_long, permanent, bad_key, wait: self.wait }
    }

    /// What it means in the middle of a stream.
    pub(super) fn failure(self) -> ReadError {
        if self.too_long() {
            return ReadError::TooLong(self.text);
        }
        let retry = self.says(PASSING) && !self.says(PERMANENT);
        let text = if self.text.is_empty() { "no reason given".to_owned() } else { self.text };
        ReadError::Failed { text, retry }
    }
}

/// What `google.rpc.RetryInfo` among an error's details asks for: `{"retryDelay": "1.5s"}`.
fn wait(error: &Value) -> Option<Duration> {
    let is_about_it =
        |detail: &&Value| detail["@type"].as_str().is_some_and(|kind| kind.ends_with("google.rpc.RetryInfo"));
    let detail = error["details"].as_array()?.iter().find(is_about_it)?;
    let seconds = detail["retryDelay"].as_str()?.strip_suffix('s')?.parse().ok()?;
    Duration::try_from_secs_f64(seconds).ok()
}
