use std::slice::from_mut;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use tokio::sync::mpsc;

use super::fault::{Failure, Remedy, judge};
use super::job::Job;
use super::link::Link;
use super::opening::Opened;
use super::shared::{Mode, Shared};
use crate::store::StoreError;

pub(super) type BoxedJob = Box<dyn Job>;

/// Jobs that may wait for a thread; more are refused.
const QUEUE: usize = 4_096;
/// Jobs that share one commit.
const GROUP: usize = 256;
/// A job meets a moved, stale or restored file at most this often before its error is told.
const ATTEMPTS: usize = 3;

/// Does a group of jobs; whether it was done: not if the path names another file than the one that is open.
type Run = fn(&mut Link, &mut [BoxedJob]) -> Result<bool, Failure>;

/// A thread with its queue. Dropping it lets the thread finish what is queued, and waits for that.
#[derive(Debug)]
pub(super) struct Worker {
    jobs: Option<mpsc::Sender<BoxedJob>>,
    thread: Option<JoinHandle<()>>,
}

impl Worker {
    pub(super) fn writer(shared: Arc<Shared>) -> Result<Self, StoreError> {
        Self::spawn("store-write", move |jobs| write_loop(&shared, jobs))
    }

    /// Passes its jobs on to the writer where only one connection can be open.
    pub(super) fn reader(shared: Arc<Shared>, writer: mpsc::Sender<BoxedJob>) -> Result<Self, StoreError> {
        Self::spawn("store-read", move |jobs| read_loop(&shared, &writer, jobs))
    }

    fn spawn(
        name: &str,
        run: impl FnOnce(mpsc::Receiver<BoxedJob>) + Send + 'static,
    ) -> Result<Self, StoreError> {
        let (jobs, queue) = mpsc::channel(QUEUE);
        let thread =
            thread::Builder::new().name(name.to_owned()).spawn(move || run(queue)).map_err(|error| {
                StoreError::Unavailable(format!("cannot start a thread of the store: {error}"))
            })?;
        Ok(Self { jobs: Some(jobs), thread: Some(thread) })
    }

    pub(super) fn jobs(&self) -> Result<&mpsc::Sender<BoxedJob>, StoreError> {
        self.jobs.as_ref().ok_or_else(|| StoreError::Unavailable("the store is closed".into()))
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("a thread of the store has panicked");
        }
    }
}

fn write_loop(shared: &Shared, mut queue: mpsc::Receiver<BoxedJob>) {
    let mut link = None;
    let mut group = Vec::new();
    while let Some(first) = queue.blocking_recv() {
        group.push(first);
        while group.len() < GROUP
            && let Ok(next) = queue.try_recv()
        {
            group.push(next);
        }
        // A commit of its own would only keep those waiting who come next.
        if group.len() == GROUP || !group.iter().all(|job| job.can_wait()) {
            serve(shared, &mut link, &mut group, commit);
            group.drain(..).for_each(Job::answer);
            if let Some(link) = &mut link {
                link.tend();
            }
        }
    }
    serve(shared, &mut link, &mut group, commit);
    group.drain(..).for_each(Job::answer);
}

fn read_loop(shared: &Shared, writer: &mpsc::Sender<BoxedJob>, mut queue: mpsc::Receiver<BoxedJob>) {
    let mut link = None;
    while let Some(job) = queue.blocking_recv() {
        if matches!(shared.mode(), Ok(Mode::File(opened)) if opened.alone) {
            link = None;
            if let Err(mpsc::error::SendError(mut job)) = writer.blocking_send(job) {
                job.fail(StoreError::Unavailable("the store is closed".into()));
                job.answer();
            }
            continue;
        }
        let mut group = vec![job];
        serve(shared, &mut link, &mut group, read);
        group.drain(..).for_each(Job::answer);
    }
}

fn read(link: &mut Link, group: &mut [BoxedJob]) -> Result<bool, Failure> {
    group.iter_mut().try_for_each(|job| job.run(link)).map(|()| true)
}

/// Gives every job of the group its outcome. `run` does them on a connection that is sound as far as known;
/// if it fails they are all as good as not done.
fn serve(shared: &Shared, link: &mut Option<Link>, group: &mut [BoxedJob], run: Run) {
    if group.is_empty() {
        return;
    }
    let mut failed = StoreError::Unavailable("the store's file keeps being replaced: try again".into());
    for _ in 0..ATTEMPTS {
        let opened = match shared.mode() {
            Ok(Mode::File(opened)) => opened,
            Ok(Mode::Memory(memory)) => {
                return group.iter_mut().for_each(|job| job.run_in_memory(&memory));
            }
            Err(error) => return fail(group, &error),
        };
        let done = attempt(shared, &opened, link, group, run);
        let remedy = match done {
            Ok(true) => {
                link.take_if(|link| link.is_spoiled());
                return;
            }
            Ok(false) => {
                shared.forget();
                Remedy::Reopen
            }
            Err(Failure::Refused(error)) => return fail(group, &error),
            Err(Failure::Engine(error)) => {
                let (meaning, remedy) = judge(&error, &opened.path);
                tracing::warn!(%error, ?remedy, "the store failed");
                failed = meaning;
                remedy
            }
        };
        if remedy == Remedy::None {
            // One job was too large for the disk or for the engine, which took back the others with it.
            if group.len() > 1 && !matches!(failed, StoreError::Unavailable(_)) {
                return group.iter_mut().for_each(|job| serve(shared, link, from_mut(job), run));
            }
            break;
        }
        *link = None;
        if remedy == Remedy::Examine
            && let Err(error) = shared.examine(&opened)
        {
            failed = error;
            break;
        }
    }
    fail(group, &failed);
}

/// Whether the group was served: not if the path names another file than the one that is open.
fn attempt(
    shared: &Shared,
    opened: &Opened,
    link: &mut Option<Link>,
    group: &mut [BoxedJob],
    run: Run,
) -> Result<bool, Failure> {
    let link = match link {
        Some(link) => link,
        None => link.insert(shared.link(opened)?),
    };
    if link.is_moved() { Ok(false) } else { run(link, group) }
}

fn fail(group: &mut [BoxedJob], error: &StoreError) {
    for job in group {
        job.fail(error.clone());
    }
}

/// One transaction for all; a job that is refused takes back its own part only. Whether it was done: not if the file was replaced meanwhile.
pub(super) fn commit(link: &mut Link, group: &mut [BoxedJob]) -> Result<bool, Failure> {
    link.execute("BEGIN IMMEDIATE")?;
    if link.is_moved() {
        link.roll_back();
        return Ok(false);
    }
    if let Err(error) = run_all(link, group) {
        link.roll_back();
        return Err(error);
    }
    if let Err(error) = link.execute("COMMIT") {
        let (meaning, remedy) = judge(&error, link.path());
        if remedy == Remedy::None {
            link.roll_back();
            return Err(error.into());
        }
        // What the disk has of it is unknown: nothing is promised, and nothing tried on this connection again.
        tracing::error!(%error, "a commit failed");
        fail(group, &meaning);
        link.roll_back();
        link.spoil();
    }
    Ok(true)
}

fn run_all(link: &mut Link, group: &mut [BoxedJob]) -> Result<(), Failure> {
    for job in group {
        link.execute("SAVEPOINT job")?;
        match job.run(link) {
            Ok(()) => {}
            Err(Failure::Refused(error)) => {
                link.execute("ROLLBACK TO job")?;
                job.fail(error);
            }
            Err(Failure::Engine(error)) => return Err(error.into()),
        }
        link.execute("RELEASE job")?;
    }
    Ok(())
}
