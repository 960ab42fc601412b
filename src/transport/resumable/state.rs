//! What the two halves of a connection and whoever carries for them share.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use super::WINDOW;
use super::control::{self, Word};
use super::counted::{Counted, Impossible};
use crate::jsonrpc::Frame;

/// What was received is said after so many lines, or bytes of them.
const LINES: u64 = 64;
const BYTES: usize = 64 * 1024;

#[derive(Debug, Default)]
pub(super) struct Shared(Mutex<State>);

/// A connection as it is between two sockets.
#[derive(Debug, Default)]
pub(super) struct State {
    /// What we say.
    pub(super) said: Counted,
    /// The beginning of a line that has no end yet.
    pub(super) begun: Vec<u8>,
    /// What was heard and not taken.
    queue: VecDeque<Frame>,
    queued: usize,
    /// Lines that were taken, and of how many of them the other side was told.
    taken: u64,
    told: u64,
    taken_bytes: usize,
    end: End,
    /// Why there will be no socket any more.
    pub(super) gone: Option<Arc<str>>,
    /// We have said our last.
    pub(super) finished: bool,
    pub(super) reader_left: bool,
    pub(super) writer_left: bool,
    pub(super) reader: Option<Waker>,
    pub(super) writer: Option<Waker>,
    carrier: Option<Waker>,
}

/// The other side's last word, which is taken when all before it is.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum End {
    #[default]
    ToCome,
    Heard,
    Taken,
}

impl Shared {
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// There will be no socket any more.
    pub(super) fn gone(&self, why: &str) {
        let mut state = self.state();
        state.gone.get_or_insert_with(|| why.into());
        state.wake_halves();
    }

    /// Waits until nobody is left to carry for.
    pub(super) async fn abandoned(&self) {
        std::future::poll_fn(|cx| {
            let mut state = self.state();
            state.attend(cx);
            if state.is_abandoned() { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }
}

impl State {
    /// Whoever carries is called by this from now on.
    pub(super) fn attend(&mut self, cx: &Context<'_>) {
        match &mut self.carrier {
            Some(known) => known.clone_from(cx.waker()),
            none => *none = Some(cx.waker().clone()),
        }
    }

    pub(super) fn call_carrier(&self) {
        if let Some(carrier) = &self.carrier {
            carrier.wake_by_ref();
        }
    }

    fn wake_halves(&mut self) {
        for waker in [self.reader.take(), self.writer.take()].into_iter().flatten() {
            waker.wake();
        }
    }

    /// Lines received, taken or not.
    pub(super) fn received(&self) -> u64 {
        self.taken + self.queue.len() as u64 + u64::from(self.end == End::Heard)
    }

    /// Goes on by another socket; whether that can be.
    pub(super) fn resume(&mut self, received: u64) -> bool {
        let can = self.said.go_back(received).is_ok();
        // The other side was told while the socket was made, and drops what it was told of.
        self.told = self.received();
        if let Some(writer) = self.writer.take() {
            writer.wake();
        }
        can
    }

    /// Whether the other side has said its last.
    pub(super) fn is_ended(&self) -> bool {
        self.end != End::ToCome
    }

    /// Both halves were dropped.
    pub(super) fn is_abandoned(&self) -> bool {
        self.reader_left && self.writer_left
    }

    /// We have said our last, and it was received.
    pub(super) fn is_delivered(&self) -> bool {
        self.finished && self.said.is_empty()
    }

    /// All was said, on both sides, and all was received.
    pub(super) fn is_over(&self) -> bool {
        self.is_delivered() && self.is_ended()
    }

    /// Whether more may be heard.
    pub(super) fn hears(&self) -> bool {
        self.queued < 2 * WINDOW
    }

    /// A line of the conversation was heard.
    pub(super) fn hear(&mut self, frame: Frame) {
        if self.is_ended() {
            return;
        }
        if self.reader_left {
            return self.count(size(&frame));
        }
        self.queued += size(&frame);
        self.queue.push_back(frame);
        self.wake_reader();
    }

    /// The other side's last word was heard.
    pub(super) fn hear_end(&mut self) {
        if self.is_ended() {
            return;
        }
        self.end = End::Heard;
        if self.reader_left {
            self.take_end();
        }
        self.wake_reader();
    }

    fn wake_reader(&mut self) {
        if let Some(reader) = self.reader.take() {
            reader.wake();
        }
    }

    /// The other side has received so many lines.
    pub(super) fn acknowledge(&mut self, count: u64) -> Result<(), Impossible> {
        self.said.acknowledge(count)?;
        if let Some(writer) = self.writer.take() {
            writer.wake();
        }
        Ok(())
    }

    /// The next line for whoever reads.
    pub(super) fn take(&mut self) -> Option<Frame> {
        let frame = self.queue.pop_front()?;
        let full = !self.hears();
        self.queued -= size(&frame);
        self.count(size(&frame));
        if full || self.is_due() {
            self.call_carrier();
        }
        Some(frame)
    }

    /// Whether nothing more will come.
    pub(super) fn take_end(&mut self) -> bool {
        if self.end == End::Heard && self.queue.is_empty() {
            self.end = End::Taken;
            self.taken += 1;
        }
        self.end == End::Taken
    }

    /// Whoever read has gone: what was heard and what will be is thrown away.
    pub(super) fn leave_reading(&mut self) {
        self.reader_left = true;
        while self.take().is_some() {}
        self.take_end();
        self.call_carrier();
    }

    fn count(&mut self, bytes: usize) {
        self.taken += 1;
        self.taken_bytes += bytes;
    }

    /// Lines that the other side may forget, and with them have room for more: those that were taken, and all when there
    /// will be no more.
    fn tellable(&self) -> u64 {
        if self.is_ended() { self.received() } else { self.taken }
    }

    /// Whether the other side is to be told now what was received.
    pub(super) fn is_due(&self) -> bool {
        let untold = self.tellable().saturating_sub(self.told);
        untold >= LINES || untold > 0 && (self.taken_bytes >= BYTES || self.is_ended())
    }

    /// Whether there is something to tell sooner or later.
    pub(super) fn is_owed(&self) -> bool {
        self.told < self.received()
    }

    /// Tells what was received, unless the other side knows.
    pub(super) fn tell_if_new(&mut self, into: &mut Vec<u8>) {
        if self.told < self.tellable() {
            self.tell(into);
        }
    }

    /// Tells what was received.
    pub(super) fn tell(&mut self, into: &mut Vec<u8>) {
        self.told = self.told.max(self.tellable());
        self.taken_bytes = 0;
        control::received(self.told, into);
    }

    /// One line as it came, of the conversation or about it. `Err`: it cannot be true.
    pub(super) fn line(&mut self, frame: Frame) -> Result<Option<Word>, Impossible> {
        let word = match &frame {
            Frame::Line(line) => control::word(line),
            Frame::TooLong { .. } | Frame::Unended(_) => None,
        };
        match word {
            Some(Word::Received { count }) => self.acknowledge(count)?,
            Some(Word::End) => self.hear_end(),
            Some(Word::Count) => {}
            // Half of a line comes again as a whole one.
            None if matches!(frame, Frame::Unended(_)) => {}
            None => self.hear(frame),
        }
        Ok(word)
    }
}

fn size(frame: &Frame) -> usize {
    match frame {
        Frame::Line(line) | Frame::Unended(line) => line.len(),
        Frame::TooLong { .. } => 0,
    }
}
