//! One answer from its request to its end: attempts, waits between them, and what was said.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use reqwest::{Response, Version};
use tokio::task::yield_now;
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::Line;
use super::ask::Target;
use super::failure::{Failure, spoken};
use crate::chance;
use crate::http::HttpError;
use crate::provider::decoder::Decoder;
use crate::provider::retry::{self, Again};
use crate::provider::{Delta, ModelRequest, ProviderError};

/// How long the end of a body is waited for after the end of the answer: a connection whose body was read to its
/// end is used again.
const GRACE: Duration = Duration::from_millis(20);

/// Deltas above which nothing more is read before they are handed on.
const MOST: usize = 64;

/// What is handed on at once.
pub(super) type Batch = Vec<Result<Delta, ProviderError>>;

/// An answer on its way. Dropping it closes its connection and ends its wait.
pub(super) struct Answer {
    line: Arc<Line>,
    request: ModelRequest,
    phase: Phase,
    deadline: Instant,
    /// Tries that have failed.
    failed: u32,
    /// Since when no connection has come about.
    unconnected: Option<Instant>,
    /// Whether something was handed on that a second answer would repeat.
    spoken: bool,
}

enum Phase {
    /// It cannot even be sent.
    Refuse(ProviderError),
    Ask(Arc<Parcel>),
    Wait(Duration, Arc<Parcel>),
    Read(Box<Reading>),
    Finish(Box<Reading>, Delta),
    BreakOff(Duration, String),
    Over,
}

/// An answer that is being read.
struct Reading {
    response: Response,
    decoder: Decoder,
    parcel: Arc<Parcel>,
}

/// What is sent, the same in every attempt.
struct Parcel {
    target: Target,
    body: Bytes,
}

impl Answer {
    /// An answer to `request`, which is ready to be sent from here on.
    pub(super) fn new(line: Arc<Line>, request: ModelRequest) -> Self {
        let deadline = Instant::now() + line.settings.limits.total;
        let phase = match line.target(&line.dialect.path(&request)) {
            Ok(target) => {
                let body = line.dialect.body(&request).into();
                Phase::Ask(Arc::new(Parcel { target, body }))
            }
            Err(e) => Phase::Refuse(e),
        };
        Self { line, request, phase, deadline, failed: 0, unconnected: None, spoken: false }
    }

    /// What comes next; `None`: nothing more.
    pub(super) async fn next(&mut self) -> Option<Batch> {
        loop {
            let batch = match std::mem::replace(&mut self.phase, Phase::Over) {
                Phase::Refuse(e) => vec![Err(e)],
                Phase::Ask(parcel) => self.ask(parcel).await,
                Phase::Wait(wait, parcel) => {
                    sleep(wait).await;
                    self.phase = Phase::Ask(parcel);
                    Batch::new()
                }
                Phase::Read(reading) => self.read(reading).await,
                Phase::Finish(reading, done) => {
                    drain(reading.response).await;
                    vec![Ok(done)]
                }
                Phase::BreakOff(wait, why) => {
                    sleep(wait).await;
                    vec![Err(ProviderError::BrokeOff(why))]
                }
                Phase::Over => return None,
            };
            if !batch.is_empty() {
                return Some(batch);
            }
        }
    }

    async fn ask(&mut self, parcel: Arc<Parcel>) -> Batch {
        let started = *self.unconnected.get_or_insert_with(Instant::now);
        let asked = self.line.ask(&self.request, &parcel.target, parcel.body.clone());
        match timeout_at(self.deadline, asked).await {
            Ok(Ok(response)) => {
                self.unconnected = None;
                let decoder = Decoder::of(self.line.dialect.reader(&self.request));
                self.phase = Phase::Read(Box::new(Reading { response, decoder, parcel }));
                Batch::new()
            }
            Ok(Err(failure)) => {
                if failure.again != Again::Reconnect {
                    self.unconnected = None;
                }
                self.fail(failure, started, parcel)
            }
            Err(_) => self.late(),
        }
    }

    async fn read(&mut self, mut reading: Box<Reading>) -> Batch {
        let until = self.deadline.min(Instant::now() + self.line.settings.limits.idle);
        let Reading { response, decoder, .. } = &mut *reading;
        let mut deltas = Vec::new();
        let mut arrived = timeout_at(until, response.chunk()).await;
        let failure = loop {
            match arrived {
                Ok(Ok(Some(bytes))) => {
                    if let Err(e) = decoder.push(&bytes, &mut deltas) {
                        break Some(self.line.unreadable(e));
                    }
                }
                Ok(Ok(None)) => {
                    break Some(Failure::passing(self.line.says("stopped before the end of its answer")));
                }
                Ok(Err(e)) => break Some(self.line.unreachable(&HttpError::from(&e))),
                Err(_) if until == self.deadline => return self.late(),
                Err(_) => break Some(Failure::passing(self.line.silent())),
            }
            if decoder.is_over() || deltas.len() >= MOST {
                break None;
            }
            // What is there already comes along: who is told of many pieces at once has far less to do for each. The
            // connection is read by a task of its own, a piece at a time; it has no more once everyone else waits.
            tokio::select! {
                biased;
                more = response.chunk() => arrived = Ok(more),
                () = yield_now() => break None,
            }
        };
        let failure = failure.filter(|_| !decoder.is_over());
        if failure.is_some() {
            // What is complete counts, the end of the answer too.
            decoder.finish(&mut deltas).ok();
        }
        self.spoken |= deltas.iter().any(|delta| !matches!(delta, Delta::Usage(_) | Delta::Done(_)));
        let done = if decoder.is_over() { deltas.pop() } else { None };
        let mut batch: Batch = deltas.into_iter().map(Ok).collect();
        match (done, failure) {
            (Some(done), None) => self.phase = Phase::Finish(reading, done),
            (Some(done), Some(_)) => batch.push(Ok(done)),
            (None, Some(failure)) => batch.extend(self.fail(failure, Instant::now(), reading.parcel)),
            (None, None) => self.phase = Phase::Read(reading),
        }
        batch
    }

    /// An attempt failed: announces the next one, or tells the error. `connecting`: since when.
    fn fail(&mut self, failure: Failure, connecting: Instant, parcel: Arc<Parcel>) -> Batch {
        let Failure { error, again } = failure;
        self.failed += 1;
        let of = self.line.settings.limits.retries;
        let own = retry::backoff(self.failed, chance::number());
        if self.spoken {
            return self.break_off(error, again, own);
        }
        let wait = match again {
            Again::Never => return vec![Err(error)],
            Again::After(wait) if wait > retry::MOST_ASKED => {
                let wait = spoken(wait);
                let text = format!("{error}; it asks to come back in {wait}");
                return vec![Err(ProviderError::Unavailable(text))];
            }
            Again::After(asked) => retry::after(asked, own),
            Again::Reconnect if connecting.elapsed() + own > self.line.settings.limits.connect => {
                return vec![Err(error)];
            }
            Again::Reconnect | Again::Backoff => own,
        };
        if self.failed > of || Instant::now() + wait >= self.deadline {
            let text = format!("{error}; given up after {} tries", self.failed);
            return vec![Err(ProviderError::Unavailable(text))];
        }
        self.phase = Phase::Wait(wait, parcel);
        let wait_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
        vec![Ok(Delta::Retry { attempt: self.failed, of, wait_ms, why: error.to_string() })]
    }

    /// What was said cannot be asked for again; whoever goes on from there is kept waiting as long as another attempt.
    fn break_off(&mut self, error: ProviderError, again: Again, wait: Duration) -> Batch {
        // A shorter conversation may well go on.
        if again == Again::Never && !matches!(error, ProviderError::TooLong(_)) {
            return vec![Err(error)];
        }
        let may_wait = self.failed <= self.line.settings.limits.retries;
        self.phase = Phase::BreakOff(if may_wait { wait } else { Duration::ZERO }, error.to_string());
        Batch::new()
    }

    /// The time for the whole answer is up.
    fn late(&self) -> Batch {
        let total = spoken(self.line.settings.limits.total);
        let text = self.line.says(&format!("did not come to an end within {total}"));
        vec![Err(if self.spoken { ProviderError::BrokeOff(text) } else { ProviderError::Unavailable(text) })]
    }
}

/// Reads what is left of a body, if it is there already or about to come.
async fn drain(mut response: Response) {
    if response.version() < Version::HTTP_2 {
        let rest = async { while matches!(response.chunk().await, Ok(Some(_))) {} };
        timeout(GRACE, rest).await.ok();
    }
}
