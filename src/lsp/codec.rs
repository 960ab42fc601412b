//! Messages on a byte stream, after the base protocol: headers, an empty line, and as many bytes as they say.

use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt};

use super::LspError;

/// Bytes of all headers of a message, and of its content.
const HEADERS: u64 = 8 * 1024;
const CONTENT: usize = 8 * 1024 * 1024;

/// The next message; `None` at the end of the stream. After an error the stream is of no use.
pub(super) async fn read(from: &mut (impl AsyncBufRead + Unpin)) -> Result<Option<Vec<u8>>, LspError> {
    let Some(length) = headers(from).await? else { return Ok(None) };
    if length > CONTENT {
        return Err(LspError::Malformed("a message that is too large"));
    }
    let mut content = Vec::new();
    let read = from.take(length as u64).read_to_end(&mut content).await;
    if read.is_ok_and(|read| read == length) { Ok(Some(content)) } else { Err(LspError::Gone) }
}

/// The length of the content.
async fn headers(from: &mut (impl AsyncBufRead + Unpin)) -> Result<Option<usize>, LspError> {
    let mut from = from.take(HEADERS);
    let (mut length, mut first) = (None, true);
    loop {
        let mut line = Vec::new();
        from.read_until(b'\n', &mut line).await.map_err(|_| LspError::Gone)?;
        if line.is_empty() && first {
            return Ok(None);
        }
        if line.pop() != Some(b'\n') {
            return Err(LspError::Malformed("what is no message"));
        }
        let line = line.trim_ascii();
        if line.is_empty() {
            return length.map(Some).ok_or(LspError::Malformed("a message without a length"));
        }
        let header = std::str::from_utf8(line).ok().and_then(|line| line.split_once(':'));
        let (name, value) = header.ok_or(LspError::Malformed("what is no message"))?;
        if name.trim().eq_ignore_ascii_case("content-length") {
            let value =
                value.trim().parse().map_err(|_| LspError::Malformed("a length that is no number"))?;
            length = Some(value);
        }
        first = false;
    }
}

/// A message as it goes on the stream.
pub(super) fn frame(content: &[u8]) -> Vec<u8> {
    let mut message = format!("Content-Length: {}\r\n\r\n", content.len()).into_bytes();
    message.extend_from_slice(content);
    message
}
