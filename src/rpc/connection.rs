use std::collections::HashMap;
use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf, Bytes};
use futures_util::future::BoxFuture;
use jsonrpsee::core::server::MethodResponse;
use jsonrpsee::types::ErrorCode;
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;
use tokio::time::Sleep;
use tokio_util::sync::CancellationToken;

use super::call::Responder;
use super::dispatch::{Begun, Dispatch, Running};
use super::outbox::Out;
use super::peer::Peer;
use super::shared::Shared;
use super::{CANCEL_REQUEST, error};
use crate::jsonrpc::{Frame, Message, Owed, RawId, error_line, notification_line, parse};
use crate::ongoing::Ongoing;
use crate::transport::Transport;

/// What a connection takes at most.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Requests being handled at the same time; one more is told that the server is busy.
    pub calls: usize,
    /// Items queued for writing; who has more waits.
    pub outbox: usize,
    /// Bytes being written above which no further item is taken from the queue.
    pub high_water: usize,
    /// Unwritten bytes above which no further line is read.
    pub ceiling: usize,
    /// How long requests may still be answered after the other side has said its last.
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            calls: 1024,
            outbox: 16,
            high_water: 256 * 1024,
            ceiling: 8 * 1024 * 1024,
            drain: Duration::from_secs(2),
        }
    }
}

/// Rounds of the loop before other tasks have their turn.
const ROUNDS: usize = 32;

/// A notification's handler, still at work.
pub(super) type Quiet = BoxFuture<'static, MethodResponse>;

/// One connection, from its first line to its last.
pub struct Connection {
    transport: Transport,
    limits: Limits,
    shared: Arc<Shared>,
    dispatch: Dispatch,
    /// Requests of theirs that are not answered yet.
    open: HashMap<RawId, CancellationToken>,
    running: Ongoing<Box<Running>>,
    quiet: Ongoing<Quiet>,
    buffer: Vec<u8>,
    written: usize,
    /// The transport holds something that it has not passed on.
    unflushed: bool,
    deadline: Option<Pin<Box<Sleep>>>,
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").field("open", &self.open.len()).finish_non_exhaustive()
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.shared.outbox.close();
    }
}

impl Connection {
    /// A connection, and our voice on it. `dispatch` is asked for with that voice in hand.
    pub fn new(transport: Transport, limits: Limits, dispatch: impl FnOnce(&Peer) -> Dispatch) -> Self {
        let shared = Arc::new(Shared::new(limits.outbox));
        let dispatch = dispatch(&Peer { shared: Arc::clone(&shared) });
        Self {
            transport,
            limits,
            shared,
            dispatch,
            open: HashMap::new(),
            running: Ongoing::default(),
            quiet: Ongoing::default(),
            buffer: Vec::new(),
            written: 0,
            unflushed: false,
            deadline: None,
        }
    }

    /// Serves until the other side has said its last, or `stop` says that it has, and has its answers. `Err`
    /// when writing failed.
    pub async fn serve(mut self, stop: CancellationToken) -> io::Result<()> {
        let mut stopped = Box::pin(stop.cancelled_owned());
        // Unconstrained, because a budget that runs out in the middle of a line's handler would let a later
        // line overtake it. The loop has bounds of its own.
        let serving = std::future::poll_fn(|cx| {
            if self.reading() && stopped.as_mut().poll(cx).is_ready() {
                self.end_of_input();
            }
            self.poll(cx)
        });
        let outcome = tokio::task::unconstrained(serving).await;
        self.shared.end();
        if outcome.is_ok() {
            std::future::poll_fn(|cx| self.transport.outgoing.as_mut().poll_shutdown(cx)).await?;
        }
        outcome
    }

    fn reading(&self) -> bool {
        self.deadline.is_none()
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.shared.waker.register(cx.waker());
        for _ in 0..ROUNDS {
            // What waits goes on before anything new begins.
            let mut progress = self.poll_handlers(cx);
            progress |= self.poll_input(cx);
            progress |= self.poll_outbox(cx);
            if (!progress || self.buffer.len() >= self.limits.high_water) && !self.is_written() {
                match self.poll_write(cx) {
                    Poll::Ready(Ok(())) => progress = true,
                    Poll::Ready(Err(e)) => return Poll::Ready(Err(e)),
                    Poll::Pending => {}
                }
            }
            if self.finished(cx) {
                return Poll::Ready(Ok(()));
            }
            if !progress {
                if self.buffer.is_empty() {
                    // Whoever is idle keeps nothing.
                    self.buffer = Vec::new();
                }
                return Poll::Pending;
            }
        }
        // Others have their turn, then it goes on.
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    fn finished(&mut self, cx: &mut Context<'_>) -> bool {
        if self.reading() {
            return false;
        }
        let answered = self.open.is_empty() && self.is_written();
        answered || self.deadline.as_mut().is_some_and(|deadline| deadline.as_mut().poll(cx).is_ready())
    }

    /// Takes in a bounded number of lines, so that what they ask for is not starved by more of them.
    fn poll_input(&mut self, cx: &mut Context<'_>) -> bool {
        let mut progress = false;
        for _ in 0..64 {
            if !self.reading() || self.buffer.len() >= self.limits.ceiling {
                break;
            }
            match self.transport.incoming.as_mut().poll_next(cx) {
                Poll::Pending => break,
                Poll::Ready(Some(Ok(Frame::Line(line) | Frame::Unended(line)))) => self.take(&line, cx),
                Poll::Ready(Some(Ok(Frame::TooLong { limit }))) => self.owe(&Owed::too_long(limit)),
                Poll::Ready(Some(Err(e))) => {
                    tracing::debug!(error = %e, "reading failed");
                    self.end_of_input();
                }
                Poll::Ready(None) => self.end_of_input(),
            }
            progress = true;
        }
        progress
    }

    fn end_of_input(&mut self) {
        self.shared.end_of_input();
        self.deadline = Some(Box::pin(tokio::time::sleep(self.limits.drain)));
    }

    fn poll_handlers(&mut self, cx: &mut Context<'_>) -> bool {
        let mut progress = false;
        while let Poll::Ready(finished) = self.running.poll_finished(cx) {
            progress = true;
            if let Some((id, line)) = finished {
                // Whatever the handler queued before it ended goes first.
                self.drain_outbox(cx);
                self.answer(&id, &line);
            }
        }
        while self.quiet.poll_finished(cx).is_ready() {
            progress = true;
        }
        for id in self.shared.take_abandoned() {
            progress = true;
            let failure = error(ErrorCode::InternalError.code(), "The request was dropped", None);
            self.answer(&id, &error_line(&id, &failure));
        }
        progress
    }

    fn poll_outbox(&mut self, cx: &mut Context<'_>) -> bool {
        let mut progress = false;
        while self.buffer.len() < self.limits.high_water {
            let Poll::Ready(out) = self.shared.outbox.poll_take(cx) else { break };
            self.put(out);
            progress = true;
        }
        progress
    }

    fn drain_outbox(&mut self, cx: &mut Context<'_>) {
        for _ in 0..self.shared.outbox.len() {
            let Poll::Ready(out) = self.shared.outbox.poll_take(cx) else { break };
            self.put(out);
        }
    }

    fn put(&mut self, out: Out) {
        match out {
            Out::Lines(lines) => self.buffer.extend_from_slice(&lines),
            Out::Reply(id, line) => self.answer(&id, &line),
            // Who has said its last answers nothing any more.
            Out::Withdrawal(_) if !self.reading() => {}
            Out::Withdrawal(id) => {
                notification_line(CANCEL_REQUEST, &json!({ "requestId": id }), &mut self.buffer);
            }
        }
    }

    fn answer(&mut self, id: &RawId, line: &[u8]) {
        if self.open.remove(id).is_some() {
            self.buffer.extend_from_slice(line);
        } else {
            tracing::error!(?id, "a second reply to one request was dropped");
        }
    }

    fn owe(&mut self, owed: &Owed) {
        let object = error(owed.code.code(), owed.message, Some(&owed.detail));
        self.buffer.extend_from_slice(&error_line(&owed.id, &object));
    }

    fn take(&mut self, line: &Bytes, cx: &mut Context<'_>) {
        match parse(line) {
            Ok(Message::Request { id, method, params }) => self.request(id, &method, params, cx),
            Ok(Message::Notification { method, params }) if method == CANCEL_REQUEST => {
                self.cancel(params);
            }
            Ok(Message::Notification { method, params }) => {
                self.notification(&method, params, cx);
            }
            Ok(Message::Response { id, outcome }) => self.response(&id, outcome),
            Err(owed) => self.owe(&owed),
        }
    }

    /// A notification that has to wait while too many do is dropped: nobody is owed an answer.
    fn notification(&mut self, method: &str, params: Option<&RawValue>, cx: &mut Context<'_>) {
        let Some(mut handler) = self.dispatch.notification(method, params) else { return };
        if handler.as_mut().poll(cx).is_ready() {
            return;
        }
        if self.quiet.len() < self.limits.calls {
            self.quiet.push(handler);
        } else {
            tracing::warn!(method, "too many notifications wait: one was dropped");
        }
    }

    fn request(&mut self, id: RawId, method: &str, params: Option<&RawValue>, cx: &mut Context<'_>) {
        if self.open.contains_key(&id) {
            return self.owe(&Owed::taken(id));
        }
        if self.open.len() >= self.limits.calls {
            let busy = error(ErrorCode::ServerIsBusy.code(), "Overloaded: too many requests at once", None);
            self.buffer.extend_from_slice(&error_line(&id, &busy));
            return;
        }
        let cancel = CancellationToken::new();
        self.open.insert(id.clone(), cancel.clone());
        let responder = Responder::new(id, Arc::clone(&self.shared));
        let finished = match self.dispatch.request(responder, method, params, cancel) {
            Begun::Done(finished) => finished,
            Begun::Running(mut running) => match Pin::new(&mut *running).poll(cx) {
                Poll::Ready(finished) => finished,
                Poll::Pending => return self.running.push(running),
            },
        };
        if let Some((id, line)) = finished {
            self.drain_outbox(cx);
            self.answer(&id, &line);
        }
    }

    /// `$/cancel_request`: an unknown identifier is fine, its request was answered already.
    fn cancel(&mut self, params: Option<&RawValue>) {
        #[derive(Deserialize)]
        struct Cancel<'a> {
            #[serde(rename = "requestId", borrow)]
            request: &'a RawValue,
        }
        let cancel = params.and_then(|params| serde_json::from_str::<Cancel<'_>>(params.get()).ok());
        if let Some(token) = cancel.and_then(|it| RawId::new(it.request)).and_then(|id| self.open.get(&id)) {
            token.cancel();
        }
    }

    fn response(&mut self, id: &RawId, outcome: Result<&RawValue, &RawValue>) {
        // Some clients give a number back as a string.
        let waiting = id.text().trim_matches('"').parse().ok().and_then(|id| self.shared.forget_answer(id));
        let Some(waiting) = waiting else {
            tracing::debug!(?id, "an answer to nothing was dropped");
            return;
        };
        let answer = outcome.map(ToOwned::to_owned).map_err(|raw| {
            serde_json::from_str(raw.get()).unwrap_or_else(|_| {
                error(ErrorCode::InternalError.code(), "an error without a code", Some(raw.get()))
            })
        });
        if waiting.send(answer).is_err() {
            tracing::debug!(?id, "an answer came after its request was dropped");
        }
    }

    /// Writes what is there. `Ready` when all of it is gone, and the transport has passed it on.
    fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.written < self.buffer.len() {
            let mut rest = &self.buffer[self.written..];
            match self.transport.outgoing.as_mut().poll_write(cx, rest.chunk()) {
                Poll::Ready(Ok(0)) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                Poll::Ready(Ok(count)) => {
                    rest.advance(count);
                    self.written += count;
                    self.unflushed = true;
                }
                Poll::Ready(Err(e)) => return Poll::Ready(Err(e)),
                Poll::Pending => {
                    self.forget_written();
                    return Poll::Pending;
                }
            }
        }
        self.forget_written();
        let flushed = ready!(self.transport.outgoing.as_mut().poll_flush(cx));
        self.unflushed = false;
        Poll::Ready(flushed)
    }

    fn is_written(&self) -> bool {
        self.buffer.is_empty() && !self.unflushed
    }

    fn forget_written(&mut self) {
        self.buffer.drain(..self.written);
        self.written = 0;
    }
}
