//! What a file was, as bytes and as a digest.

use std::fmt::Write as _;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use super::FileImage;

impl FileImage {
    /// The image of a file that holds these bytes; `None`: there is no file.
    pub fn of(bytes: Option<&[u8]>) -> Self {
        match bytes.map(|bytes| (bytes, std::str::from_utf8(bytes))) {
            None => Self::Absent,
            Some((_, Ok(text))) => Self::Text { text: text.to_owned() },
            Some((bytes, Err(_))) => Self::Bytes { base64: STANDARD.encode(bytes) },
        }
    }

    /// What it held; `None`: there was no file. `Err`: the image itself is damaged.
    pub fn bytes(&self) -> Result<Option<Vec<u8>>, base64::DecodeError> {
        match self {
            Self::Absent => Ok(None),
            Self::Text { text } => Ok(Some(text.clone().into_bytes())),
            Self::Bytes { base64 } => STANDARD.decode(base64).map(Some),
        }
    }

    /// The SHA-256 of what it held, in hexadecimal; `None`: there was no file.
    pub fn digest(&self) -> Option<String> {
        match self {
            Self::Absent => None,
            Self::Text { text } => Some(hex(text.as_bytes())),
            // A damaged image has the digest of nothing that was ever there.
            Self::Bytes { base64 } => {
                Some(STANDARD.decode(base64).map_or_else(|_| String::new(), |it| hex(&it)))
            }
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    let mut hex = String::with_capacity(64);
    for byte in Sha256::digest(bytes) {
        let _infallible = write!(hex, "{byte:02x}");
    }
    hex
}
