//! Paths as `file` URIs (RFC 8089), and back.

#[cfg(test)]
mod tests;

use std::ffi::OsString;
use std::fmt::Write;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

/// The URI of an absolute path, everything escaped that is not plain in one.
pub fn of(path: &Path) -> String {
    let mut uri = String::from("file://");
    for byte in path.as_os_str().as_bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'.' | b'_' | b'~' => {
                uri.push(char::from(*byte))
            }
            // Writing to a string does not fail.
            _ => write!(uri, "%{byte:02X}").unwrap_or_default(),
        }
    }
    uri
}

/// The path that a URI means, however it is escaped.
pub fn path(uri: &str) -> Option<PathBuf> {
    let bytes = plain(place(uri)?);
    bytes.starts_with(b"/").then(|| PathBuf::from(OsString::from_vec(bytes)))
}

/// The path in a URI that a person or an editor wrote: what stands behind `#` or `?` is no part of it. `None` for any
/// other scheme.
pub fn written(uri: &str) -> Option<String> {
    let place = place(uri)?.split(['#', '?']).next().unwrap_or_default();
    Some(String::from_utf8_lossy(&plain(place)).into_owned())
}

/// What stands behind the scheme and the name of this host.
fn place(uri: &str) -> Option<&str> {
    let rest = uri.strip_prefix("file://")?;
    Some(rest.strip_prefix("localhost").unwrap_or(rest))
}

/// Text with its percent codes (RFC 3986) undone; one that is none stays as it is.
fn plain(text: &str) -> Vec<u8> {
    let bytes = text.as_bytes();
    let mut plain = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let digits = bytes.get(at + 1..at + 3).and_then(|digits| std::str::from_utf8(digits).ok());
        let value = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()).filter(|_| *byte == b'%');
        plain.push(value.unwrap_or(*byte));
        at += if value.is_some() { 3 } else { 1 };
    }
    plain
}
