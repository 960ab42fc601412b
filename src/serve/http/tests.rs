use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Error;
use axum::extract::ws::{CloseFrame, Message};
use futures_util::{Sink, SinkExt, Stream, StreamExt};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout};
use tokio_tungstenite::tungstenite::{self, error::CapacityError};
use tokio_util::sync::CancellationToken;

use super::heartbeat::Heartbeat;
use super::wire::Wire;

/// A socket whose other side is the test.
struct Socket {
    incoming: mpsc::Receiver<Result<Message, Error>>,
    outgoing: mpsc::Sender<Message>,
    blocked: bool,
}

impl Stream for Socket {
    type Item = Result<Message, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.incoming.poll_recv(cx)
    }
}

impl Sink<Message> for Socket {
    type Error = Error;

    fn poll_ready(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
        if self.blocked { Poll::Pending } else { Poll::Ready(Ok(())) }
    }

    fn start_send(self: Pin<&mut Self>, message: Message) -> Result<(), Error> {
        self.outgoing.try_send(message).map_err(Error::new)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.poll_ready(cx)
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.poll_ready(cx)
    }
}

type Far = (mpsc::Sender<Result<Message, Error>>, mpsc::Receiver<Message>);

fn socket(blocked: bool, stop: &CancellationToken) -> (Heartbeat<Socket>, Far) {
    let ((sender, incoming), (outgoing, receiver)) = (mpsc::channel(4), mpsc::channel(256));
    let socket = Socket { incoming, outgoing, blocked };
    (Heartbeat::new(socket, 1000, stop.clone()), (sender, receiver))
}

fn closed(far: &mut Far) -> (u16, String) {
    match far.1.try_recv().unwrap() {
        Message::Close(Some(CloseFrame { code, reason })) => (code, reason.to_string()),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn who_answers_no_ping_is_given_up_and_told_why() {
    let (mut socket, mut far) = socket(false, &CancellationToken::new());
    let began = Instant::now();
    assert!(socket.next().await.unwrap().is_err());
    assert_eq!(began.elapsed().as_secs(), 90);
    for _ in 0..2 {
        assert!(matches!(far.1.try_recv(), Ok(Message::Ping(_))));
    }
    socket.close().await.unwrap();
    assert_eq!(closed(&mut far), (1008, "no ping was answered".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn who_answers_pings_stays() {
    let (mut socket, (sender, mut receiver)) = socket(false, &CancellationToken::new());
    let answering = tokio::spawn(async move {
        for _ in 0..100 {
            assert!(matches!(receiver.recv().await, Some(Message::Ping(_))));
            sender.send(Ok(Message::Pong(bytes::Bytes::new()))).await.unwrap();
        }
    });
    for _ in 0..100 {
        assert!(matches!(socket.next().await, Some(Ok(Message::Pong(_)))));
    }
    answering.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn who_takes_nothing_is_given_up_also_while_nothing_is_read() {
    let (mut socket, _far) = socket(true, &CancellationToken::new());
    let began = Instant::now();
    assert!(socket.send(Message::Text("x".into())).await.is_err());
    assert_eq!(began.elapsed().as_secs(), 90);
    assert!(timeout(Duration::from_secs(3), socket.close()).await.unwrap().is_err());
}

#[tokio::test(start_paused = true)]
async fn a_socket_says_why_it_closes() {
    let too_long = || CapacityError::MessageTooLong { size: 1001, max_size: 1000 };
    let rows = [
        (
            Some(tungstenite::Error::Capacity(too_long())),
            false,
            (1009, "a message is larger than 1000 bytes"),
        ),
        (Some(tungstenite::Error::Capacity(too_long())), true, (1009, "a message is larger than 1000 bytes")),
        (Some(tungstenite::Error::Utf8(String::new())), false, (1007, "a text is not UTF-8")),
        (Some(tungstenite::Error::AttackAttempt), false, (1000, "")),
        (None, true, (1001, "the server is shutting down")),
        (None, false, (1000, "")),
    ];
    for (failure, stopped, (code, reason)) in rows {
        let stop = CancellationToken::new();
        let (mut socket, mut far) = socket(false, &stop);
        if let Some(failure) = failure {
            far.0.send(Err(Error::new(failure))).await.unwrap();
            assert!(socket.next().await.unwrap().is_err());
        }
        if stopped {
            stop.cancel();
        }
        socket.close().await.unwrap();
        assert_eq!(closed(&mut far), (code, reason.to_owned()));
    }
}

#[tokio::test]
async fn reading_ahead_gives_what_came_in_pieces_of_any_size() {
    let (near, mut far) = tokio::io::duplex(100_000);
    let sent: Vec<u8> = (0..50_000_u32).map(|at| at as u8).collect();
    far.write_all(&sent).await.unwrap();
    drop(far);
    let (mut stream, mut came, mut sizes) =
        (Wire::new(near, CancellationToken::new()), Vec::new(), [1, 1000, 40_000].iter().cycle());
    loop {
        let mut piece = vec![0; *sizes.next().unwrap()];
        let count = stream.read(&mut piece).await.unwrap();
        if count == 0 {
            break;
        }
        came.extend_from_slice(&piece[..count]);
    }
    assert_eq!(came, sent);
}
