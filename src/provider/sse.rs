//! Server-sent events, out of bytes that arrive in pieces (WHATWG HTML, section 9.2.6).
//!
//! An event whose one line of data arrives in one piece is handed on where it lies; only what is cut is copied.

#[cfg(test)]
mod tests;

use std::borrow::Cow;

use memchr::{memchr, memchr2};

/// Bytes of a line, and of the data of an event.
pub(super) const MAX_EVENT: usize = 16 * 1024 * 1024;

/// An event is larger than any answer needs. The stream cannot be read on.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("one event has more than {} MiB", MAX_EVENT / 1024 / 1024)]
pub(super) struct Oversized;

/// Reads one stream.
#[derive(Debug, Default)]
pub(super) struct SseDecoder {
    /// The beginning of a line whose end has not come yet.
    line: Vec<u8>,
    event: Unfinished,
    /// The last piece ended with a carriage return: a line feed that follows belongs to it.
    after_cr: bool,
    begun: bool,
}

/// What a line says.
enum Field<'a> {
    End,
    Name(&'a [u8]),
    Data(&'a [u8]),
    /// A comment, or a field that is of no use here.
    Nothing,
}

impl SseDecoder {
    /// Takes in a piece and calls `on` with the name, if it has one, and the data of every event that is whole.
    /// After an error, its own or one of `on`, the stream cannot be read on.
    pub(super) fn push<E: From<Oversized>>(
        &mut self,
        mut piece: &[u8],
        mut on: impl FnMut(Option<&str>, &str) -> Result<(), E>,
    ) -> Result<(), E> {
        if !piece.is_empty() && std::mem::take(&mut self.after_cr) {
            piece = piece.strip_prefix(b"\n").unwrap_or(piece);
        }
        // The only line of data so far, where it lies.
        let mut only: Option<&[u8]> = None;
        while let Some(end) = memchr2(b'\n', b'\r', piece) {
            let (line, rest) = (&piece[..end], &piece[end + 1..]);
            let cr = piece[end] == b'\r';
            self.after_cr = cr && rest.is_empty();
            piece = if cr { rest.strip_prefix(b"\n").unwrap_or(rest) } else { rest };
            if !self.line.is_empty() {
                extend(&mut self.line, line)?;
                self.cut_line()?;
                continue;
            }
            match field(without_mark(line, &mut self.begun))? {
                Field::End => self.event.end(only.take(), &mut on)?,
                Field::Name(name) => self.event.named(name),
                Field::Data(data) if only.is_none() && !self.event.has_data => only = Some(data),
                Field::Data(data) => {
                    self.event.keep(only.take())?;
                    self.event.keep(Some(data))?;
                }
                Field::Nothing => {}
            }
        }
        self.event.keep(only)?;
        Ok(extend(&mut self.line, piece)?)
    }

    /// The stream has ended: an event that only lacks its blank line is whole.
    pub(super) fn finish<E>(
        &mut self,
        mut on: impl FnMut(Option<&str>, &str) -> Result<(), E>,
    ) -> Result<(), E> {
        self.line.clear();
        self.event.end(None, &mut on)
    }

    /// Takes in a line that came in more than one piece; it is never blank.
    fn cut_line(&mut self) -> Result<(), Oversized> {
        match field(without_mark(&self.line, &mut self.begun))? {
            Field::Name(name) => self.event.named(name),
            Field::Data(data) => self.event.keep(Some(data))?,
            Field::End | Field::Nothing => {}
        }
        self.line.clear();
        Ok(())
    }
}

/// An event whose end has not come yet.
#[derive(Debug, Default)]
struct Unfinished {
    name: Vec<u8>,
    data: Vec<u8>,
    has_data: bool,
}

impl Unfinished {
    fn named(&mut self, name: &[u8]) {
        self.name.clear();
        self.name.extend_from_slice(name);
    }

    fn keep(&mut self, data: Option<&[u8]>) -> Result<(), Oversized> {
        let Some(data) = data else { return Ok(()) };
        if std::mem::replace(&mut self.has_data, true) {
            self.data.push(b'\n');
        }
        extend(&mut self.data, data)
    }

    /// A blank line has come. `only` is the data if it was not kept. Without data there was no event.
    fn end<E>(
        &mut self,
        only: Option<&[u8]>,
        on: &mut impl FnMut(Option<&str>, &str) -> Result<(), E>,
    ) -> Result<(), E> {
        let data = only.or_else(|| self.has_data.then_some(&self.data[..]));
        let told = data.map(|data| {
            let name = (!self.name.is_empty()).then(|| text(&self.name));
            on(name.as_deref(), &text(data))
        });
        self.name.clear();
        self.data.clear();
        self.has_data = false;
        told.unwrap_or(Ok(()))
    }
}

/// What is no UTF-8 is shown as such (WHATWG Encoding, section 4.1). The usual case is the fast one.
fn text(bytes: &[u8]) -> Cow<'_, str> {
    std::str::from_utf8(bytes).map_or_else(|_| String::from_utf8_lossy(bytes), Cow::Borrowed)
}

/// The line, without a byte order mark if it is the first.
fn without_mark<'a>(line: &'a [u8], begun: &mut bool) -> &'a [u8] {
    if std::mem::replace(begun, true) { line } else { line.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(line) }
}

fn field(line: &[u8]) -> Result<Field<'_>, Oversized> {
    if line.len() > MAX_EVENT {
        return Err(Oversized);
    }
    let (name, value) = match memchr(b':', line) {
        Some(at) => (&line[..at], &line[at + 1..]),
        None => (line, &[][..]),
    };
    let value = value.strip_prefix(b" ").unwrap_or(value);
    Ok(match name {
        b"data" => Field::Data(value),
        b"event" => Field::Name(value),
        b"" if line.is_empty() => Field::End,
        _ => Field::Nothing,
    })
}

fn extend(buffer: &mut Vec<u8>, bytes: &[u8]) -> Result<(), Oversized> {
    if buffer.len() + bytes.len() > MAX_EVENT {
        return Err(Oversized);
    }
    buffer.extend_from_slice(bytes);
    Ok(())
}
