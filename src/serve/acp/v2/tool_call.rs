//! Calls of tools in the words of version 2, where creating one and changing it are the same update.

use super::super::ceiling;
use super::alike::{alike, all_alike};
use super::diff;
use crate::acp::{MaybeUndefined, ToolCall, ToolCallContent, ToolCallUpdate, v2};

/// A call that was proposed.
pub(super) fn proposed(call: &ToolCall) -> v2::ToolCallUpdate {
    let raw = call.raw_input.as_ref().map(|raw| ceiling::shortened(raw).unwrap_or_else(|| raw.clone()));
    let mut update = v2::ToolCallUpdate::new(call.tool_call_id.0.clone()).title(call.title.clone());
    update.name = defined(call.name.clone());
    update.kind = defined(alike(&call.kind));
    update.status = defined(alike(&call.status));
    update.raw_input = defined(raw);
    update
}

/// What is new of a call. Its `_meta` speaks of terminals, which version 2 has its own words for.
pub(super) fn update(update: &ToolCallUpdate) -> v2::ToolCallUpdate {
    let fields = &update.fields;
    let mut said = v2::ToolCallUpdate::new(update.tool_call_id.0.clone());
    said.name = defined(fields.name.clone());
    said.title = defined(fields.title.clone());
    said.kind = defined(fields.kind.as_ref().and_then(alike));
    said.status = defined(fields.status.as_ref().and_then(alike));
    said.content = defined(fields.content.as_deref().map(content));
    said.locations = defined(fields.locations.as_deref().map(all_alike));
    said.raw_input = defined(fields.raw_input.clone());
    said.raw_output = defined(fields.raw_output.clone());
    said
}

/// The same of a call that can be cancelled by itself.
pub(super) fn stoppable(update: v2::ToolCallUpdate) -> v2::ToolCallUpdate {
    let cancel = v2::ToolCallCancelCapabilities::new();
    update.capabilities(v2::ToolCallCapabilities::new().cancel(cancel))
}

/// A part of a diff stands behind a note that says so.
fn content(parts: &[ToolCallContent]) -> Vec<v2::ToolCallContent> {
    let noted = |at: usize| at > 0 && matches!(parts[at - 1], ToolCallContent::Content(_));
    let part = |(at, part): (usize, &ToolCallContent)| match part {
        ToolCallContent::Diff(it) => Some(v2::ToolCallContent::Diff(diff::of(it, noted(at)))),
        other => alike(other),
    };
    parts.iter().enumerate().filter_map(part).collect()
}

/// What is not said stays as it is.
fn defined<T>(value: Option<T>) -> MaybeUndefined<T> {
    value.map_or(MaybeUndefined::Undefined, MaybeUndefined::Value)
}
