use serde_json::json;

use crate::jsonrpc::notification_line;

const METHOD: &str = "_adjutant/shutting_down";

/// The last line of a client whose server ends.
pub(in crate::serve) fn farewell() -> Vec<u8> {
    let mut line = Vec::new();
    let text = "the server ends: connect again when it is back, and load your sessions";
    notification_line(METHOD, &json!({ "message": text }), &mut line);
    line
}
