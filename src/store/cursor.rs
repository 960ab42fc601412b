use super::{SessionRecord, StoreError};

/// The place in a list right after one session: its time of change and its id, newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cursor {
    pub(super) updated_at: i64,
    pub(super) id: String,
}

/// First byte of every cursor: the version of its form.
const FORM: u8 = 1;

impl Cursor {
    pub(super) fn after(record: &SessionRecord) -> Self {
        Self { updated_at: record.updated_at, id: record.id.to_string() }
    }

    /// Hexadecimal, opaque to everyone else.
    pub(super) fn encode(&self) -> String {
        let time = self.updated_at.to_be_bytes();
        let bytes = [FORM].into_iter().chain(time).chain(self.id.bytes());
        bytes.flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
    }

    /// [`StoreError::Invalid`] for a text that [`Cursor::encode`] never made.
    pub(super) fn decode(text: &str) -> Result<Self, StoreError> {
        Self::parse(text).ok_or_else(|| {
            StoreError::Invalid(
                "the list cursor is not one that was given out: list again from the start".into(),
            )
        })
    }

    fn parse(text: &str) -> Option<Self> {
        let digits = text.as_bytes();
        let bytes = digits.chunks(2).map(byte).collect::<Option<Vec<u8>>>()?;
        let (form, rest) = bytes.split_first()?;
        let (time, id) = rest.split_first_chunk()?;
        let id = String::from_utf8(id.to_vec()).ok()?;
        (*form == FORM && !id.is_empty()).then(|| Self { updated_at: i64::from_be_bytes(*time), id })
    }
}

fn digit(nibble: u8) -> char {
    char::from(if nibble < 10 { b'0' + nibble } else { b'a' + nibble - 10 })
}

fn byte(digits: &[u8]) -> Option<u8> {
    let value = |digit: u8| match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    };
    match digits {
        [high, low] => Some(value(*high)? << 4 | value(*low)?),
        _ => None,
    }
}
