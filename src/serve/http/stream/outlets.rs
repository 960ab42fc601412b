//! All streams of a connection, and what they hold together.

use std::collections::HashMap;
use std::task::Waker;

use bytes::Bytes;

use super::outlet::{Next, Outlet, Unread};
use super::route::Place;

/// Streams of a connection.
const STREAMS: usize = 1024;
/// Streams of sessions that nothing was said of yet: they are opened before a session is loaded.
const UNCONFIRMED: usize = 16;
/// Bytes that wait on all streams above which nothing more is taken.
const WAITING: usize = 1024 * 1024;
/// Bytes kept by all streams of what was given out.
const KEPT: usize = 2 * 1024 * 1024;
/// Bytes of events that are given to a reader at once, the last event apart.
const PORTION: usize = 32 * 1024;

/// Why a stream is not opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unopened {
    Unread(Unread),
    /// Nothing was said of the session yet, and there are enough such streams.
    Unknown,
    /// There are too many streams.
    Full,
}

/// What a reader is given.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Portion {
    Events(Bytes),
    Nothing,
    Displaced,
}

#[derive(Debug, Default)]
pub(super) struct Outlets {
    all: HashMap<Place, Outlet>,
    /// Opened by their readers, and nothing was put there yet.
    unconfirmed: Vec<Place>,
    waiting: usize,
    /// Bytes that all streams keep of what was given out.
    kept: usize,
    /// No stream that begins anew gives out a number again.
    numbered: u64,
    leases: u64,
    readers: usize,
}

impl Outlets {
    pub(super) fn has_room(&self) -> bool {
        self.waiting < WAITING
    }

    pub(super) fn is_read(&self, place: &Place) -> bool {
        self.all.get(place).is_some_and(Outlet::is_read)
    }

    pub(super) fn has_readers(&self) -> bool {
        self.readers > 0
    }

    pub(super) fn knows(&self, place: &Place) -> bool {
        self.all.contains_key(place)
    }

    /// Puts a line where it belongs; what has no stream and gets none goes the way of the connection.
    pub(super) fn put(&mut self, place: Place, line: Bytes) {
        self.waiting += line.len();
        self.unconfirmed.retain(|it| *it != place);
        let place = if self.make(&place) { place } else { Place::Connection };
        let numbered = self.numbered;
        self.all.entry(place).or_insert_with(|| Outlet::after(numbered)).put(line);
    }

    /// Has what waits on one stream wait on another, behind what is there.
    pub(super) fn divert(&mut self, from: &Place, to: &Place) {
        let lines = self.all.get_mut(from).map(Outlet::drain).unwrap_or_default();
        for line in lines {
            self.waiting -= line.len();
            self.put(to.clone(), line);
        }
    }

    /// Opens a stream for reading; the lease is the reader's until another one has the stream.
    pub(super) fn subscribe(&mut self, place: &Place, after: Option<u64>) -> Result<u64, Unopened> {
        if !self.knows(place) {
            let unsaid = matches!(place, Place::Session(_));
            if unsaid && self.unconfirmed.len() >= UNCONFIRMED {
                return Err(Unopened::Unknown);
            }
            if !self.make(place) {
                return Err(Unopened::Full);
            }
            if unsaid {
                self.unconfirmed.push(place.clone());
            }
        }
        let Some(outlet) = self.all.get_mut(place) else { return Err(Unopened::Full) };
        let was_read = outlet.is_read();
        self.leases += 1;
        outlet.subscribe(after, self.leases).map_err(Unopened::Unread)?;
        self.readers += usize::from(!was_read);
        Ok(self.leases)
    }

    pub(super) fn leave(&mut self, place: &Place, lease: u64) {
        let Some(outlet) = self.all.get_mut(place) else { return };
        if outlet.leave(lease) {
            self.readers -= 1;
            if self.unconfirmed.contains(place) {
                self.unconfirmed.retain(|it| it != place);
                self.remove(place);
            }
        }
    }

    /// What there is for that reader; who gets nothing is woken when there is something.
    pub(super) fn take(&mut self, place: &Place, lease: u64, waker: &Waker) -> Portion {
        let Some(outlet) = self.all.get_mut(place) else { return Portion::Displaced };
        let mut events = Vec::new();
        while events.len() < PORTION {
            let before = outlet.kept_bytes();
            let next = outlet.next(lease);
            self.kept = self.kept - before + outlet.kept_bytes();
            match next {
                Next::Line { number, line, fresh } => {
                    self.waiting -= if fresh { line.len() } else { 0 };
                    write(&mut events, number, &line);
                }
                Next::Nothing => break,
                Next::Displaced => return Portion::Displaced,
            }
        }
        if events.is_empty() {
            outlet.sleep(waker);
            return Portion::Nothing;
        }
        self.forget();
        Portion::Events(events.into())
    }

    pub(super) fn wake_all(&mut self) {
        self.all.values_mut().for_each(Outlet::wake);
    }

    /// Makes a stream, in the place of an idle one if there are too many.
    fn make(&mut self, place: &Place) -> bool {
        if self.knows(place) {
            return true;
        }
        if self.all.len() >= STREAMS {
            let idle = self.all.iter().find(|(place, it)| it.is_idle() && **place != Place::Connection);
            let Some(idle) = idle.map(|(place, _)| place.clone()) else { return false };
            let outlet = self.remove(&idle);
            self.numbered = self.numbered.max(outlet.map_or(0, |outlet| outlet.last()));
        }
        self.all.insert(place.clone(), Outlet::after(self.numbered));
        true
    }

    fn remove(&mut self, place: &Place) -> Option<Outlet> {
        let outlet = self.all.remove(place)?;
        self.kept -= outlet.kept_bytes();
        Some(outlet)
    }

    fn forget(&mut self) {
        while self.kept > KEPT {
            let Some(largest) = self.all.values_mut().max_by_key(|outlet| outlet.forgettable()) else {
                return;
            };
            if largest.forgettable() == 0 {
                return;
            }
            self.kept -= largest.kept_bytes();
            largest.forget_oldest();
            self.kept += largest.kept_bytes();
        }
    }
}

/// An event (HTML, section 9.2.6): its number and a line, which holds no line break.
fn write(events: &mut Vec<u8>, number: u64, line: &[u8]) {
    events.extend_from_slice(format!("id: {number}\ndata: ").as_bytes());
    events.extend_from_slice(line);
    events.extend_from_slice(b"\n\n");
}
