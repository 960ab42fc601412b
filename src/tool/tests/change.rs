use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use futures_util::future::BoxFuture;
use serde_json::{Value, json};

use super::Site;
use crate::workspace::{Expected, FileData, Files, LocalFiles, Place, WorkspaceError};

/// A disk on which the writes with these numbers fail.
#[derive(Debug)]
struct Failing {
    disk: LocalFiles,
    fails: &'static [usize],
    writes: AtomicUsize,
}

impl Failing {
    fn check(&self, place: &Place) -> Result<(), WorkspaceError> {
        let number = self.writes.fetch_add(1, Ordering::Relaxed);
        if !self.fails.contains(&number) {
            return Ok(());
        }
        let source = std::io::Error::other("no room");
        Err(WorkspaceError::Io { path: place.path().to_owned(), doing: "write", source })
    }
}

impl Files for Failing {
    fn read(&self, place: Place, limit: u64) -> BoxFuture<'_, Result<FileData, WorkspaceError>> {
        self.disk.read(place, limit)
    }

    fn replace(
        &self,
        place: Place,
        bytes: Vec<u8>,
        expected: Expected,
    ) -> BoxFuture<'_, Result<(), WorkspaceError>> {
        Box::pin(async move {
            self.check(&place)?;
            self.disk.replace(place, bytes, expected).await
        })
    }

    fn remove(&self, place: Place, expected: Expected) -> BoxFuture<'_, Result<(), WorkspaceError>> {
        Box::pin(async move {
            self.check(&place)?;
            self.disk.remove(place, expected).await
        })
    }
}

fn failing(fails: &'static [usize]) -> Site {
    let mut site = Site::new();
    site.file("a", "one\n").file("b", "two\n").file("gone", "three\n");
    let disk = LocalFiles::new(site.context.workspace.clone());
    site.context.files = Arc::new(Failing { disk, fails, writes: AtomicUsize::new(0) });
    site
}

fn patch() -> Value {
    json!({"patch": "*** Begin Patch\n*** Delete File: gone\n*** Add File: new\n+text\n*** Update File: a\n-one\n+1\n\
                     *** Update File: b\n-two\n+2\n*** End Patch"})
}

#[tokio::test]
async fn a_write_that_fails_midway_takes_back_those_before_it() {
    for fails in [&[0][..], &[1], &[2], &[3]] {
        let site = failing(fails);
        let text = site.failed("apply_patch", patch()).await;
        assert!(text.contains("no room"), "{text}");
        assert!(fails == [0] || text.ends_with("nothing was changed"), "{text}");
        assert_eq!(
            (site.content("a"), site.content("b")),
            (b"one\n".to_vec(), b"two\n".to_vec()),
            "{fails:?}"
        );
        assert_eq!(site.content("gone"), b"three\n");
        assert!(!site.root().join("new").exists());
    }
    let site = failing(&[]);
    site.done("apply_patch", patch()).await;
    assert_eq!((site.content("a"), site.content("b")), (b"1\n".to_vec(), b"2\n".to_vec()));
    assert!(!site.root().join("gone").exists());
}

/// An editor that keeps what it is given in buffers, of which the disk knows nothing.
#[derive(Debug)]
struct Buffers {
    disk: LocalFiles,
    kept: Mutex<Vec<(PathBuf, Vec<u8>)>>,
}

impl Files for Buffers {
    fn read(&self, place: Place, limit: u64) -> BoxFuture<'_, Result<FileData, WorkspaceError>> {
        let kept = self.kept.lock().unwrap();
        match kept.iter().rev().find(|(path, _)| path == place.path()) {
            Some((_, bytes)) => Box::pin(std::future::ready(Ok(FileData::new(bytes.clone())))),
            None => self.disk.read(place, limit),
        }
    }

    fn replace(
        &self,
        place: Place,
        bytes: Vec<u8>,
        _: Expected,
    ) -> BoxFuture<'_, Result<(), WorkspaceError>> {
        self.kept.lock().unwrap().push((place.path().to_owned(), bytes));
        Box::pin(std::future::ready(Ok(())))
    }

    fn remove(&self, place: Place, expected: Expected) -> BoxFuture<'_, Result<(), WorkspaceError>> {
        self.disk.remove(place, expected)
    }
}

#[tokio::test]
async fn a_file_moves_into_a_buffer_that_is_on_no_disk_yet() {
    let mut site = Site::new();
    site.file("a", "one\n");
    let disk = LocalFiles::new(site.context.workspace.clone());
    site.context.files = Arc::new(Buffers { disk, kept: Mutex::default() });
    let patch = "*** Begin Patch\n*** Update File: a\n*** Move to: b\n-one\n+1\n*** End Patch";
    assert_eq!(site.done("apply_patch", json!({"patch": patch})).await, "moved a to b\na is now b");
    let b = site.context.workspace.place("b").unwrap();
    assert_eq!(site.context.files.read(b, 10).await.unwrap().bytes, b"1\n");
}

#[tokio::test]
async fn what_cannot_be_restored_is_named() {
    let site = failing(&[2, 3]);
    let text = site.failed("apply_patch", patch()).await;
    assert!(text.ends_with("a could not be restored: look at them"), "{text}");
    assert!(!site.root().join("new").exists(), "the rest is restored");
}

#[tokio::test]
async fn nothing_is_written_when_one_of_the_files_changed_since_it_was_shown() {
    let site = failing(&[]);
    let prepared = site.prepare("apply_patch", patch()).await.unwrap();
    site.file("b", "two, by hand\n");
    let output = (prepared.work)().await;
    assert!(output.failed && output.text.starts_with("b changed meanwhile"), "{}", output.text);
    assert_eq!(site.content("a"), b"one\n");
    assert!(site.root().join("gone").exists() && !site.root().join("new").exists());
}
