//! The process's own stdin and stdout.
//!
//! Never through `tokio::io::{stdin, stdout}`, which costs a thread hop for every flushed line. A FIFO is
//! opened anew (its own file description, so that the non-blocking flag does not leak into whoever shares
//! the old one), a socket (what Node hands to its children) is duplicated, and both go on epoll. Anything
//! else — a terminal, a file, or a platform without `/proc` — is served by two plain threads.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream as StdUnixStream;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use rustix::fs::FileType;
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream};
use tokio::net::UnixStream;
use tokio::net::unix::pipe;
use tokio::sync::oneshot;
use tokio_util::io::SyncIoBridge;

use super::{Incoming, LineReader, Outgoing, Transport};

/// Room between the plain threads and the loop.
const THREAD_BUFFER: usize = 256 * 1024;

/// Opens stdin and stdout as a transport with lines of up to `limit` bytes. Call it once, within a runtime.
pub fn stdio(limit: usize) -> Transport {
    Transport { incoming: incoming(limit), outgoing: outgoing() }
}

fn incoming(limit: usize) -> Incoming {
    let stdin = io::stdin();
    match kind(stdin.as_fd()) {
        #[cfg(target_os = "linux")]
        FileType::Fifo => match pipe::OpenOptions::new().open_receiver("/proc/self/fd/0") {
            Ok(receiver) => framed(receiver, limit),
            Err(e) => framed(read_thread_after(&e), limit),
        },
        FileType::Socket => match socket(stdin.as_fd()) {
            Ok(stream) => framed(stream, limit),
            Err(e) => framed(read_thread_after(&e), limit),
        },
        _ => framed(read_thread(), limit),
    }
}

fn outgoing() -> Outgoing {
    let stdout = io::stdout();
    match kind(stdout.as_fd()) {
        #[cfg(target_os = "linux")]
        FileType::Fifo => match pipe::OpenOptions::new().open_sender("/proc/self/fd/1") {
            Ok(sender) => Box::pin(sender),
            Err(e) => Box::pin(ThreadWriter::start_after(&e)),
        },
        FileType::Socket => match socket(stdout.as_fd()) {
            Ok(stream) => Box::pin(stream),
            Err(e) => Box::pin(ThreadWriter::start_after(&e)),
        },
        _ => Box::pin(ThreadWriter::start()),
    }
}

/// The parent's pipe may belong to another user, or `/proc` may be missing: threads need neither.
fn read_thread_after(error: &io::Error) -> DuplexStream {
    tracing::debug!(%error, "stdin is read by a thread");
    read_thread()
}

fn framed<R: AsyncRead + Unpin + Send + 'static>(reader: R, limit: usize) -> Incoming {
    Box::pin(LineReader::new(reader, limit))
}

fn kind(fd: BorrowedFd<'_>) -> FileType {
    rustix::fs::fstat(fd).map_or(FileType::Unknown, |stat| FileType::from_raw_mode(stat.st_mode))
}

fn socket(fd: BorrowedFd<'_>) -> io::Result<UnixStream> {
    let own: OwnedFd = fd.try_clone_to_owned()?;
    let stream = StdUnixStream::from(own);
    stream.set_nonblocking(true)?;
    UnixStream::from_std(stream)
}

fn read_thread() -> DuplexStream {
    let (near, far) = tokio::io::duplex(THREAD_BUFFER);
    let mut bridge = SyncIoBridge::new(far);
    std::thread::spawn(move || {
        // The loop is gone when this fails; there is nobody left to tell.
        let _copied = io::copy(&mut io::stdin().lock(), &mut bridge);
        let _closed = bridge.shutdown();
    });
    near
}

/// A thread that writes stdout; shutting down waits until it has written everything.
struct ThreadWriter {
    near: DuplexStream,
    finished: oneshot::Receiver<()>,
}

impl ThreadWriter {
    fn start_after(error: &io::Error) -> Self {
        tracing::debug!(%error, "stdout is written by a thread");
        Self::start()
    }

    fn start() -> Self {
        let (near, far) = tokio::io::duplex(THREAD_BUFFER);
        let (done, finished) = oneshot::channel();
        let mut bridge = SyncIoBridge::new(far);
        std::thread::spawn(move || {
            let mut out = io::stdout().lock();
            let _copied = io::copy(&mut bridge, &mut out).and_then(|_| io::Write::flush(&mut out));
            let _told = done.send(());
        });
        Self { near, finished }
    }
}

impl AsyncWrite for ThreadWriter {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.near).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.near).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.near).poll_shutdown(cx))?;
        // An error here means the thread is gone, and with it everything it could still write.
        let _gone = ready!(Pin::new(&mut self.finished).poll(cx));
        Poll::Ready(Ok(()))
    }
}
