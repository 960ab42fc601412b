use futures_util::future::BoxFuture;
use tokio::sync::mpsc::WeakSender;

use super::handle::Command;
use crate::agent::Voice;
use crate::event::EventKind;

/// A session's own voice. It does not keep the session open.
#[derive(Debug)]
pub(super) struct Announcer(pub(super) WeakSender<Command>);

impl Voice for Announcer {
    fn say(&self, kind: EventKind) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            let Some(mailbox) = self.0.upgrade() else { return };
            if mailbox.send(Command::Announce { kind: Box::new(kind) }).await.is_err() {
                tracing::debug!("a closed session was told something");
            }
        })
    }
}
