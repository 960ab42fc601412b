use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::fs::{CWD, RenameFlags, renameat_with};

use super::{SECRET, Site};
use crate::workspace::beneath::{LIST, walk};
use crate::workspace::{Expected, WorkspaceError};

/// Exchanges two names as fast as possible while `work` runs.
fn while_swapping(pairs: &[(&Path, &Path)], work: impl FnOnce()) {
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                for (a, b) in pairs {
                    renameat_with(CWD, *a, CWD, *b, RenameFlags::EXCHANGE).ok();
                }
            }
        });
        let _stopped = Stop(&stop);
        work();
    });
}

/// Stops the swapping, also when the work fails.
struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// A folder as deep as the one beside the root that the links lead to.
fn deep(site: &Site) {
    for folder in [site.outer().join("work-secret"), site.root().join("folder")] {
        std::fs::create_dir_all(folder.join("sub")).unwrap();
    }
    std::fs::write(site.outer().join("work-secret/sub/file"), SECRET).unwrap();
    std::fs::write(site.root().join("folder/sub/file"), "plain").unwrap();
    site.link("folder-link", "../work-secret");
    site.link("leaf-link", "../secret");
}

/// What lies beside the root is as it was.
fn untouched(site: &Site) {
    for secret in ["secret", "work-secret/file", "work-secret/sub/file"] {
        assert_eq!(std::fs::read_to_string(site.outer().join(secret)).unwrap(), SECRET);
    }
    assert_eq!(std::fs::read_dir(site.outer().join("work-secret/sub")).unwrap().count(), 1);
    assert_eq!(std::fs::read_dir(site.outer()).unwrap().count(), 3);
}

/// Both outcomes were seen often enough to call it a race; how many rounds that takes is up to the scheduler.
fn enough(done: usize, refused: usize) -> bool {
    done > 100 && refused > 100
}

const MOST: usize = 1_000_000;

const PATHS: [&str; 2] = ["file", "folder/sub/file"];

#[test]
fn reading_while_links_are_swapped_in_never_leads_outside() {
    let site = Site::in_memory();
    deep(&site);
    let at = |name: &str| site.root().join(name);
    let old = PATHS.map(|path| site.workspace.place(path).unwrap());
    let (mut read, mut refused) = (0, 0);
    let names = ["file", "leaf-link", "folder", "folder-link"].map(at);
    let [file, file_link, folder, folder_link] = &names;
    while_swapping(&[(file, file_link), (folder, folder_link)], || {
        for (round, (path, stale)) in PATHS.iter().zip(&old).cycle().take(MOST).enumerate() {
            if round >= 20_000 && enough(read, refused) {
                break;
            }
            let fresh = site.workspace.place(path);
            for place in fresh.iter().chain([stale]) {
                let Ok(data) = site.workspace.read(place, 1000) else {
                    refused += 1;
                    continue;
                };
                assert_ne!(data.bytes, SECRET.as_bytes());
                read += 1;
            }
        }
    });
    assert!(enough(read, refused), "{read} read, {refused} refused: there was no race");
}

#[test]
fn writing_while_links_are_swapped_in_never_leads_outside() {
    let site = Site::in_memory();
    deep(&site);
    let at = |name: &str| site.root().join(name);
    let old = PATHS.map(|path| site.workspace.place(path).unwrap());
    let (mut written, mut refused) = (0, 0);
    let names = ["file", "leaf-link", "folder", "folder-link"].map(at);
    let [file, file_link, folder, folder_link] = &names;
    while_swapping(&[(file, file_link), (folder, folder_link)], || {
        for (round, place) in old.iter().cycle().take(MOST).enumerate() {
            if round >= 5000 && enough(written, refused) {
                break;
            }
            match site.workspace.replace(place, b"plain", Expected::Anything) {
                Ok(()) => written += 1,
                Err(_) => refused += 1,
            }
            // A write may have taken the name while the link had it; then there is no link left to race with.
            if !file.is_symlink() && !file_link.is_symlink() {
                std::fs::remove_file(file_link).ok();
                std::os::unix::fs::symlink("../secret", file_link).ok();
            }
        }
    });
    untouched(&site);
    assert!(enough(written, refused), "{written} written, {refused} refused: there was no race");
}

#[test]
fn a_link_put_in_after_resolving_is_reported_as_a_change() {
    let site = Site::new();
    deep(&site);
    for (path, swapped, target) in [
        ("file", "file", "../secret"),
        ("src/lib.rs", "src", "../work-secret"),
        ("folder/sub/file", "folder", "../work-secret"),
        ("later/new/file", "later", "../work-secret"),
    ] {
        let place = site.workspace.place(path).unwrap();
        let swapped = site.root().join(swapped);
        std::fs::remove_dir_all(&swapped).or_else(|_| std::fs::remove_file(&swapped)).ok();
        std::os::unix::fs::symlink(target, &swapped).unwrap();
        for error in [
            site.workspace.read(&place, 100).unwrap_err(),
            site.workspace.replace(&place, b"x", Expected::Anything).unwrap_err(),
            site.workspace.remove(&place, Expected::Anything).unwrap_err(),
        ] {
            assert!(matches!(error, WorkspaceError::Changed { .. }), "{path}: {error}");
        }
    }
    untouched(&site);
}

#[test]
fn the_portable_walk_follows_nothing_either() {
    let site = Site::new();
    site.link("out", "../work-secret");
    let root = std::fs::File::open(site.root()).unwrap();
    let open = |path: &str| {
        walk(std::os::fd::AsFd::as_fd(&root), Path::new(path), rustix::fs::OFlags::RDONLY).is_ok()
    };
    assert!(open("file") && open("src/lib.rs") && open("src"));
    for path in ["out", "out/file", "..", "src/../../secret", "/etc/passwd", "file/x", "missing", ""] {
        assert!(!open(path), "{path}");
    }
    assert!(walk(std::os::fd::AsFd::as_fd(&root), Path::new("file"), LIST).is_err());
}
