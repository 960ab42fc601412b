//! A WebSocket that asks every now and then whether anybody is there, and says why it closes (RFC 6455, section 7.4).

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Error;
use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, close_code};
use futures_util::{Sink, SinkExt, Stream, StreamExt};
use tokio::time::{Instant, Interval, MissedTickBehavior, Sleep, interval_at, sleep};
use tokio_tungstenite::tungstenite;
use tokio_util::sync::CancellationToken;

/// How often the other side is asked for a sign of life.
const PERIOD: Duration = Duration::from_secs(30);
/// Periods without any after which it is given up.
const SILENT: u32 = 3;
/// Pings, pongs and texts without anything in them that are taken between two beats, or two messages with something.
const IDLE: u32 = 4096;
/// How long the last words may take to be taken.
const GOODBYE: Duration = Duration::from_secs(2);

/// A socket with a pulse. One timer, and no task of its own.
pub(super) struct Heartbeat<S> {
    socket: S,
    beats: Interval,
    /// Whether anything was heard since the last beat.
    heard: bool,
    /// Beats since anything was heard.
    silent: u32,
    /// Messages with nothing in them since one that had something, or since the last beat.
    idle: u32,
    /// Longest message taken, in bytes.
    max_message: usize,
    stop: CancellationToken,
    /// Why it closes, if not for the other side or for `stop`.
    fault: Option<(u16, String)>,
    goodbye: Option<Pin<Box<Sleep>>>,
}

impl<S> Heartbeat<S>
where
    S: Stream<Item = Result<Message, Error>> + Sink<Message, Error = Error> + Unpin,
{
    pub(super) fn new(socket: S, max_message: usize, stop: CancellationToken) -> Self {
        let mut beats = interval_at(Instant::now() + PERIOD, PERIOD);
        beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self {
            socket,
            beats,
            heard: false,
            silent: 0,
            idle: 0,
            max_message,
            stop,
            fault: None,
            goodbye: None,
        }
    }

    /// Asks when it is time to. `Err`: nobody has answered for too long.
    fn poll_beat(&mut self, cx: &mut Context<'_>) -> Poll<Error> {
        while self.beats.poll_tick(cx).is_ready() {
            self.idle = 0;
            self.silent = if std::mem::take(&mut self.heard) { 0 } else { self.silent + 1 };
            if self.silent >= SILENT {
                let reason = "no ping was answered";
                self.fault = Some((close_code::POLICY, reason.to_owned()));
                return Poll::Ready(Error::new(reason));
            }
            // While it takes nothing it is not asked either, and is silent.
            if let Poll::Ready(Ok(())) = self.socket.poll_ready_unpin(cx)
                && let Err(e) = self.socket.start_send_unpin(Message::Ping(bytes::Bytes::new()))
            {
                return Poll::Ready(e);
            }
            if let Poll::Ready(Err(e)) = self.socket.poll_flush_unpin(cx) {
                return Poll::Ready(e);
            }
        }
        Poll::Pending
    }

    /// Counts those that say nothing. `Err`: there were too many.
    fn hear(&mut self, message: Message) -> Result<Message, Error> {
        self.heard = true;
        let says_something = match &message {
            Message::Text(text) => !text.as_bytes().trim_ascii().is_empty(),
            Message::Binary(bytes) => !bytes.is_empty(),
            Message::Ping(_) | Message::Pong(_) => false,
            Message::Close(_) => true,
        };
        self.idle = if says_something { 0 } else { self.idle + 1 };
        if self.idle <= IDLE {
            return Ok(message);
        }
        let reason = format!("more than {IDLE} frames without a message");
        self.fault = Some((close_code::POLICY, reason.clone()));
        Err(Error::new(reason))
    }

    /// What a failure to read is called when the socket is closed for it.
    fn judge(&mut self, error: Error) -> Error {
        let error = error.into_inner();
        self.fault = match error.downcast_ref() {
            Some(tungstenite::Error::Capacity(_)) => {
                Some((close_code::SIZE, format!("a message is larger than {} bytes", self.max_message)))
            }
            Some(tungstenite::Error::Utf8(_)) => {
                Some((close_code::INVALID, "a text is not UTF-8".to_owned()))
            }
            Some(tungstenite::Error::Protocol(e)) => Some((close_code::PROTOCOL, e.to_string())),
            _ => None,
        };
        Error::new(error)
    }

    fn last_word(&mut self) -> CloseFrame {
        let (code, reason) = match self.fault.take() {
            Some(fault) => fault,
            None if self.stop.is_cancelled() => (close_code::AWAY, "the server is shutting down".to_owned()),
            None => (close_code::NORMAL, String::new()),
        };
        CloseFrame { code, reason: Utf8Bytes::from(reason) }
    }
}

impl<S> Stream for Heartbeat<S>
where
    S: Stream<Item = Result<Message, Error>> + Sink<Message, Error = Error> + Unpin,
{
    type Item = Result<Message, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        match self.socket.poll_next_unpin(cx) {
            Poll::Ready(Some(Ok(message))) => Poll::Ready(Some(self.hear(message))),
            Poll::Ready(Some(Err(e))) => Poll::Ready(Some(Err(self.judge(e)))),
            Poll::Ready(None) => Poll::Ready(None),
            Poll::Pending => self.poll_beat(cx).map(|e| Some(Err(e))),
        }
    }
}

impl<S> Sink<Message> for Heartbeat<S>
where
    S: Stream<Item = Result<Message, Error>> + Sink<Message, Error = Error> + Unpin,
{
    type Error = Error;

    fn poll_ready(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        match self.socket.poll_ready_unpin(cx) {
            // Nothing may be read meanwhile, and the beat has to be felt all the same.
            Poll::Pending => self.poll_beat(cx).map(Err),
            ready @ Poll::Ready(_) => ready,
        }
    }

    fn start_send(mut self: Pin<&mut Self>, message: Message) -> Result<(), Error> {
        self.socket.start_send_unpin(message)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        match self.socket.poll_flush_unpin(cx) {
            Poll::Pending => self.poll_beat(cx).map(Err),
            ready @ Poll::Ready(_) => ready,
        }
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        if self.goodbye.is_none() {
            let word = self.last_word();
            // Where the other side has closed first there is nothing more to say.
            let _closed = self.socket.start_send_unpin(Message::Close(Some(word)));
            self.goodbye = Some(Box::pin(sleep(GOODBYE)));
        }
        if let Poll::Ready(closed) = self.socket.poll_close_unpin(cx) {
            return Poll::Ready(closed);
        }
        match &mut self.goodbye {
            Some(goodbye) => goodbye.as_mut().poll(cx).map(|()| Err(Error::new("nobody heard the goodbye"))),
            None => Poll::Pending,
        }
    }
}
