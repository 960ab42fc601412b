//! What a listener does while the system gives it no more files.

use std::fs::File;
use std::io;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::time::{sleep, timeout};

use super::listener::Speech;
use super::turned_away::{Why, turn_away};

/// How long nothing is accepted, at first and at most.
const PAUSE: Duration = Duration::from_millis(50);
const LONGEST: Duration = Duration::from_millis(400);
/// How long somebody may take who is only told that there is no room.
const TELLING: Duration = Duration::from_millis(200);

/// The state of one listener.
#[derive(Debug)]
pub(super) struct Exhaustion {
    /// A file that is kept open to be closed for somebody who is told.
    spare: Option<File>,
    /// How long the next pause is; none since the last connection that was accepted.
    pause: Option<Duration>,
}

impl Exhaustion {
    pub(super) fn new() -> Self {
        Self { spare: spare(), pause: None }
    }

    /// Tells one of those who wait that there is no room, and accepts nobody for a while.
    pub(super) async fn pause(&mut self, listener: &TcpListener, error: &io::Error) {
        let pause = self.pause.unwrap_or_else(|| {
            tracing::warn!(error = %error, "the system gives no more connections");
            PAUSE
        });
        self.pause = Some((pause * 2).min(LONGEST));
        if self.spare.take().is_some() {
            let telling = timeout(TELLING, tell(listener)).await;
            if let Ok(Err(e)) = telling {
                tracing::debug!(error = %e, "nobody could be told");
            }
        }
        sleep(pause).await;
        self.spare = spare();
    }

    /// There are files again.
    pub(super) fn over(&mut self) {
        if self.pause.take().is_some() {
            tracing::info!("the system gives connections again");
        }
    }
}

fn spare() -> Option<File> {
    File::open("/dev/null").ok()
}

async fn tell(listener: &TcpListener) -> io::Result<()> {
    let (stream, _) = listener.accept().await?;
    let mut first = [0];
    let speech = (stream.peek(&mut first).await? > 0).then_some(first[0]).and_then(Speech::of);
    if let Some(speech) = speech {
        turn_away(stream, &speech, Why::Full, TELLING).await;
    }
    Ok(())
}
