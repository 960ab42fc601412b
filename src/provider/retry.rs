//! When a request that failed is sent again: pure rules, without clock or socket.

#[cfg(test)]
mod tests;

use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::rfc2822;

use crate::chance;

/// The first wait, about; every further one is twice as long.
const FIRST: Duration = Duration::from_millis(500);
/// The longest wait of our own.
const LONGEST: Duration = Duration::from_secs(30);
/// The longest wait that a provider may ask for.
pub(super) const MOST_ASKED: Duration = Duration::from_mins(1);

/// Whether a failure may pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Again {
    Never,
    /// After a wait of our own.
    Backoff,
    /// Likewise, and only while connecting has not taken longer than a connection may.
    Reconnect,
    /// After what the provider asks for.
    After(Duration),
}

/// Whether a status other than success may be another one a moment later. `asked` is what [`asked`] found.
pub(super) fn on_status(status: u16, asked: Option<Duration>) -> Again {
    match (status, asked) {
        (408 | 409 | 429 | 500..=599, Some(wait)) => Again::After(wait),
        (408 | 409 | 429 | 500..=599, None) => Again::Backoff,
        _ => Again::Never,
    }
}

/// The wait before attempt `attempt` (1, 2 …): between half and all of 0.5 s · 2ⁿ, up to 30 s. `drawn` is any
/// number, anew for each wait.
pub(super) fn backoff(attempt: u32, drawn: u64) -> Duration {
    let whole = FIRST.saturating_mul(1 << attempt.saturating_sub(1).min(16)).min(LONGEST);
    chance::spread(whole, drawn)
}

/// The wait that a provider asks for, and a part of our own on top, so that not all come back at once; our own where
/// it asks for none.
pub(super) fn after(asked: Duration, own: Duration) -> Duration {
    if asked.is_zero() { own } else { asked + own / 4 }
}

/// What `Retry-After` (RFC 9110, section 10.2.3: seconds or a date) or `retry-after-ms` asks for, looked up by
/// `header`. `now` in milliseconds since the Unix epoch.
pub(super) fn asked<'a>(header: impl Fn(&str) -> Option<&'a str>, now: i64) -> Option<Duration> {
    let number = |name: &str| header(name)?.trim().parse::<f64>().ok().filter(|it| *it >= 0.0);
    let wait = |number: f64| Duration::try_from_secs_f64(number).ok();
    if let Some(wait) = number("retry-after-ms").and_then(|ms| wait(ms / 1_000.0)) {
        return Some(wait);
    }
    if let Some(wait) = number("retry-after").and_then(wait) {
        return Some(wait);
    }
    let date: Timestamp = rfc2822::parse(header("retry-after")?.trim()).ok()?.timestamp();
    Some(Duration::from_millis(date.as_millisecond().saturating_sub(now).max(0).unsigned_abs()))
}
