use std::os::unix::net::UnixListener;
use std::time::{Duration, Instant};

use super::Site;
use crate::error::ErrorKind;
use crate::workspace::{Entry, Expected, Files, Fingerprint, Kind, LocalFiles, WorkspaceError};

fn named_pipe(path: &std::path::Path) {
    assert!(std::process::Command::new("mkfifo").arg(path).status().unwrap().success());
}

#[test]
fn what_is_not_a_plain_file_is_refused_at_once() {
    let site = Site::new();
    named_pipe(&site.root().join("pipe"));
    let socket = UnixListener::bind(site.root().join("socket")).unwrap();
    let started = Instant::now();
    for (path, what) in [("pipe", "pipe"), ("socket", "socket"), ("src", "folder"), (".", "folder")] {
        let place = site.workspace.place(path).unwrap();
        for error in [
            site.workspace.read(&place, 100).unwrap_err(),
            site.workspace.replace(&place, b"x", Expected::Anything).unwrap_err(),
            site.workspace.remove(&place, Expected::Anything).unwrap_err(),
        ] {
            assert!(matches!(error, WorkspaceError::NotAFile { .. }), "{error}");
            assert!(error.to_string().contains(what), "{error}");
        }
    }
    assert!(started.elapsed() < Duration::from_millis(500));
    drop(socket);
}

#[cfg(target_os = "linux")]
#[test]
fn devices_and_magic_links_are_refused() {
    let devices = crate::workspace::Workspace::open("/dev".as_ref(), &[]).unwrap();
    for path in ["null", "zero", "full"] {
        let error = devices.read(&devices.place(path).unwrap(), 100).unwrap_err();
        assert!(error.to_string().contains("device"), "{error}");
    }
    let proc = crate::workspace::Workspace::open("/proc/self".as_ref(), &[]).unwrap();
    for path in ["root/etc/passwd", "cwd/Cargo.toml", "exe"] {
        assert_eq!(proc.place(path).unwrap_err().kind(), ErrorKind::Denied, "{path}");
    }
}

#[test]
fn a_pipe_put_in_after_resolving_does_not_hang() {
    let site = Site::new();
    let place = site.workspace.place("file").unwrap();
    std::fs::remove_file(place.path()).unwrap();
    named_pipe(place.path());
    assert_eq!(site.workspace.read(&place, 100).unwrap_err().kind(), ErrorKind::Invalid);
}

#[test]
fn files_over_the_limit_are_refused_with_their_size() {
    let site = Site::new();
    let sparse = std::fs::File::create(site.root().join("sparse")).unwrap();
    sparse.set_len(1 << 40).unwrap();
    let place = site.workspace.place("sparse").unwrap();
    let error = site.workspace.read(&place, 1000).unwrap_err();
    assert!(matches!(error, WorkspaceError::TooLarge { size, limit: 1000, .. } if size == 1 << 40));
    let place = site.workspace.place("file").unwrap();
    assert_eq!(site.workspace.read(&place, 5).unwrap().bytes, b"plain");
    assert!(site.workspace.read(&place, 4).is_err());
}

#[cfg(target_os = "linux")]
#[test]
fn a_file_that_hides_its_size_is_still_bounded() {
    let proc = crate::workspace::Workspace::open("/proc/self".as_ref(), &[]).unwrap();
    let place = proc.place("status").unwrap();
    assert!(proc.read(&place, 64 * 1024).unwrap().bytes.len() > 100);
    assert!(matches!(proc.read(&place, 10), Err(WorkspaceError::TooLarge { size: 11, .. })));
}

#[test]
fn a_listing_is_sorted_and_follows_nothing() {
    let site = Site::new();
    site.link("link", "../secret");
    let entries = site.workspace.list(&site.workspace.place(".").unwrap()).unwrap();
    let row = |entry: &Entry| (entry.name.to_str().unwrap().to_owned(), entry.kind);
    let expected = [("file", Kind::File), ("link", Kind::Symlink), ("src", Kind::Directory)];
    assert_eq!(entries.iter().map(row).collect::<Vec<_>>(), expected.map(|(n, k)| (n.to_owned(), k)));
    assert_eq!(entries.first().unwrap().size, 5);
    let file = site.workspace.place("file").unwrap();
    assert_eq!(site.workspace.list(&file).unwrap_err().kind(), ErrorKind::Invalid);
    let missing = site.workspace.place("missing").unwrap();
    assert_eq!(site.workspace.list(&missing).unwrap_err().kind(), ErrorKind::NotFound);
}

#[test]
fn removing_needs_the_expected_content() {
    let site = Site::new();
    let place = site.workspace.place("file").unwrap();
    let other = Expected::Content(Fingerprint::of(b"other"));
    assert_eq!(site.workspace.remove(&place, other).unwrap_err().kind(), ErrorKind::Conflict);
    assert_eq!(site.workspace.remove(&place, Expected::Absent).unwrap_err().kind(), ErrorKind::Conflict);
    site.workspace.remove(&place, Expected::Content(Fingerprint::of(b"plain"))).unwrap();
    assert!(!place.path().exists());
    site.workspace.remove(&place, Expected::Absent).unwrap();
    assert_eq!(site.workspace.remove(&place, Expected::Anything).unwrap_err().kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn local_files_read_and_replace_small_and_large() {
    let site = Site::new();
    let files = LocalFiles::new(site.workspace.clone());
    let place = site.workspace.place("new/large").unwrap();
    for size in [10, 3_000_000] {
        let bytes = vec![7; size];
        files.replace(place.clone(), bytes.clone(), Expected::Anything).await.unwrap();
        let data = files.read(place.clone(), 4_000_000).await.unwrap();
        assert_eq!(data.fingerprint, Fingerprint::of(&bytes));
        assert_eq!(data.bytes, bytes);
    }
}
