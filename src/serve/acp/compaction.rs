//! How a conversation is made shorter, as clients that draw it are told (ACP v1, compaction).

use std::sync::Arc;

use super::ceiling;
use crate::acp::{CompactionStatus, CompactionSummaryChunk, CompactionUpdate, SessionUpdate};
use crate::event::{CompactingState, EventKind};

/// The updates of a compaction's event: its summary in pieces, then its state. None of any other event.
pub(super) fn updates(kind: &EventKind) -> Vec<SessionUpdate> {
    match kind {
        EventKind::Compacting { id, state } => {
            let (status, error) = match state {
                CompactingState::Begun => (CompactionStatus::InProgress, None),
                CompactingState::Failed { message } => (CompactionStatus::Failed, Some(message.clone())),
                CompactingState::Cancelled => (CompactionStatus::Cancelled, None),
            };
            let update = CompactionUpdate::new(Arc::clone(&id.0), status);
            let update = if let Some(error) = error { update.error(error) } else { update };
            vec![SessionUpdate::CompactionUpdate(update)]
        }
        EventKind::Compacted { id, summary, .. } => {
            let piece = |piece: &str| {
                let chunk = CompactionSummaryChunk::new(Arc::clone(&id.0), piece.into());
                SessionUpdate::CompactionSummaryChunk(chunk)
            };
            let mut updates: Vec<_> = ceiling::pieces(summary).map(piece).collect();
            let done = CompactionUpdate::new(Arc::clone(&id.0), CompactionStatus::Completed);
            updates.push(SessionUpdate::CompactionUpdate(done));
            updates
        }
        _ => Vec::new(),
    }
}
