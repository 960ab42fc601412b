use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::fs::{CWD, RenameFlags, renameat_with};

use super::{SECRET, Site};
use crate::workspace::beneath::{LIST, walk};
use crate::workspace::{Expected, Place, WorkspaceError};

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
        work();
        stop.store(true, Ordering::Relaxed);
    });
}

#[test]
fn swapping_links_in_never_leads_outside() {
    let site = Site::in_memory();
    site.link("leaf-link", "../secret");
    site.link("folder-link", "../work-secret");
    std::fs::create_dir(site.root().join("folder")).unwrap();
    std::fs::write(site.root().join("folder/file"), "plain").unwrap();
    let at = |name: &str| site.root().join(name);
    let (leaf, leaf_link) = (at("file"), at("leaf-link"));
    let (folder, folder_link) = (at("folder"), at("folder-link"));
    let old: Vec<Place> = ["file", "folder/file"].map(|path| site.workspace.place(path).unwrap()).into();
    let (mut read, mut refused) = (0, 0);
    while_swapping(&[(&leaf, &leaf_link), (&folder, &folder_link)], || {
        for round in 0..20_000 {
            let fresh = site.workspace.place(if round % 2 == 0 { "file" } else { "folder/file" });
            let stale = old.get(round % 2).cloned();
            for place in [fresh.ok(), stale].into_iter().flatten() {
                match site.workspace.read(&place, 1000) {
                    Ok(data) => {
                        assert_ne!(data.bytes, SECRET.as_bytes());
                        read += 1;
                    }
                    Err(_) => refused += 1,
                }
            }
            if round % 8 == 0 {
                for place in &old {
                    site.workspace.replace(place, b"plain", Expected::Anything).ok();
                }
            }
        }
    });
    assert_eq!(std::fs::read_to_string(site.outer().join("secret")).unwrap(), SECRET);
    assert_eq!(std::fs::read_to_string(site.outer().join("work-secret/file")).unwrap(), SECRET);
    assert_eq!(std::fs::read_dir(site.outer().join("work-secret")).unwrap().count(), 1);
    assert!(read > 100 && refused > 100, "{read} read, {refused} refused: there was no race");
}

#[test]
fn a_link_put_in_after_resolving_is_reported_as_a_change() {
    let site = Site::new();
    let place = site.workspace.place("src/lib.rs").unwrap();
    std::fs::remove_dir_all(site.root().join("src")).unwrap();
    site.link("src", "../work-secret");
    for error in [
        site.workspace.read(&place, 100).unwrap_err(),
        site.workspace.replace(&place, b"x", Expected::Anything).unwrap_err(),
        site.workspace.remove(&place, Expected::Anything).unwrap_err(),
    ] {
        assert!(matches!(error, WorkspaceError::Changed { .. }), "{error}");
    }
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
