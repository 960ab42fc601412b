//! One connection, of HTTP/1.1 or of HTTP/2: whoever knows that the server speaks the newer one begins with it, and over
//! TLS it is agreed on.

use std::convert::Infallible;
use std::future::pending;
use std::io;
use std::pin::Pin;
use std::time::Duration;

use axum::Router;
use axum::response::Response;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::Own;
use super::wire::Wire;

/// How long the head of a request may take, and who does not say who it is.
const HEAD: Duration = Duration::from_secs(10);
/// How long somebody may take to go who had its time.
const GOODBYE: Duration = Duration::from_secs(2);
/// Bytes of the head of a request.
const HEAD_BYTES: u32 = 32 * 1024;
const HEADERS: usize = 100;

/// How HTTP/2 begins (RFC 9113, section 3.4), as far as no request of HTTP/1.1 does.
const PREFACE: &[u8] = b"PRI";
/// Requests at once on one connection of HTTP/2: a stream for each session, of which clients read a thousand at once, and
/// what is posted meanwhile. A client that has no other connection would wait for ever for one more.
const STREAMS: u32 = 2048;
/// Bytes that may wait on one of them for who reads slowly.
const UNREAD: usize = 64 * 1024;
/// How often a connection of HTTP/2 is asked whether it is alive, and how long the answer may take.
const PULSE: Duration = Duration::from_secs(20);

/// Serves one connection to its end, or to its upgrade.
pub(in crate::serve) async fn serve<S>(
    stream: S,
    own: Own,
    router: Router,
    stop: &CancellationToken,
) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let mut wire = Wire::new(stream, stop.clone());
    let begun = timeout(HEAD, wire.begins_with(PREFACE));
    let Some(Ok(is_newer)) = stop.run_until_cancelled(begun).await else { return Ok(()) };
    let is_newer = is_newer?;
    let io = TokioIo::new(wire);
    let (seat, router) = (own.seat.clone(), TowerToHyperService::new(router));
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(own.clone());
        router.call(request)
    });
    if !is_newer {
        return serve_1(io, service, stop).await;
    }
    let stranger = async {
        sleep(HEAD).await;
        if seat.is_guest() {
            pending::<()>().await;
        }
    };
    Box::pin(serve_2(io, service, stop, stranger)).await
}

async fn serve_1<S>(
    io: TokioIo<S>,
    service: impl Service<Request<Incoming>, Response = Response, Error = Infallible, Future: Send>,
    stop: &CancellationToken,
) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_buf_size(HEAD_BYTES as usize)
        .max_headers(HEADERS)
        .serve_connection(io, service)
        .with_upgrades();
    // The head of each request has a time of its own.
    attend(connection, http1::UpgradeableConnection::graceful_shutdown, stop, pending()).await
}

async fn serve_2<S>(
    io: TokioIo<S>,
    service: impl Service<Request<Incoming>, Response = Response, Error = Infallible, Future: Send + 'static>,
    stop: &CancellationToken,
    stranger: impl Future<Output = ()>,
) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let connection = http2::Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .max_header_list_size(HEAD_BYTES)
        .max_concurrent_streams(STREAMS)
        .max_send_buf_size(UNREAD)
        .keep_alive_interval(PULSE)
        .keep_alive_timeout(PULSE)
        .serve_connection(io, service);
    attend(connection, http2::Connection::graceful_shutdown, stop, stranger).await
}

/// Serves to the end, which `shut_down` begins. `stranger` ends when it has had its time to say who it is, and has not.
async fn attend<C: Future<Output = hyper::Result<()>>>(
    connection: C,
    shut_down: impl Fn(Pin<&mut C>),
    stop: &CancellationToken,
    stranger: impl Future<Output = ()>,
) -> io::Result<()> {
    tokio::pin!(connection);
    let served = tokio::select! {
        served = &mut connection => served,
        () = stop.cancelled() => {
            shut_down(connection.as_mut());
            connection.await
        }
        () = stranger => {
            shut_down(connection.as_mut());
            timeout(GOODBYE, connection).await.unwrap_or(Ok(()))
        }
    };
    served.map_err(io::Error::other)
}
