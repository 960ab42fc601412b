//! One connection over many requests: frames in, lines out on their streams.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{Notify, Semaphore, SemaphorePermit, mpsc, oneshot};
use tokio::time::{Instant, sleep_until, timeout};

use super::outlets::{Outlets, Portion, Unopened};
use super::route::{self, Inbound, Outbound, Place};
use crate::jsonrpc::RawId;

/// Messages taken from the client that the connection has not read yet; who posts more waits.
pub(super) const INBOX: usize = 16;
/// Messages that are being posted at once, each with a body in memory.
const POSTS: usize = 64;
/// How long a message may wait for that.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long a connection lasts of which nothing is read and to which nothing is posted.
const GRACE: Duration = Duration::from_mins(2);

/// Why a message was not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Untaken {
    /// The connection is over.
    Over,
    /// It takes nothing more before its streams are read.
    Stalled,
    /// Too much is being posted at once.
    Crowded,
    /// The answer was asked for on the stream of another session than the header names.
    Elsewhere,
    /// A request with this id is still being answered: of two replies nobody could tell where each belongs.
    Taken(RawId),
}

/// Where the reply to a request belongs.
#[derive(Debug)]
struct Reply {
    place: Place,
    /// What is shown of this session until then belongs there too, for nobody reads the session's own stream.
    attaches: Option<Place>,
}

#[derive(Debug)]
struct State {
    /// `None`: the client has said its last.
    inbox: Option<mpsc::Sender<Bytes>>,
    /// The first request, whose reply is the answer to its post.
    first: Option<(RawId, oneshot::Sender<Bytes>)>,
    replies: HashMap<RawId, Reply>,
    /// Requests of ours, and the session that each is about.
    asks: HashMap<RawId, Place>,
    outlets: Outlets,
    /// Woken when there is room for lines again.
    writer: Option<Waker>,
    /// When something was last posted, or the last reader left.
    active: Instant,
    /// What readers are told at the end of what waits.
    farewell: Option<&'static str>,
}

/// What requests and the connection share.
#[derive(Debug)]
pub(super) struct Exchange {
    state: Mutex<State>,
    /// The last reader has left.
    unread: Notify,
    posts: Semaphore,
}

/// An event stream goes on, or is over with a last word.
pub(super) type Events = Result<Bytes, &'static str>;

impl Exchange {
    pub(super) fn new(inbox: mpsc::Sender<Bytes>) -> Self {
        let state = State {
            inbox: Some(inbox),
            first: None,
            replies: HashMap::new(),
            asks: HashMap::new(),
            outlets: Outlets::default(),
            writer: None,
            active: Instant::now(),
            farewell: None,
        };
        Self { state: Mutex::new(state), unread: Notify::new(), posts: Semaphore::new(POSTS) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Room for a message that is about to be read, for as long as it is held.
    pub(super) fn room(&self) -> Result<SemaphorePermit<'_>, Untaken> {
        self.posts.try_acquire().map_err(|_| Untaken::Crowded)
    }

    /// Takes the first message; its reply comes here instead of on a stream.
    pub(super) async fn begin(&self, id: RawId, message: Bytes) -> Result<oneshot::Receiver<Bytes>, Untaken> {
        let (sender, reply) = oneshot::channel();
        self.state().first = Some((id, sender));
        self.forward(message).await.map(|()| reply)
    }

    /// Takes a message of the client's. `named`: the session in its header.
    pub(super) async fn take(
        &self,
        what: &Inbound,
        named: Option<&str>,
        message: Bytes,
    ) -> Result<(), Untaken> {
        self.state().expect(what, named)?;
        let taken = self.forward(message).await;
        if let (Err(_), Inbound::Initialize(id) | Inbound::Request(id, _) | Inbound::Attach(id, _)) =
            (&taken, what)
        {
            self.state().replies.remove(id);
        }
        taken
    }

    async fn forward(&self, message: Bytes) -> Result<(), Untaken> {
        let inbox = self.state().inbox.clone().ok_or(Untaken::Over)?;
        match timeout(PATIENCE, inbox.send(message)).await {
            Ok(sent) => sent.map_err(|_| Untaken::Over),
            Err(_) => Err(Untaken::Stalled),
        }
    }

    /// Whether lines are taken. `Err`: nobody will ever read them.
    pub(super) fn poll_room(&self, cx: &mut Context<'_>) -> Poll<Result<(), ()>> {
        let mut state = self.state();
        if state.inbox.is_none() {
            return Poll::Ready(Err(()));
        }
        if state.outlets.has_room() {
            return Poll::Ready(Ok(()));
        }
        state.writer = Some(cx.waker().clone());
        Poll::Pending
    }

    /// Puts a line on the stream where it belongs.
    pub(super) fn put(&self, line: Bytes) {
        let mut state = self.state();
        let what = route::outbound(&line);
        if let Outbound::Reply(id) = &what
            && let Some((_, sender)) = state.first.take_if(|(first, _)| first == id)
        {
            // Who posted it may be gone by now; then nobody knows the connection's name, and it ends unread.
            let _gone = sender.send(line);
            return;
        }
        let place = state.place(what);
        state.outlets.put(place, line);
    }

    /// Begins to read a stream: the lease to read it with.
    pub(super) fn subscribe(&self, place: &Place, after: Option<u64>) -> Result<u64, Unopened> {
        self.state().outlets.subscribe(place, after)
    }

    /// The next events for that reader.
    pub(super) fn poll_events(&self, place: &Place, lease: u64, cx: &mut Context<'_>) -> Poll<Events> {
        let mut state = self.state();
        match state.outlets.take(place, lease, cx.waker()) {
            Portion::Events(events) => {
                if state.outlets.has_room()
                    && let Some(writer) = state.writer.take()
                {
                    writer.wake();
                }
                Poll::Ready(Ok(events))
            }
            Portion::Displaced => Poll::Ready(Err("another request reads this stream now")),
            Portion::Nothing => state.farewell.map_or(Poll::Pending, |farewell| Poll::Ready(Err(farewell))),
        }
    }

    pub(super) fn leave(&self, place: &Place, lease: u64) {
        let mut state = self.state();
        state.outlets.leave(place, lease);
        if !state.outlets.has_readers() {
            state.active = Instant::now();
            self.unread.notify_one();
        }
    }

    /// Resolves when the client has neither read nor posted anything for as long as that is borne with.
    pub(super) async fn forsaken(&self) {
        loop {
            let since = {
                let state = self.state();
                (!state.outlets.has_readers()).then_some(state.active)
            };
            match since.map(|since| since + GRACE) {
                Some(until) if until <= Instant::now() => return,
                Some(until) => sleep_until(until).await,
                None => self.unread.notified().await,
            }
        }
    }

    /// The client's side is over: it says nothing more, and is told nothing but what waits already.
    pub(super) fn close(&self, farewell: &'static str) {
        let mut state = self.state();
        state.inbox = None;
        // Whoever still waits for the first answer is told that there is none.
        state.first = None;
        state.farewell.get_or_insert(farewell);
        state.outlets.wake_all();
        if let Some(writer) = state.writer.take() {
            writer.wake();
        }
    }
}

impl State {
    /// Notes where the answer to a message belongs.
    fn expect(&mut self, what: &Inbound, named: Option<&str>) -> Result<(), Untaken> {
        self.active = Instant::now();
        match what {
            Inbound::Answer(id) => {
                let place = self.asks.remove(id);
                let elsewhere = named.is_some() && place.as_ref().is_some_and(|it| *it != Place::of(named));
                if let (true, Some(place)) = (elsewhere, place) {
                    self.asks.insert(id.clone(), place);
                    return Err(Untaken::Elsewhere);
                }
            }
            Inbound::Initialize(id) | Inbound::Request(id, _) | Inbound::Attach(id, _)
                if self.inbox.is_some() && self.replies.contains_key(id) =>
            {
                return Err(Untaken::Taken(id.clone()));
            }
            Inbound::Attach(id, session) if !self.outlets.is_read(session) => {
                // What a session is shown with and the reply go one way, so that neither overtakes the other.
                self.outlets.divert(session, &Place::Connection);
                let reply = Reply { place: Place::Connection, attaches: Some(session.clone()) };
                self.replies.insert(id.clone(), reply);
            }
            Inbound::Attach(id, place) | Inbound::Request(id, place) => {
                let place = if self.outlets.knows(place) { place.clone() } else { Place::Connection };
                self.replies.insert(id.clone(), Reply { place, attaches: None });
            }
            Inbound::Initialize(id) => {
                let reply = Reply { place: Place::Connection, attaches: None };
                self.replies.insert(id.clone(), reply);
            }
            Inbound::Notification => {}
        }
        Ok(())
    }

    /// Where a line belongs.
    fn place(&mut self, what: Outbound) -> Place {
        let place = match what {
            Outbound::Reply(id) => {
                return self.replies.remove(&id).map_or(Place::Connection, |reply| reply.place);
            }
            Outbound::Ask(id, place) => {
                self.asks.insert(id, place.clone());
                place
            }
            // Behind what it takes back.
            Outbound::Withdrawal(id) => id.and_then(|id| self.asks.remove(&id)).unwrap_or(Place::Connection),
            Outbound::Notification(place) => place,
        };
        let attaching = self.replies.values().any(|reply| reply.attaches.as_ref() == Some(&place));
        if attaching { Place::Connection } else { place }
    }
}
