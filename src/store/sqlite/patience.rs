use std::hash::{BuildHasher, Hasher, RandomState};
use std::thread;
use std::time::{Duration, Instant};

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
        let jitter = RandomState::new().build_hasher().finish() % 1_000;
        let pause = longest / 2 + longest.mul_f64(jitter as f64 / 2_000.0);
        thread::park_timeout(pause.min(self.end - now));
        true
    }
}
