//! Carries lines between the halves of a connection and one socket.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::{Buf, Bytes};
use tokio::time::{Instant, Sleep, sleep_until};

use super::Pace;
use super::control::{COUNT, Word};
use super::counted::Impossible;
use super::state::Shared;
use crate::transport::Transport;

/// Lines that are read before something is written.
const ROUND: usize = 64;
/// Bytes up to which small pieces are written together.
const TOGETHER: usize = 64 * 1024;

/// How carrying ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Carried {
    /// The socket is of no more use.
    Lost,
    /// The other side counts what never was.
    Impossible,
    /// Everything was said and received, on both sides, or on ours with nobody left to hear theirs.
    Over,
    /// Nobody is left to carry for, in the middle of it.
    Abandoned,
}

pub(super) struct Carrier {
    shared: Arc<Shared>,
    socket: Transport,
    pace: Pace,
    /// What is being written.
    writing: Bytes,
    unflushed: bool,
    /// Words about the connection, which go between the lines.
    words: Vec<u8>,
    alarm: Pin<Box<Sleep>>,
    heard: Instant,
    /// What was received is said then, if not before.
    telling: Option<Instant>,
    /// The other side was asked whether it is there.
    asked: bool,
}

impl Carrier {
    pub(super) fn new(shared: &Arc<Shared>, socket: Transport, pace: Pace) -> Self {
        let heard = Instant::now();
        Self {
            shared: Arc::clone(shared),
            socket,
            pace,
            writing: Bytes::new(),
            unflushed: false,
            words: Vec::new(),
            alarm: Box::pin(sleep_until(heard + pace.silence)),
            heard,
            telling: None,
            asked: false,
        }
    }

    /// Carries until it ends.
    pub(super) async fn carry(&mut self) -> Carried {
        poll_fn(|cx| self.poll(cx)).await
    }

    /// Closes the socket in order.
    pub(super) async fn close(mut self) {
        if let Err(e) = poll_fn(|cx| self.socket.outgoing.as_mut().poll_shutdown(cx)).await {
            tracing::debug!(error = %e, "a socket was closed already");
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Carried> {
        self.shared.state().attend(cx);
        let end = self.read(cx).or_else(|| self.keep_time(cx)).or_else(|| self.write(cx));
        match end {
            // Nobody needs a socket any more.
            Some(Carried::Lost) if self.shared.state().is_over() => return Poll::Ready(Carried::Over),
            Some(end) => return Poll::Ready(end),
            None => {}
        }
        let state = self.shared.state();
        if state.is_over() && self.is_quiet() {
            return Poll::Ready(Carried::Over);
        }
        match state.is_abandoned() {
            true if state.is_delivered() => Poll::Ready(Carried::Over),
            true => Poll::Ready(Carried::Abandoned),
            false => Poll::Pending,
        }
    }

    /// Nothing is on its way to the socket.
    fn is_quiet(&self) -> bool {
        self.writing.is_empty() && self.words.is_empty() && !self.unflushed
    }

    fn read(&mut self, cx: &mut Context<'_>) -> Option<Carried> {
        for _ in 0..ROUND {
            if !self.shared.state().hears() {
                return None;
            }
            let frame = match self.socket.incoming.as_mut().poll_next(cx) {
                Poll::Ready(Some(Ok(frame))) => frame,
                Poll::Ready(Some(Err(e))) => {
                    tracing::debug!(error = %e, "a socket broke off");
                    return Some(Carried::Lost);
                }
                Poll::Ready(None) => return Some(Carried::Lost),
                Poll::Pending => return None,
            };
            self.heard = Instant::now();
            self.asked = false;
            let mut state = self.shared.state();
            match state.line(frame) {
                Ok(Some(Word::Count)) => state.tell(&mut self.words),
                Ok(_) => {}
                Err(Impossible) => return Some(Carried::Impossible),
            }
        }
        // Others have their turn.
        cx.waker().wake_by_ref();
        None
    }

    /// Says what is due, and loses a socket by which nothing is heard.
    fn keep_time(&mut self, cx: &mut Context<'_>) -> Option<Carried> {
        let mut state = self.shared.state();
        if state.is_due() {
            state.tell(&mut self.words);
            self.telling = None;
        } else if self.telling.is_none() && state.is_owed() {
            let at = Instant::now() + self.pace.quiet;
            self.telling = Some(at);
            if at < self.alarm.deadline() {
                self.alarm.as_mut().reset(at);
            }
        }
        while self.alarm.as_mut().poll(cx).is_ready() {
            let now = Instant::now();
            if self.telling.is_some_and(|at| at <= now) {
                state.tell_if_new(&mut self.words);
                self.telling = state.is_owed().then(|| now + self.pace.quiet);
            }
            let mut silent = self.heard + self.pace.silence * if self.asked { 2 } else { 1 };
            if silent <= now && self.asked {
                return Some(Carried::Lost);
            }
            if silent <= now {
                self.asked = true;
                self.words.extend_from_slice(COUNT);
                silent = self.heard.max(now) + self.pace.silence;
            }
            self.alarm.as_mut().reset(self.telling.map_or(silent, |at| at.min(silent)));
        }
        None
    }

    fn write(&mut self, cx: &mut Context<'_>) -> Option<Carried> {
        loop {
            if self.writing.is_empty() {
                self.writing = self.next_piece();
            }
            let written = if !self.writing.is_empty() {
                let written = self.socket.outgoing.as_mut().poll_write(cx, &self.writing);
                written.map_ok(|count| {
                    self.writing.advance(count);
                    self.unflushed = true;
                    count > 0
                })
            } else if self.unflushed {
                let flushed = self.socket.outgoing.as_mut().poll_flush(cx);
                flushed.map_ok(|()| {
                    self.unflushed = false;
                    true
                })
            } else {
                return None;
            };
            match written {
                Poll::Ready(Ok(true)) => {}
                Poll::Ready(Ok(false)) => return Some(Carried::Lost),
                Poll::Ready(Err(e)) => {
                    tracing::debug!(error = %e, "a socket takes nothing");
                    return Some(Carried::Lost);
                }
                Poll::Pending => return None,
            }
        }
    }

    /// Words about the connection first, then lines; small pieces together.
    fn next_piece(&mut self) -> Bytes {
        let mut state = self.shared.state();
        let mut together = std::mem::take(&mut self.words);
        while together.len() < TOGETHER {
            let Some(lines) = state.said.hand_out() else { break };
            if together.is_empty() && lines.len() >= TOGETHER {
                return lines;
            }
            together.extend_from_slice(&lines);
        }
        together.into()
    }
}
