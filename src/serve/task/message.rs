//! Lines of the dialect, read and written.

use std::borrow::Cow;

use bytes::Bytes;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::error::Failure;
use crate::jsonrpc::{self, Frame, RawId};

/// Whether the first frame of a connection begins this dialect: an object with a `type` that is no JSON-RPC.
pub(in crate::serve) fn is_task(frame: &Frame) -> bool {
    #[derive(Deserialize)]
    struct Keys {
        r#type: Option<IgnoredAny>,
        jsonrpc: Option<IgnoredAny>,
    }
    let (Frame::Line(line) | Frame::Unended(line)) = frame else { return false };
    let object = line.trim_ascii_start().starts_with(b"{");
    let keys = object.then(|| serde_json::from_slice::<Keys>(line).ok()).flatten();
    keys.is_some_and(|keys| keys.r#type.is_some() && keys.jsonrpc.is_none())
}

/// A request whose parameters nobody has looked at.
#[derive(Debug)]
pub(super) struct Request<'a> {
    pub(super) id: RawId,
    pub(super) method: Cow<'a, str>,
    pub(super) params: Params<'a>,
}

/// Parameters as they were written, if they were.
#[derive(Debug, Clone, Copy)]
pub(super) struct Params<'a>(Option<&'a RawValue>);

/// A line as it came, every field of any kind.
#[derive(Deserialize)]
struct Raw<'a> {
    #[serde(borrow)]
    r#type: Option<&'a RawValue>,
    #[serde(borrow)]
    id: Option<&'a RawValue>,
    #[serde(borrow)]
    method: Option<&'a RawValue>,
    #[serde(borrow)]
    params: Option<&'a RawValue>,
}

/// A string, borrowed where nothing in it is escaped.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// Reads a request. `Err` is what is owed to the line, with the identifier as far as it can be read.
pub(super) fn read(line: &[u8]) -> Result<Request<'_>, (RawId, Failure)> {
    let wrong = |id: &RawId, text: &str| (id.clone(), Failure::invalid(text));
    let none = RawId::null();
    if !line.trim_ascii_start().starts_with(b"{") {
        return Err(wrong(&none, "a line is one JSON object: {\"type\":\"request\",\"id\":…,\"method\":…}"));
    }
    let raw: Raw<'_> =
        serde_json::from_slice(line).map_err(|e| wrong(&none, &format!("the line cannot be read: {e}")))?;
    let known = raw.id.filter(|id| !id.get().starts_with('n')).and_then(RawId::new);
    let id = known.clone().unwrap_or(none);
    let text =
        |raw: Option<_>| raw.and_then(|raw: &RawValue| serde_json::from_str::<Text<'_>>(raw.get()).ok());
    if text(raw.r#type).is_none_or(|it| it.0 != "request") {
        return Err(wrong(&id, "type: \"request\" is the only one that is taken here"));
    }
    if known.is_none() {
        return Err(wrong(&id, "id: give every request a string or a number of its own"));
    }
    let Some(Text(method)) = text(raw.method) else {
        return Err(wrong(&id, "method: give the name of one; list_capabilities tells them"));
    };
    Ok(Request { id, method, params: Params(raw.params) })
}

impl Params<'_> {
    /// The parameters as `T`; missing ones read as an empty object.
    pub(super) fn parse<T: DeserializeOwned>(self) -> Result<T, Failure> {
        let text = self.0.map_or("{}", RawValue::get);
        if !text.starts_with('{') {
            return Err(Failure::invalid("params: they are an object"));
        }
        serde_json::from_str(text).map_err(|e| Failure::invalid(&format!("params: {e}")))
    }
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Line<'a, T> {
    Response { id: &'a RawId, result: &'a T },
    Error { id: &'a RawId, error: &'a Failure },
    Event { event: &'a str, data: &'a T },
}

/// `{"type":"response","id":…,"result":…}`
pub(super) fn response<T: Serialize>(id: &RawId, result: &T) -> Bytes {
    owned(&Line::Response { id, result })
}

/// `{"type":"error","id":…,"error":{"code":…,"message":…}}`
pub(super) fn error(id: &RawId, error: &Failure) -> Bytes {
    let line: Line<'_, ()> = Line::Error { id, error };
    owned(&line)
}

/// `{"type":"event","event":…,"data":…}`
pub(super) fn event<T: Serialize>(event: &str, data: &T, into: &mut Vec<u8>) {
    jsonrpc::line(&Line::Event { event, data }, into);
}

fn owned<T: Serialize>(line: &Line<'_, T>) -> Bytes {
    let mut out = Vec::with_capacity(256);
    jsonrpc::line(line, &mut out);
    out.into()
}
