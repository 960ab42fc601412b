use std::fs;

use super::super::files::beside;
use super::*;

fn length(path: &Path) -> u64 {
    fs::metadata(beside(path, "-wal")).expect("a log").len()
}

/// `count` events of about 4 KiB each, one commit for each.
async fn lengthen(store: &Sqlite, name: &str, from: u64, count: u64) -> Result<(), StoreError> {
    let words = "some words of a longer answer ".repeat(140);
    for head in from..from + count {
        store.append(append(name, Epoch(1), after(head, [text("m", &words)]))).await?;
    }
    Ok(())
}

#[tokio::test]
async fn the_log_has_room_before_it_is_needed() -> Result<(), StoreError> {
    let (_folder, path) = folder();
    let first = store(&path);
    first.create(record("s")).await?;
    // One writer: when the second is answered, what came after the first is done.
    first.create(record("other")).await?;
    let grown = length(&path);
    assert!(grown > 256 * 1_024, "{grown} bytes");
    lengthen(&first, "s", 0, 4).await?;
    assert_eq!(length(&path), grown, "written over");
    lengthen(&first, "s", 4, 100).await?;
    assert!(length(&path) > grown);
    Ok(())
}

/// What a killed process leaves: zeros after the last commit.
#[tokio::test]
async fn room_is_not_taken_for_a_commit() -> Result<(), StoreError> {
    let (_folder, path) = folder();
    let first = store(&path);
    fill(&first, 3).await?;
    let (_elsewhere, copy) = folder();
    for suffix in ["", "-wal"] {
        fs::copy(beside(&path, suffix), beside(&copy, suffix)).expect("copied");
    }
    assert!(length(&copy) > 256 * 1_024);
    let second = store(&copy);
    for name in ["s0", "s1", "s2"] {
        assert_eq!(events(&second, name).await?, events(&first, name).await?);
    }
    assert_eq!(second.warning(), None);
    Ok(())
}

#[tokio::test]
async fn what_others_write_is_never_under_the_room() -> Result<(), StoreError> {
    let (_folder, path) = folder();
    let (one, other) = (store(&path), store(&path));
    one.create(record("a")).await?;
    other.create(record("b")).await?;
    let (mine, theirs) = tokio::join!(lengthen(&one, "a", 0, 150), lengthen(&other, "b", 0, 150));
    mine.and(theirs)?;
    assert_eq!(
        raw(&path).query_row("PRAGMA integrity_check", [], |row| row.get::<_, String>(0)).as_deref(),
        Ok("ok")
    );
    for name in ["a", "b"] {
        assert_eq!(events(&one, name).await?.len(), 150);
    }
    Ok(())
}

#[tokio::test]
async fn the_log_is_brought_to_the_database_and_used_again() -> Result<(), StoreError> {
    let (_folder, path) = folder();
    let store = store(&path);
    store.create(record("s")).await?;
    lengthen(&store, "s", 0, 1_500).await?;
    let log = length(&path);
    assert!(log < 5 * 1_024 * 1_024, "{log} bytes");
    assert!(fs::metadata(&path).expect("a database").len() > 2 * 1_024 * 1_024);
    Ok(())
}
