use std::future::{Future, poll_fn};
use std::pin::pin;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::system::{release_program, trim};

/// Nothing has happened for this long, or up to twice as long: whoever is at the other end reads, thinks or is
/// elsewhere.
const IDLE: Duration = Duration::from_millis(250);

/// Does `work`, and gives memory back when it has not been woken for a while. Costs one timer, which stands still
/// while nothing happens.
pub async fn when_idle<F: Future>(work: F) -> F::Output {
    watch(work, || {
        tokio::task::spawn_blocking(|| {
            trim();
            release_program();
        });
    })
    .await
}

/// The same with what is done when nothing happens as an argument.
pub(super) async fn watch<F: Future>(work: F, give_back: impl Fn()) -> F::Output {
    let (mut work, mut quiet) = (pin!(work), pin!(sleep(IDLE)));
    // Whether the timer runs, and whether something happened since it was set.
    let (mut running, mut stirred) = (true, false);
    poll_fn(|cx| {
        if running && quiet.as_mut().poll(cx).is_pending() {
            stirred = true;
        } else if running && !stirred {
            running = false;
            give_back();
        } else {
            (running, stirred) = (true, false);
            quiet.as_mut().reset(Instant::now() + IDLE);
            // Just set: it only learns whom to wake.
            if quiet.as_mut().poll(cx).is_ready() {
                cx.waker().wake_by_ref();
            }
        }
        work.as_mut().poll(cx)
    })
    .await
}
