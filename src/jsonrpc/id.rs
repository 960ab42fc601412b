use std::fmt;

use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

/// Longest identifier taken, in bytes of JSON text.
pub const MAX_ID: usize = 1024;

/// A request's identifier exactly as it was written: a number of any size, a string or `null`
/// (JSON-RPC 2.0 §4). Kept as text because `1.0`, `12345678901234567890123` and `"\u0041"` have to come
/// back as they were.
#[derive(Clone)]
pub struct RawId(Box<RawValue>);

impl RawId {
    /// The identifier of a reply to something that had none.
    pub fn null() -> Self {
        Self(RawValue::NULL.to_owned())
    }

    /// Takes it over, unless it is of a kind that identifies nothing or is too long.
    pub fn new(raw: &RawValue) -> Option<Self> {
        let text = raw.get();
        let named = matches!(text.as_bytes().first(), Some(b'"' | b'-' | b'0'..=b'9' | b'n'));
        (named && text.len() <= MAX_ID).then(|| Self(raw.to_owned()))
    }

    /// Its JSON text.
    pub fn text(&self) -> &str {
        self.0.get()
    }
}

impl PartialEq for RawId {
    fn eq(&self, other: &Self) -> bool {
        self.text() == other.text()
    }
}

impl Eq for RawId {}

impl std::hash::Hash for RawId {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.text().hash(state);
    }
}

impl fmt::Debug for RawId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

impl Serialize for RawId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}
