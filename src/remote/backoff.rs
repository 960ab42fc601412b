use std::time::Duration;

use crate::chance;

/// The first wait before a server is tried again, about; every further one is twice as long.
const FIRST: Duration = Duration::from_millis(50);
const LONGEST: Duration = Duration::from_secs(5);

/// Waits between tries, each between half and all of its length, so that not everybody comes at once.
#[derive(Debug)]
pub(super) struct Backoff(Duration);

impl Default for Backoff {
    fn default() -> Self {
        Self(FIRST)
    }
}

impl Backoff {
    pub(super) fn next_wait(&mut self) -> Duration {
        let longest = self.0;
        self.0 = (longest * 2).min(LONGEST);
        chance::spread(longest, chance::number())
    }
}
