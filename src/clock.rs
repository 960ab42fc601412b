//! Time and identity, the only callers of `now()` and of the id generator. Whoever needs them is handed
//! a [`Clock`], so that a test decides what time it is.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use jiff::Timestamp;

/// Wall-clock time and fresh identifiers.
#[derive(Debug, Clone)]
pub struct Clock(Source);

#[derive(Debug, Clone)]
enum Source {
    Real,
    Fake(Arc<AtomicU64>),
}

impl Clock {
    /// The machine's clock and random, time-ordered identifiers (UUID version 7, RFC 9562).
    pub fn real() -> Self {
        Self(Source::Real)
    }

    /// A clock that stands at 2026-01-01T00:00:00Z and identifiers that count from 1.
    pub fn fake() -> Self {
        Self(Source::Fake(Arc::new(AtomicU64::new(0))))
    }

    /// Milliseconds since the Unix epoch.
    pub fn now(&self) -> i64 {
        match &self.0 {
            Source::Real => Timestamp::now().as_millisecond(),
            Source::Fake(_) => 1_767_225_600_000,
        }
    }

    /// A new identifier, never given out before.
    pub fn id(&self) -> String {
        match &self.0 {
            Source::Real => uuid::Uuid::now_v7().to_string(),
            Source::Fake(next) => format!("id-{}", next.fetch_add(1, Ordering::Relaxed) + 1),
        }
    }
}

/// RFC 3339 in UTC with milliseconds, as ACP's `updatedAt` wants it.
pub fn rfc3339(at: i64) -> String {
    let at = Timestamp::from_millisecond(at).unwrap_or(Timestamp::UNIX_EPOCH);
    format!("{at:.3}")
}
