//! Lines we write: compact, UTF-8, one object, ended by `\n`.

use bytes::Bytes;
use jsonrpsee::types::ErrorObject;
use serde::Serialize;

use super::id::RawId;

#[derive(Serialize)]
struct Envelope<'a, P, R> {
    jsonrpc: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a RawId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    method: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    params: Option<P>,
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<R>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a ErrorObject<'a>>,
}

/// Any value as a line. Values that cannot be written (a map with keys that are no strings) are none of
/// ours; should one appear, the line is a JSON `null` and the log says so.
pub fn line<T: Serialize>(value: &T, into: &mut Vec<u8>) {
    let start = into.len();
    if let Err(e) = serde_json::to_writer(&mut *into, value) {
        tracing::error!(error = %e, "a message could not be written");
        into.truncate(start);
        into.extend_from_slice(b"null");
    }
    into.push(b'\n');
}

/// A text as a JSON string.
pub fn string(text: &str, into: &mut Vec<u8>) {
    if let Err(e) = serde_json::to_writer(into, text) {
        tracing::error!(error = %e, "a text could not be written");
    }
}

fn owned<P: Serialize, R: Serialize>(envelope: &Envelope<'_, P, R>) -> Bytes {
    let mut out = Vec::with_capacity(256);
    line(envelope, &mut out);
    out.into()
}

/// `{"jsonrpc":"2.0","method":…,"params":…}`
pub fn notification_line<P: Serialize>(method: &str, params: &P, into: &mut Vec<u8>) {
    let params = Some(params);
    line(
        &Envelope { jsonrpc: "2.0", id: None, method: Some(method), params, result: None::<()>, error: None },
        into,
    );
}

/// `{"jsonrpc":"2.0","id":…,"method":…,"params":…}` with a small integer of ours as identifier.
pub fn request_line<P: Serialize>(id: u64, method: &str, params: &P) -> Bytes {
    #[derive(Serialize)]
    struct Request<'a, P> {
        jsonrpc: &'static str,
        id: u64,
        method: &'a str,
        params: &'a P,
    }
    let mut out = Vec::with_capacity(256);
    line(&Request { jsonrpc: "2.0", id, method, params }, &mut out);
    out.into()
}

/// `{"jsonrpc":"2.0","id":…,"result":…}`
pub fn result_line<R: Serialize>(id: &RawId, result: &R) -> Bytes {
    let result = Some(result);
    owned(&Envelope { jsonrpc: "2.0", id: Some(id), method: None, params: None::<()>, result, error: None })
}

/// `{"jsonrpc":"2.0","id":…,"error":{"code":…,"message":…,"data":…}}`
pub fn error_line(id: &RawId, error: &ErrorObject<'_>) -> Bytes {
    owned(&Envelope {
        jsonrpc: "2.0",
        id: Some(id),
        method: None,
        params: None::<()>,
        result: None::<()>,
        error: Some(error),
    })
}
