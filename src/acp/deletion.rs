//! A [`Diff`] to nothing is of a file that was emptied, or of one that is gone: version 1 has no word for that.

use serde_json::json;

use super::{Diff, Meta, ToolCallContent, ToolCallUpdate};

const OURS: &str = "adjutant";
const DELETED: &str = "deleted";

/// The change of a file that will be gone.
pub fn deletion(diff: Diff) -> Diff {
    diff.meta(Meta::from_iter([(OURS.to_owned(), json!({ DELETED: true }))]))
}

/// Whether the file is gone, and not only empty.
pub fn is_deletion(diff: &Diff) -> bool {
    diff.meta.as_ref().and_then(|meta| meta.get(OURS)).is_some_and(|ours| ours[DELETED] == true)
}

/// The call as clients of version 1 are shown it, who are told of both alike.
pub fn without_deletions(mut call: ToolCallUpdate) -> ToolCallUpdate {
    for part in call.fields.content.iter_mut().flatten() {
        if let ToolCallContent::Diff(diff) = part
            && is_deletion(diff)
        {
            diff.meta = None;
        }
    }
    call
}
