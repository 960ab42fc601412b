use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

use super::super::files::beside;
use super::super::migration::{self, STEPS};
use super::*;

fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("a file").mode() & 0o777
}

#[tokio::test]
async fn the_files_are_private() -> Result<(), StoreError> {
    let (folder, path) = folder();
    let path = path.with_file_name("state").join("sessions.db");
    let store = store(&path);
    fill(&store, 1).await?;
    assert_eq!(mode(&folder.path().join("state")), 0o700);
    for file in fs::read_dir(folder.path().join("state")).expect("a folder") {
        let file = file.expect("a file").path();
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
    drop(store);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).expect("changed");
    let again = hasty(&path);
    names(&again).await?;
    assert_eq!(mode(&path), 0o600);
    Ok(())
}

#[tokio::test]
async fn an_unsafe_place_is_refused() {
    let (folder, path) = folder();
    let elsewhere = folder.path().join("elsewhere");
    fs::write(&elsewhere, "precious").expect("written");
    symlink(&elsewhere, &path).expect("a link");
    let refused = names(&store(&path)).await;
    assert!(
        matches!(&refused, Err(StoreError::Unavailable(text)) if text.contains("regular")),
        "{refused:?}"
    );
    assert_eq!(fs::read(&elsewhere).expect("read"), b"precious");
    fs::remove_file(&path).expect("removed");
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).expect("changed");
    let refused = names(&store(&path)).await;
    assert!(matches!(&refused, Err(StoreError::Unavailable(text)) if text.contains("others")), "{refused:?}");
    assert!(!path.exists());
}

#[tokio::test]
async fn an_unwritable_place_is_told_once() -> Result<(), StoreError> {
    for place in ["/proc/adjutant/sessions.db", "/dev/null/sessions.db"] {
        let store = store(Path::new(place));
        fill(&store, 2).await?;
        assert_eq!(names(&store).await?.len(), 2);
        let warning = store.warning().expect("a warning");
        assert!(
            warning.contains("in memory only") && warning.contains(place.trim_end_matches("/sessions.db"))
        );
        assert_eq!(store.warning(), None);
    }
    Ok(())
}

#[tokio::test]
async fn without_shared_memory_one_process_has_it_alone() -> Result<(), StoreError> {
    let (_folder, path) = folder();
    fill(&store(&path), 1).await?;
    let alone = Sqlite::new(path.clone(), Tuning { wal: false, ..Tuning::default() });
    assert_eq!(events(&alone, "s0").await?.len(), 51);
    fill(&alone, 0).await?;
    assert!(alone.warning().expect("a warning").contains("only one process"));
    let other = names(&hasty(&path)).await;
    assert!(matches!(other, Err(StoreError::Unavailable(_))), "{other:?}");
    drop(alone);
    assert_eq!(names(&store(&path)).await?, ["s0"]);
    Ok(())
}

#[tokio::test]
async fn a_newer_schema_is_refused_untouched() -> Result<(), StoreError> {
    let (_folder, path) = folder();
    fill(&store(&path), 1).await?;
    let newer = raw(&path);
    newer.pragma_update(None, "user_version", 99).expect("set");
    let copy = path.with_file_name("copy.db");
    for suffix in ["", "-wal"] {
        fs::copy(beside(&path, suffix), beside(&copy, suffix)).expect("copied");
    }
    let files = || ["", "-wal"].map(|suffix| fs::read(beside(&copy, suffix)).expect("read"));
    let before = files();
    let store = store(&copy);
    for _ in 0..2 {
        let refused = names(&store).await;
        let told =
            |text: &str| text.contains("schema 99") && text.contains(&format!("up to {}", STEPS.len()));
        assert!(matches!(&refused, Err(StoreError::Damaged(text)) if told(text)), "{refused:?}");
    }
    drop(store);
    assert_eq!(files(), before);
    Ok(())
}

#[tokio::test]
async fn a_migration_that_is_cut_short_changes_nothing() -> Result<(), StoreError> {
    let (_folder, path) = folder();
    fill(&store(&path), 2).await?;
    let mut conn = raw(&path);
    let step =
        "ALTER TABLE sessions ADD COLUMN more TEXT; UPDATE sessions SET more = id; CREATE TABLE extra (a);";
    let dump = |conn: &Connection| -> (i64, i64) {
        let version = conn.pragma_query_value(None, "user_version", |row| row.get(0)).expect("a version");
        let sum = conn
            .query_row("SELECT total(count) + (SELECT count(*) FROM sqlite_schema) FROM events", [], |row| {
                row.get::<_, f64>(0)
            })
            .expect("a sum");
        (version, sum as i64)
    };
    let before = dump(&conn);
    for cut in step.match_indices(';').map(|(at, _)| at + 1) {
        let broken = format!("{} broken;", &step[..cut]);
        assert!(migration::migrate(&mut conn, &[STEPS, &[&broken]].concat()).is_err());
        assert_eq!(dump(&conn), before);
    }
    let version = STEPS.len();
    migration::back_up(&conn, &path, version).expect("backed up");
    migration::migrate(&mut conn, &[STEPS, &[step]].concat()).expect("migrated");
    assert_eq!(dump(&conn), (version as i64 + 1, before.1 + 1));
    let copy = path.with_file_name(format!("sessions.db.v{version}"));
    assert_eq!((dump(&raw(&copy)), mode(&copy)), (before, 0o600));
    Ok(())
}
