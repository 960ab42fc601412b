//! How many wrong tokens and codes there were lately, whoever presented them: addresses are cheap to change.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Those that are looked at in a [`SPAN`]; what comes then is not told whether it was wrong.
const MOST: u32 = 20;
const SPAN: Duration = Duration::from_mins(1);

#[derive(Debug, Default)]
pub(super) struct Failures(Mutex<Option<(Instant, u32)>>);

impl Failures {
    /// Counts one; whether there were few enough.
    pub(super) fn count(&self) -> bool {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let (since, count) = state.filter(|(since, _)| now.duration_since(*since) < SPAN).unwrap_or((now, 0));
        *state = Some((since, count.saturating_add(1)));
        count < MOST
    }
}
