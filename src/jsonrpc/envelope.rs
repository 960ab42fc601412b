use std::borrow::Cow;
use std::fmt;
use std::fmt::Display;

use jsonrpsee::types::ErrorCode;
use serde::Deserializer as _;
use serde::de::{self, Error as _, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::id::RawId;

/// Deepest nesting of arrays and objects in a line.
pub const MAX_DEPTH: usize = 128;

/// One message of a peer, borrowed from its line.
#[derive(Debug)]
pub enum Message<'a> {
    /// It wants an answer.
    Request { id: RawId, method: Cow<'a, str>, params: Option<&'a RawValue> },
    /// It wants none.
    Notification { method: Cow<'a, str>, params: Option<&'a RawValue> },
    /// It answers a request of ours.
    Response { id: RawId, outcome: Result<&'a RawValue, &'a RawValue> },
}

/// The error reply that a line is owed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owed {
    pub id: RawId,
    pub code: ErrorCode,
    pub message: &'static str,
    pub detail: String,
}

impl Owed {
    fn parse(detail: &dyn Display) -> Self {
        Self {
            id: RawId::null(),
            code: ErrorCode::ParseError,
            message: "Parse error",
            detail: detail.to_string(),
        }
    }

    /// A line of more than `limit` bytes was thrown away.
    pub fn too_long(limit: usize) -> Self {
        Self::invalid(RawId::null(), &format!("the line is longer than {limit} bytes"))
    }

    /// A request with this identifier is still being answered.
    pub fn taken(id: RawId) -> Self {
        Self::invalid(id, &"a request with this id is still being answered")
    }

    fn invalid(id: RawId, detail: &dyn Display) -> Self {
        let detail = detail.to_string();
        Self { id, code: ErrorCode::InvalidRequest, message: "Invalid request", detail }
    }
}

/// Reads one line as a message, or says which error reply it is owed (JSON-RPC 2.0 §5.1; ACP answers an
/// array with a single -32600).
pub fn parse(line: &[u8]) -> Result<Message<'_>, Owed> {
    let text = std::str::from_utf8(line).map_err(|e| Owed::parse(&format!("the line is not UTF-8: {e}")))?;
    if too_deep(line) {
        return Err(Owed::parse(&format!("nested deeper than {MAX_DEPTH} levels")));
    }
    let mut reader = serde_json::Deserializer::from_str(text);
    let envelope = match reader.deserialize_any(EnvelopeVisitor).and_then(|it| reader.end().map(|()| it)) {
        Ok(envelope) => envelope,
        Err(e) => return Err(if is_json(text) { Owed::invalid(RawId::null(), &e) } else { Owed::parse(&e) }),
    };
    envelope.judge()
}

fn is_json(text: &str) -> bool {
    serde_json::from_str::<&RawValue>(text).is_ok()
}

#[derive(Default)]
struct Envelope<'a> {
    version: Option<&'a RawValue>,
    id: Option<&'a RawValue>,
    method: Option<&'a RawValue>,
    params: Option<&'a RawValue>,
    result: Option<&'a RawValue>,
    error: Option<&'a RawValue>,
}

impl<'a> Envelope<'a> {
    fn judge(self) -> Result<Message<'a>, Owed> {
        let id = match self.id {
            None => None,
            Some(raw) => Some(RawId::new(raw).ok_or_else(|| {
                Owed::invalid(
                    RawId::null(),
                    &"`id` must be a string, a number or null, of at most 1024 bytes",
                )
            })?),
        };
        let owed = |detail: &str| Owed::invalid(id.clone().unwrap_or_else(RawId::null), &detail);
        if self.version.map(RawValue::get) != Some("\"2.0\"") {
            return Err(owed("`jsonrpc` must be \"2.0\""));
        }
        let Some(method) = self.method else {
            // A `null` beside the other is as good as absent: some clients write both.
            let error = self.error.filter(|error| self.result.is_none() || error.get() != "null");
            return match (id, self.result, error) {
                (Some(id), _, Some(error)) => Ok(Message::Response { id, outcome: Err(error) }),
                (Some(id), Some(result), None) => Ok(Message::Response { id, outcome: Ok(result) }),
                (id, _, _) => Err(Owed::invalid(
                    id.unwrap_or_else(RawId::null),
                    &"neither a request (no `method`) nor a response (an `id` and one of `result`, `error`)",
                )),
            };
        };
        let method: Cow<'a, str> = match serde_json::from_str::<&str>(method.get()) {
            Ok(plain) => Cow::Borrowed(plain),
            Err(_) => match serde_json::from_str::<String>(method.get()) {
                Ok(escaped) => Cow::Owned(escaped),
                Err(_) => return Err(owed("`method` must be a string")),
            },
        };
        let params = match self.params.map(RawValue::get).map(|text| text.as_bytes()[0]) {
            None | Some(b'n') => None,
            Some(b'{' | b'[') => self.params,
            // A notification is never answered, also when it is wrong.
            Some(_) if id.is_none() => None,
            Some(_) => return Err(owed("`params` must be an object")),
        };
        Ok(match id {
            Some(id) => Message::Request { id, method, params },
            None => Message::Notification { method, params },
        })
    }
}

struct EnvelopeVisitor;

impl<'de> Visitor<'de> for EnvelopeVisitor {
    type Value = Envelope<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("one JSON-RPC object (batches are not part of ACP)")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut envelope = Envelope::default();
        while let Some(key) = map.next_key::<Cow<'de, str>>()? {
            let slot = match key.as_ref() {
                "jsonrpc" => &mut envelope.version,
                "id" => &mut envelope.id,
                "method" => &mut envelope.method,
                "params" => &mut envelope.params,
                "result" => &mut envelope.result,
                "error" => &mut envelope.error,
                _ => {
                    map.next_value::<de::IgnoredAny>()?;
                    continue;
                }
            };
            if slot.replace(map.next_value::<&RawValue>()?).is_some() {
                return Err(A::Error::custom(format!("`{key}` stands twice")));
            }
        }
        Ok(envelope)
    }
}

/// Whether brackets outside strings nest deeper than the limit. `RawValue` and ignored values are scanned
/// without recursion and so without serde's own limit; the types parsed later are not.
fn too_deep(line: &[u8]) -> bool {
    if line.len() <= MAX_DEPTH {
        return false;
    }
    let (mut depth, mut at) = (0usize, 0usize);
    while at < line.len() {
        match line[at] {
            b'"' => at = end_of_string(line, at + 1),
            b'{' | b'[' => {
                depth += 1;
                if depth > MAX_DEPTH {
                    return true;
                }
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        at += 1;
    }
    false
}

/// Index of the quote that closes the string whose first byte is at `at`, or the line's end.
fn end_of_string(line: &[u8], mut at: usize) -> usize {
    while let Some(found) = memchr::memchr2(b'"', b'\\', &line[at..]) {
        if line[at + found] == b'"' {
            return at + found;
        }
        at += found + 2;
        if at >= line.len() {
            break;
        }
    }
    line.len()
}
