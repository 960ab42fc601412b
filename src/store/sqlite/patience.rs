use std::thread;
use std::time::{Duration, Instant};

use crate::chance;

/// Waiting for another process, in steps that grow and never beat in time with the other's.
#[derive(Debug)]
pub(super) struct Patience {
    end: Instant,
    step: u32,
}

const FIRST: Duration = Duration::from_micros(250);
const LONGEST_DOUBLING: u32 = 6;

impl Patience {
    pub(super) fn new(total: Duration) -> Self {
        Self { end: Instant::now() + total, step: 0 }
    }

    /// Waits a moment; false once the time is up.
    pub(super) fn wait(&mut self) -> bool {
        let now = Instant::now();
        if now >= self.end {
            return false;
        }
        let longest = FIRST * 2u32.pow(self.step.min(LONGEST_DOUBLING));
        self.step += 1;
        let pause = chance::spread(longest, chance::number());
        thread::park_timeout(pause.min(self.end - now));
        true
    }
}
