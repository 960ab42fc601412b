//! Lines of a byte stream. Who says nothing has no buffer.

use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::BytesMut;
use futures_util::Stream;
use tokio::io::{AsyncRead, ReadBuf};
use tokio_util::codec::Decoder;
use tokio_util::io::poll_read_buf;

use crate::jsonrpc::{Frame, LineCodec};

/// Bytes that are read at once.
const CHUNK: usize = 16 * 1024;

/// Frames as they come out of a byte stream; ends with it, or behind its first error.
pub(super) struct LineReader<R> {
    reader: R,
    codec: LineCodec,
    /// What was read, and is no whole line yet.
    kept: BytesMut,
    end: End,
}

/// How the stream ended.
#[derive(PartialEq)]
enum End {
    ToCome,
    Read,
    Broken,
}

impl<R: AsyncRead + Unpin> LineReader<R> {
    /// Lines of up to `limit` bytes.
    pub(super) fn new(reader: R, limit: usize) -> Self {
        Self { reader, codec: LineCodec::new(limit), kept: BytesMut::new(), end: End::ToCome }
    }

    /// How many bytes came; none: no more will.
    fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        if !self.kept.is_empty() {
            return poll_read_buf(Pin::new(&mut self.reader), cx, &mut self.kept);
        }
        // Empty it may still hold the memory of lines that are gone.
        self.kept = BytesMut::new();
        self.kept = ready!(poll_chunk(&mut self.reader, cx))?;
        Poll::Ready(Ok(self.kept.len()))
    }
}

impl<R: AsyncRead + Unpin> Stream for LineReader<R> {
    type Item = io::Result<Frame>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        loop {
            let frame = match this.end {
                End::ToCome => this.codec.decode(&mut this.kept)?,
                End::Read => this.codec.decode_eof(&mut this.kept)?,
                End::Broken => None,
            };
            if frame.is_some() || this.end != End::ToCome {
                return Poll::Ready(frame.map(Ok));
            }
            match ready!(this.poll_fill(cx)) {
                Ok(0) => this.end = End::Read,
                Ok(_) => {}
                Err(e) => {
                    this.end = End::Broken;
                    return Poll::Ready(Some(Err(e)));
                }
            }
        }
    }
}

/// What came; nothing: no more will.
pub fn poll_chunk<R>(reader: &mut R, cx: &mut Context<'_>) -> Poll<io::Result<BytesMut>>
where
    R: AsyncRead + Unpin,
{
    let mut room = [MaybeUninit::uninit(); CHUNK];
    let mut read = ReadBuf::uninit(&mut room);
    ready!(Pin::new(reader).poll_read(cx, &mut read))?;
    Poll::Ready(Ok(BytesMut::from(read.filled())))
}
