use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::Connection;
use tempfile::TempDir;

use super::fault::Failure;
use super::job::Job;
use super::link::Link;
use super::worker::{BoxedJob, commit};
use super::{Sqlite, Tuning};
use crate::event::Event;
use crate::store::contract::{after, append, id, prompt, record, text};
use crate::store::memory::Memory;
use crate::store::{Epoch, ListQuery, Store, StoreError};

mod damage;
mod log;
mod place;
mod sharing;

/// A folder of its own and the path of a database in it.
fn folder() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("sessions.db");
    (folder, path)
}

fn store(path: &Path) -> Sqlite {
    Sqlite::new(path.to_owned(), Tuning::default())
}

/// Gives up on others at once.
fn hasty(path: &Path) -> Sqlite {
    Sqlite::new(path.to_owned(), Tuning { wait: Duration::from_millis(50), ..Tuning::default() })
}

/// A second look at the file, past the store.
fn raw(path: &Path) -> Connection {
    Connection::open(path).expect("a connection")
}

/// `count` sessions with two rows of events each; the rows are large enough for pages of their own.
async fn fill(store: &Sqlite, count: usize) -> Result<(), StoreError> {
    for n in 0..count {
        let name = format!("s{n}");
        let epoch = store.create(record(&name)).await?;
        let pieces = (0..50).map(|_| text("m", "some words of a longer answer "));
        store.append(append(&name, epoch, after(0, [prompt(1)].into_iter().chain(pieces)))).await?;
    }
    Ok(())
}

async fn names(store: &Sqlite) -> Result<Vec<String>, StoreError> {
    let page = store.list(ListQuery { limit: 1_000, ..ListQuery::default() }).await?;
    Ok(page.sessions.into_iter().map(|record| record.id.to_string()).collect())
}

async fn events(store: &Sqlite, name: &str) -> Result<Vec<Event>, StoreError> {
    store.read(&id(name), 0, usize::MAX).await
}

#[tokio::test]
async fn nothing_is_touched_before_the_first_call() -> Result<(), StoreError> {
    let (folder, path) = folder();
    let path = path.with_file_name("new").join("sessions.db");
    let store = store(&path);
    assert!(!folder.path().join("new").exists());
    assert_eq!(names(&store).await?, Vec::<String>::new());
    assert!(path.exists());
    assert_eq!(store.warning(), None);
    Ok(())
}

#[tokio::test]
async fn sessions_are_there_after_a_restart() -> Result<(), StoreError> {
    let (_folder, path) = folder();
    let first = store(&path);
    fill(&first, 3).await?;
    let before = events(&first, "s1").await?;
    drop(first);
    let second = store(&path);
    assert_eq!(events(&second, "s1").await?, before);
    assert_eq!(second.claim(&id("s1")).await?.1, Epoch(2));
    Ok(())
}

#[tokio::test]
async fn a_full_disk_refuses_writes_until_there_is_room_again() -> Result<(), StoreError> {
    let (_folder, path) = folder();
    let store = Sqlite::new(path.clone(), Tuning { max_pages: 40, ..Tuning::default() });
    let mut filled = 0;
    let full = loop {
        let name = format!("s{filled}");
        let epoch = store.create(record(&name)).await;
        let events = after(0, [text("m", &"x".repeat(9_000))]);
        match epoch {
            Ok(epoch) => match store.append(append(&name, epoch, events)).await {
                Ok(()) => filled += 1,
                Err(error) => break error,
            },
            Err(error) => break error,
        }
    };
    assert!(matches!(&full, StoreError::Full(text) if text.contains("sessions.db")), "{full:?}");
    assert!(filled > 3);
    assert_eq!(events(&store, "s0").await?.len(), 1);
    store.delete(&id("s2")).await?;
    // While the file is busy the jobs gather into one group.
    let other = raw(&path);
    other.execute_batch("BEGIN IMMEDIATE").expect("locked");
    let first = store.forget(0);
    let large = store.append(append("s0", Epoch(1), after(1, [text("m", &"x".repeat(90_000))])));
    let small = store.append(append("s1", Epoch(1), after(1, [text("m", &"x".repeat(5_000))])));
    other.execute_batch("COMMIT").expect("given back");
    first.await?;
    assert!(matches!(large.await, Err(StoreError::Full(_))));
    small.await?;
    assert_eq!(events(&store, "s1").await?.len(), 2);
    Ok(())
}

/// Adds a grant, and is then refused or not.
#[derive(Debug)]
struct Grant(&'static str, Option<StoreError>);

impl Job for Grant {
    fn run(&mut self, link: &mut Link) -> Result<(), Failure> {
        link.conn
            .execute("INSERT INTO grants (workspace, text, created_at) VALUES ('w', ?1, 1)", [self.0])?;
        self.1.clone().map_or(Ok(()), |refusal| Err(refusal.into()))
    }

    fn run_in_memory(&mut self, _: &Memory) {}

    fn fail(&mut self, error: StoreError) {
        assert!(self.1.is_some(), "{error:?}");
    }

    fn answer(self: Box<Self>) {}
}

#[tokio::test]
async fn a_refused_job_takes_back_its_own_part_only() -> Result<(), StoreError> {
    let (_folder, path) = folder();
    let store = store(&path);
    names(&store).await?;
    let mut link = Link::open(&path, &Tuning::default(), false).expect("opened");
    let refusal = StoreError::Invalid("no".into());
    let mut group: [BoxedJob; 3] =
        [Box::new(Grant("a", None)), Box::new(Grant("b", Some(refusal))), Box::new(Grant("c", None))];
    assert!(commit(&mut link, &mut group).expect("committed"));
    let kept: Vec<_> = store.grants(None).await?.into_iter().map(|grant| grant.text).collect();
    assert_eq!(kept, ["a", "c"]);
    Ok(())
}
