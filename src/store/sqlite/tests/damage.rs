use std::fs;

use super::super::files::beside;
use super::*;
use crate::event::EventKind;

/// A database of ten sessions, closed, as bytes.
async fn sound() -> Result<Vec<u8>, StoreError> {
    let (_folder, path) = folder();
    fill(&store(&path), 10).await?;
    Ok(fs::read(&path).expect("read"))
}

/// Everything a store does with a file, on one that may be damaged. Nothing may vanish without a word, and
/// the store works afterwards.
async fn survives(bytes: &[u8], what: &str) -> Result<(), StoreError> {
    let (folder, path) = folder();
    fs::write(&path, bytes).expect("written");
    let store = store(&path);
    let names = names(&store).await.unwrap_or_else(|error| panic!("{what}: list: {error:?}"));
    for name in &names {
        let events = events(&store, name).await.unwrap_or_else(|error| panic!("{what}: read: {error:?}"));
        assert!((1..).zip(&events).all(|(seq, event)| event.seq == seq), "{what}");
    }
    store.create(record("new")).await.unwrap_or_else(|error| panic!("{what}: create: {error:?}"));
    store
        .append(append("new", Epoch(1), after(0, [prompt(1)])))
        .await
        .unwrap_or_else(|error| panic!("{what}: append: {error:?}"));
    let warning = store.warning();
    let aside = folder.path().join("sessions.db.damaged-1");
    assert!(names.len() >= 10 || warning.is_some(), "{what}: {} sessions, not a word", names.len());
    assert_eq!(warning.is_some(), aside.exists(), "{what}: {warning:?}");
    if let Some(warning) = warning {
        assert!(warning.contains("damaged-1"), "{what}: {warning}");
        assert_eq!(fs::metadata(&aside).expect("kept").len(), bytes.len() as u64, "{what}");
    }
    Ok(())
}

#[tokio::test]
async fn a_truncated_file_is_restored_or_told() -> Result<(), StoreError> {
    let sound = sound().await?;
    for length in [0, 1, 99, 100, 512, 4_095, 4_096, 8_192, 20_000, sound.len() - 4_096, sound.len() - 1] {
        survives(&sound[..length], &format!("cut to {length}")).await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_zeroed_page_is_restored_or_told() -> Result<(), StoreError> {
    let sound = sound().await?;
    for page in 0..sound.len() / 4_096 {
        let mut bytes = sound.clone();
        bytes[page * 4_096..][..4_096].fill(0);
        survives(&bytes, &format!("page {page}")).await?;
    }
    Ok(())
}

#[tokio::test]
async fn flipped_bits_never_bring_the_store_down() -> Result<(), StoreError> {
    let sound = sound().await?;
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    for case in 0..150 {
        let mut bytes = sound.clone();
        // The first pages hold what everything else hangs on.
        let length = if case % 2 == 0 { bytes.len() } else { 4_096 * 3 };
        for _ in 0..=case % 3 {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            let at = random as usize % length;
            bytes[at] ^= 1 << (random >> 32 & 7);
        }
        survives(&bytes, &format!("case {case}")).await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_foreign_file_is_put_aside() -> Result<(), StoreError> {
    survives(b"not a database, but somebody's notes", "text").await?;
    survives(&[0; 10_000], "zeros").await?;
    let (_folder, path) = folder();
    let foreign = raw(&path);
    foreign.execute_batch("CREATE TABLE sessions (a); PRAGMA user_version = 99").expect("made");
    foreign.close().expect("closed");
    survives(&fs::read(&path).expect("read"), "another program's database").await
}

#[tokio::test]
async fn damage_in_the_middle_of_a_session_costs_only_its_rows() -> Result<(), StoreError> {
    let (_folder, path) = folder();
    let first = store(&path);
    let epoch = first.create(record("s")).await?;
    for head in 0..60 {
        first.append(append("s", epoch, after(head, [text("m", &format!("{head:04}").repeat(100))]))).await?;
    }
    drop(first);
    let mut bytes = fs::read(&path).expect("read");
    let needle = b"0030".repeat(20);
    let at = bytes.windows(needle.len()).position(|window| window == needle).expect("the row");
    let page = at / 4_096 * 4_096;
    bytes[page..page + 4_096].fill(0xff);
    fs::write(&path, &bytes).expect("written");
    let store = store(&path);
    let (found, epoch) = store.claim(&id("s")).await?;
    let read = events(&store, "s").await?;
    assert_eq!((read.len(), store.find(&id("s")).await?.head), (60, 60), "{found:?}");
    let lost = read
        .iter()
        .filter(|event| matches!(&event.kind, EventKind::Notice { title, .. } if title.contains("lost")))
        .count();
    assert!((1..20).contains(&lost), "{lost} lost");
    assert!(store.warning().expect("a warning").contains("1 of them with events missing"));
    store.append(append("s", epoch, after(60, [prompt(1)]))).await
}

#[tokio::test]
async fn a_text_that_is_no_text_any_more_is_a_lost_event() -> Result<(), StoreError> {
    let (_folder, path) = folder();
    let first = store(&path);
    fill(&first, 1).await?;
    drop(first);
    raw(&path)
        .execute("UPDATE events SET body = CAST(x'ff' || body AS TEXT) WHERE seq = 1", [])
        .expect("changed");
    let read = events(&store(&path), "s0").await?;
    assert!(matches!(read[0].kind, EventKind::Notice { .. }), "{:?}", read[0]);
    assert!(matches!(read[1].kind, EventKind::Text { .. }));
    Ok(())
}

#[tokio::test]
async fn a_lost_log_leaves_what_was_written_before_it() -> Result<(), StoreError> {
    let (_folder, path) = folder();
    fill(&store(&path), 2).await?;
    let open = store(&path);
    open.create(record("late")).await?;
    let copy = path.with_file_name("copy.db");
    fs::copy(&path, &copy).expect("copied");
    let store = store(&copy);
    assert_eq!(names(&store).await?, ["s1", "s0"]);
    assert_eq!(events(&store, "s0").await?.len(), 51);
    Ok(())
}

#[tokio::test]
async fn a_file_restored_or_removed_by_another_is_noticed() -> Result<(), StoreError> {
    let (_folder, path) = folder();
    let store = store(&path);
    fill(&store, 2).await?;
    let other = path.with_file_name("other.db");
    fill(&super::store(&other), 1).await?;
    fs::rename(&other, &path).expect("renamed");
    for suffix in ["-wal", "-shm"] {
        fs::remove_file(beside(&path, suffix)).expect("removed");
    }
    assert_eq!(names(&store).await?, ["s0"]);
    store.create(record("s1")).await?;
    assert_eq!(names(&super::store(&path)).await?, ["s0", "s1"]);
    Ok(())
}

#[tokio::test]
async fn the_log_of_an_emptied_file_is_kept() -> Result<(), StoreError> {
    let (_folder, path) = folder();
    let open = store(&path);
    fill(&open, 2).await?;
    let copy = path.with_file_name("copy.db");
    fs::write(&copy, b"").expect("written");
    let log = fs::read(beside(&path, "-wal")).expect("read");
    assert!(!log.is_empty());
    fs::write(beside(&copy, "-wal"), &log).expect("written");
    let store = store(&copy);
    assert_eq!(names(&store).await?, Vec::<String>::new());
    assert!(store.warning().expect("a warning").contains("0 sessions"));
    assert_eq!(fs::read(copy.with_file_name("copy.db.damaged-1-wal")).expect("kept"), log);
    Ok(())
}
