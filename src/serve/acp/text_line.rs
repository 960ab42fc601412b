//! The line that is written most: `session/update` with a piece of text. All of it but the text is the same for every
//! piece of a message, and is rendered once.

use serde::Serialize;

use crate::acp::{CLIENT_METHOD_NAMES, MessageId, SessionId};
use crate::jsonrpc::{notification_line, string};

/// Whose text it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(super) enum Voice {
    #[serde(rename = "agent_message_chunk")]
    Says,
    #[serde(rename = "agent_thought_chunk")]
    Thinks,
}

/// The line of a message's pieces.
#[derive(Debug)]
pub(super) struct TextLine {
    voice: Voice,
    message: MessageId,
    before: Vec<u8>,
    after: Vec<u8>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Params<'a> {
    session_id: &'a SessionId,
    update: Chunk<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Chunk<'a> {
    session_update: Voice,
    content: Block,
    message_id: &'a MessageId,
}

#[derive(Serialize)]
struct Block {
    r#type: &'static str,
    text: &'static str,
}

impl TextLine {
    pub(super) fn new(session: &SessionId, voice: Voice, message: &MessageId) -> Self {
        // Within a JSON string these quotes would be escaped: they stand once in the line.
        const EMPTY: &[u8] = br#""text":"""#;
        let content = Block { r#type: "text", text: "" };
        let update = Chunk { session_update: voice, content, message_id: message };
        let mut before = Vec::with_capacity(256);
        notification_line(
            CLIENT_METHOD_NAMES.session_update,
            &Params { session_id: session, update },
            &mut before,
        );
        let gap = before.windows(EMPTY.len()).position(|window| window == EMPTY).unwrap_or_default();
        let after = before.split_off(gap + EMPTY.len());
        before.truncate(gap + EMPTY.len() - 2);
        Self { voice, message: message.clone(), before, after }
    }

    /// Whether it is the line of that message.
    pub(super) fn fits(&self, voice: Voice, message: &MessageId) -> bool {
        self.voice == voice && self.message == *message
    }

    /// Writes the line of one piece.
    pub(super) fn write(&self, text: &str, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.before);
        string(text, out);
        out.extend_from_slice(&self.after);
    }
}
