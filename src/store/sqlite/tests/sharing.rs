use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use super::super::owner::Owner;
use super::*;
use crate::store::{Append, RecordChange, Spending, Used};

/// Ends its process with itself.
struct Sleeper(Child);

impl Sleeper {
    fn new() -> Self {
        Self(Command::new("sleep").arg("600").stdin(Stdio::null()).spawn().expect("a process"))
    }
}

impl Drop for Sleeper {
    fn drop(&mut self) {
        self.0.kill().and_then(|()| self.0.wait()).expect("ended");
    }
}

#[tokio::test]
async fn a_turn_in_another_live_process_is_not_taken_over() -> Result<(), StoreError> {
    let (_folder, path) = folder();
    let store = store(&path);
    let epoch = store.create(record("s")).await?;
    let running = RecordChange { running: Some(true), ..RecordChange::default() };
    store.append(Append { change: running.clone(), ..append("s", epoch, Vec::new()) }).await?;
    assert_eq!(store.claim(&id("s")).await?.1, Epoch(2), "our own session");
    let other = Sleeper::new();
    let pid = other.0.id();
    let own = |owner: &str| {
        raw(&path).execute("UPDATE sessions SET owner = ?1", [owner]).expect("changed");
    };
    own(&Owner::of(pid).encode());
    let refused = store.claim(&id("s")).await;
    assert!(
        matches!(&refused, Err(StoreError::Conflict(text)) if text.contains(&pid.to_string())),
        "{refused:?}"
    );
    let boot = Owner::of(pid).encode().rsplit(':').next().expect("a boot").to_owned();
    own(&format!("{pid}:1:{boot}"));
    assert_eq!(store.claim(&id("s")).await?.1, Epoch(3), "a later process with the same id");
    own(&Owner::of(pid).encode());
    drop(other);
    assert_eq!(store.claim(&id("s")).await?.1, Epoch(4), "the owner has ended");
    Ok(())
}

#[test]
fn an_owner_is_read_as_it_was_written() {
    let this = Owner::this();
    assert_eq!(Owner::parse(&this.encode()).as_ref(), Some(this));
    assert!(this.is_alive());
    for broken in ["", "x:1:b", "1", "1:2"] {
        assert_eq!(Owner::parse(broken), None);
    }
}

#[tokio::test]
async fn a_busy_file_delays_writes_and_never_reads() -> Result<(), StoreError> {
    let (_folder, path) = folder();
    let patient = Arc::new(store(&path));
    fill(&patient, 1).await?;
    let other = raw(&path);
    other.execute_batch("BEGIN IMMEDIATE").expect("locked");
    let hasty = hasty(&path);
    let refused = hasty.append(append("s0", Epoch(1), after(51, [prompt(2)]))).await;
    assert!(
        matches!(&refused, Err(StoreError::Unavailable(text)) if text.contains("busy") && !text.contains("locked")),
        "{refused:?}"
    );
    let waiting = patient.append(append("s0", Epoch(1), after(51, [prompt(2)])));
    assert_eq!(events(&patient, "s0").await?.len(), 51);
    other.execute_batch("COMMIT").expect("given back");
    waiting.await?;
    assert_eq!(events(&patient, "s0").await?.len(), 52);
    Ok(())
}

/// Appends to a session of its own, `count` times, one event each.
async fn write_along(path: &Path, name: &str, count: u64) -> Result<(), StoreError> {
    let store = store(path);
    let epoch = store.create(record(name)).await?;
    for head in 0..count {
        store.append(append(name, epoch, after(head, [text("m", "words")]))).await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_stores_open_and_write_one_file_at_once() -> Result<(), StoreError> {
    let (_folder, path) = folder();
    let tasks: Vec<_> = (0..8)
        .map(|n| {
            let path = path.clone();
            tokio::task::spawn(async move { write_along(&path, &format!("s{n}"), 40).await })
        })
        .collect();
    for task in tasks {
        task.await.expect("no panic")?;
    }
    let store = store(&path);
    for n in 0..8 {
        assert_eq!(events(&store, &format!("s{n}")).await?.len(), 40);
    }
    assert_eq!(store.warning(), None);
    Ok(())
}

/// Names the file to this test program when it runs as one of the writers.
const PLACE: &str = "ADJUTANT_TEST_STORE";

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "the way a test program hands an argument to its child")]
async fn a_writer_of_its_own() -> Result<(), StoreError> {
    match std::env::var(PLACE) {
        Ok(place) => write_along(Path::new(&place), &format!("p{}", std::process::id()), 40).await,
        Err(_) => Ok(()),
    }
}

#[tokio::test]
async fn many_processes_open_and_write_one_file_at_once() -> Result<(), StoreError> {
    let (_folder, path) = folder();
    let program = std::env::current_exe().expect("a path");
    let writers: Vec<Child> = (0..8)
        .map(|_| {
            Command::new(&program)
                .args(["--exact", "store::sqlite::tests::sharing::a_writer_of_its_own"])
                .env(PLACE, &path)
                .stdout(Stdio::null())
                .spawn()
                .expect("a process")
        })
        .collect();
    for mut writer in writers {
        assert!(writer.wait().expect("ended").success());
    }
    let store = store(&path);
    let names = names(&store).await?;
    assert_eq!(names.len(), 8);
    for name in names {
        assert_eq!(events(&store, &name).await?.len(), 40);
    }
    Ok(())
}

#[tokio::test]
async fn a_full_queue_refuses_and_loses_nothing_it_took() -> Result<(), StoreError> {
    let (_folder, path) = folder();
    let store = store(&path);
    let epoch = store.create(record("s")).await?;
    let other = raw(&path);
    other.execute_batch("BEGIN IMMEDIATE").expect("locked");
    let appends: Vec<_> =
        (0..6_000).map(|n| store.append(append("s", epoch, after(n, [prompt(n)])))).collect();
    other.execute_batch("COMMIT").expect("given back");
    let mut taken = 0;
    for (n, append) in (0..).zip(appends) {
        match append.await {
            Ok(()) => {
                assert_eq!(n, taken, "in order");
                taken += 1;
            }
            Err(error) => assert!(matches!(error, StoreError::Unavailable(_) | StoreError::Conflict(_))),
        }
    }
    assert!(taken >= 4_096, "{taken}");
    assert_eq!(store.find(&id("s")).await?.head, taken);
    Ok(())
}

#[tokio::test]
async fn what_was_queued_is_written_before_the_store_is_closed() -> Result<(), StoreError> {
    let (_folder, path) = folder();
    let first = store(&path);
    let epoch = first.create(record("s")).await?;
    let appends: Vec<_> = (0..900).map(|n| first.append(append("s", epoch, after(n, [prompt(n)])))).collect();
    drop(first);
    assert_eq!(store(&path).find(&id("s")).await?.head, 900);
    for append in appends {
        append.await?;
    }
    Ok(())
}

#[tokio::test]
async fn what_is_only_noted_goes_to_the_disk_with_the_next_write_or_the_end() -> Result<(), StoreError> {
    let (_folder, path) = folder();
    let other = store(&path);
    let spending = |tokens| Spending { session: id("s"), at: 0, used: Used { tokens, ..Used::default() } };
    let seen = async || other.spend(spending(0)).await.map(|totals| totals.session.tokens);
    let own = store(&path);
    own.note(spending(3));
    assert_eq!(seen().await?, 0);
    own.create(record("s")).await?;
    assert_eq!(seen().await?, 3);
    own.note(spending(4));
    drop(own);
    assert_eq!(seen().await?, 7);
    Ok(())
}
