use std::sync::Arc;

use tokio::sync::watch;

use super::journal::Journal;
use crate::event::{Event, Seq};
use crate::store::StoreError;

/// A cursor over a session's events: each reader has its own, goes at its own pace and misses nothing
/// (law L4).
#[derive(Debug)]
pub struct Subscription {
    journal: Arc<Journal>,
    head: watch::Receiver<Seq>,
    cursor: Seq,
}

impl Subscription {
    pub(super) fn new(journal: Arc<Journal>, after: Seq) -> Self {
        let head = journal.watch();
        Self { journal, head, cursor: after }
    }

    /// Number of the last event that was taken.
    pub fn cursor(&self) -> Seq {
        self.cursor
    }

    /// Number of the session's last event.
    pub fn head(&self) -> Seq {
        self.journal.head()
    }

    /// The next events, at least one and at most `limit`; waits while there are none.
    pub async fn next(&mut self, limit: usize) -> Result<Vec<Arc<Event>>, StoreError> {
        loop {
            let page = self.journal.page(self.cursor, limit).await?;
            if let Some(last) = page.last() {
                self.cursor = last.seq;
                return Ok(page);
            }
            let cursor = self.cursor;
            // The sender lives in the journal that is held here.
            let _there = self.head.wait_for(|head| *head > cursor).await;
        }
    }
}
