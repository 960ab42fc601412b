//! Whether a tool may run, as version 2 asks it.

use super::alike::all_alike;
use super::tool_call;
use crate::acp::{ContentBlock, PermissionOption, SessionId, ToolCallContent, ToolCallUpdate, v2};

/// The question. What the agent says last of the call is why it asks.
pub(in crate::serve::acp) fn request(
    session: &SessionId,
    mut call: ToolCallUpdate,
    options: &[PermissionOption],
) -> v2::RequestPermissionRequest {
    let description = call.fields.content.as_mut().and_then(last_words);
    let title = call.fields.title.clone().unwrap_or_else(|| "A tool is to be run".to_owned());
    let subject = v2::ToolCallPermissionSubject::new(tool_call::update(&call));
    v2::RequestPermissionRequest::new(session.0.clone(), title, all_alike(options))
        .description(description)
        .subject(v2::RequestPermissionSubject::ToolCall(Box::new(subject)))
}

fn last_words(content: &mut Vec<ToolCallContent>) -> Option<String> {
    let last = content.pop_if(|it| matches!(it, ToolCallContent::Content(it) if is_text(&it.content)))?;
    match last {
        ToolCallContent::Content(it) => match it.content {
            ContentBlock::Text(text) => Some(text.text),
            _ => None,
        },
        _ => None,
    }
}

fn is_text(block: &ContentBlock) -> bool {
    matches!(block, ContentBlock::Text(_))
}
