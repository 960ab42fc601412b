use std::path::Path;
use std::sync::Arc;

use super::{RecordChange, SessionRecord, StoreError};
use crate::acp::SessionId;
use crate::event::{Event, Seq};

/// Applies what an append changes besides the events.
pub(super) fn apply(change: &RecordChange, record: &mut SessionRecord) {
    if let Some(title) = &change.title {
        record.title = Some(title.clone());
    }
    if let Some(mode) = &change.mode {
        record.mode.clone_from(mode);
    }
    if let Some((option, value)) = &change.option {
        set_option(&mut record.options, option, value);
    }
    if let Some(running) = change.running {
        record.running = running;
    }
}

/// Replaces the value of an option in its place, or adds the option at the end.
pub(super) fn set_option(options: &mut Vec<(String, String)>, option: &str, value: &str) {
    match options.iter_mut().find(|(id, _)| id == option) {
        Some((_, old)) => value.clone_into(old),
        None => options.push((option.to_owned(), value.to_owned())),
    }
}

/// The head after `events` were added to a session whose head they claim to continue. `None` for no events.
pub(super) fn numbering(events: &[Arc<Event>]) -> Result<Option<(Seq, Seq)>, StoreError> {
    let (Some(first), Some(last)) = (events.first(), events.last()) else { return Ok(None) };
    let gapless = events.iter().zip(first.seq..).all(|(event, seq)| event.seq == seq);
    if first.seq == 0 || !gapless {
        return Err(StoreError::Invalid(
            "the numbers of the events to append have a gap or begin at 0".into(),
        ));
    }
    Ok(Some((first.seq - 1, last.seq)))
}

pub(super) fn stale(id: &SessionId) -> StoreError {
    StoreError::Conflict(format!("session {id} was taken over by another process: load it again to go on"))
}

pub(super) fn ahead(id: &SessionId, head: Seq) -> StoreError {
    StoreError::Conflict(format!(
        "session {id} stands at event {head}, not where the append begins: load it again"
    ))
}

pub(super) fn taken(id: &SessionId) -> StoreError {
    StoreError::Conflict(format!("session {id} exists already"))
}

/// The text of a path. The protocol's paths are JSON strings, so others never come from a client.
pub(super) fn text(path: &Path) -> Result<&str, StoreError> {
    path.to_str()
        .ok_or_else(|| StoreError::Invalid(format!("the path {} is not valid UTF-8", path.display())))
}

/// Whether every path of the record can be kept.
pub(super) fn check(record: &SessionRecord) -> Result<(), StoreError> {
    text(&record.cwd)?;
    record.additional.iter().try_for_each(|path| text(path).map(drop))
}
