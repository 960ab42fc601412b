//! From bytes of any encoding to text.

use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};

/// How far a declaration within the document is looked for.
const DECLARED: usize = 1024;

/// The text: by the byte order mark, what the server says, what the document says of itself, or how it looks. Never
/// fails; what means nothing becomes U+FFFD.
pub(in crate::tool) fn decode(bytes: &[u8], charset: Option<&str>) -> String {
    let known = charset.and_then(|label| Encoding::for_label(label.as_bytes()));
    let guess = || if std::str::from_utf8(bytes).is_ok() { UTF_8 } else { WINDOWS_1252 };
    let encoding = known.or_else(|| declared(bytes)).unwrap_or_else(guess);
    encoding.decode(bytes).0.into_owned()
}

/// `<meta charset=…>`, or the same within a `content` attribute.
fn declared(bytes: &[u8]) -> Option<&'static Encoding> {
    let start = bytes.get(..DECLARED).unwrap_or(bytes).to_ascii_lowercase();
    let start = String::from_utf8_lossy(&start);
    let (_, rest) = start.split_once("<meta")?;
    let (_, rest) = rest.split_once("charset")?;
    let label = rest.trim_start().strip_prefix('=')?.trim_start_matches([' ', '"', '\'']);
    let label = label.split(['"', '\'', ' ', '>', ';', '/']).next()?;
    // A document whose declaration can be read like this is not in two-byte units.
    Encoding::for_label(label.as_bytes()).map(Encoding::output_encoding)
}
