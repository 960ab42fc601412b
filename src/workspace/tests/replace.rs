use std::fs::Permissions;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::sync::Barrier;

use rustix::fs::XattrFlags;

use super::Site;
use crate::error::ErrorKind;
use crate::workspace::{Expected, Fingerprint, Text, Workspace, WorkspaceError};

fn replace(site: &Site, path: &str, bytes: &str, expected: Expected) -> Result<(), WorkspaceError> {
    site.workspace.replace(&site.workspace.place(path)?, bytes.as_bytes(), expected)
}

#[test]
fn the_mode_is_kept_and_set_id_bits_are_not() {
    let site = Site::new();
    let path = site.root().join("file");
    for (mode, kept) in [(0o755, 0o755), (0o600, 0o600), (0o444, 0o444), (0o4711, 0o711)] {
        std::fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        replace(&site, "file", "new", Expected::Anything).unwrap();
        assert_eq!(path.metadata().unwrap().mode() & 0o7777, kept);
    }
    assert_eq!(site.content("file"), b"new");
}

#[test]
fn a_new_file_follows_the_umask() {
    let site = Site::new();
    std::fs::write(site.root().join("usual"), "").unwrap();
    replace(&site, "new", "text", Expected::Absent).unwrap();
    let mode = |name| site.root().join(name).metadata().unwrap().mode();
    assert_eq!(mode("new"), mode("usual"));
}

#[test]
fn extended_attributes_are_kept_where_the_disk_has_them() {
    let site = Site::new();
    let path = site.root().join("file");
    if rustix::fs::setxattr(&path, "user.note", b"kept", XattrFlags::empty()).is_err() {
        return;
    }
    replace(&site, "file", "new", Expected::Anything).unwrap();
    let mut value = [0; 16];
    let length = rustix::fs::getxattr(&path, "user.note", &mut value).unwrap();
    assert_eq!(&value[..length], b"kept");
}

#[test]
fn a_link_stays_a_link_and_its_target_is_replaced() {
    let site = Site::new();
    site.link("link", "src/lib.rs");
    replace(&site, "link", "new", Expected::Content(Fingerprint::of(b"code"))).unwrap();
    assert_eq!(std::fs::read_link(site.root().join("link")).unwrap().to_str(), Some("src/lib.rs"));
    assert_eq!(site.content("src/lib.rs"), b"new");
    site.link("dangling", "later/file");
    replace(&site, "dangling", "made", Expected::Absent).unwrap();
    assert_eq!(site.content("later/file"), b"made");
}

#[test]
fn a_file_with_several_names_is_refused() {
    let site = Site::new();
    std::fs::hard_link(site.outer().join("secret"), site.root().join("twin")).unwrap();
    let error = replace(&site, "twin", "new", Expected::Anything).unwrap_err();
    assert!(error.to_string().contains("hard link"), "{error}");
    assert_eq!(std::fs::read_to_string(site.outer().join("secret")).unwrap(), super::SECRET);
}

#[test]
fn a_file_that_changed_since_it_was_read_is_not_overwritten() {
    let site = Site::new();
    let place = site.workspace.place("file").unwrap();
    let read = site.workspace.read(&place, 100).unwrap();
    std::fs::write(place.path(), "somebody else").unwrap();
    let expected = Expected::Content(read.fingerprint);
    let error = site.workspace.replace(&place, b"mine", expected).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
    assert_eq!(site.content("file"), b"somebody else");
    std::fs::remove_file(place.path()).unwrap();
    assert_eq!(site.workspace.replace(&place, b"mine", expected).unwrap_err().kind(), ErrorKind::Conflict);
    assert_eq!(site.names(), ["src"]);
}

#[test]
fn a_change_while_the_new_content_is_written_is_noticed() {
    for expected in [Expected::Content(Fingerprint::of(b"plain")), Expected::Absent] {
        let site = Site::new();
        let place = site.workspace.place(if expected == Expected::Absent { "new" } else { "file" }).unwrap();
        let staged = site.workspace.stage(&place, b"mine", expected).unwrap();
        std::fs::write(place.path(), "theirs").unwrap();
        assert_eq!(staged.commit().unwrap_err().kind(), ErrorKind::Conflict);
        assert_eq!(std::fs::read(place.path()).unwrap(), b"theirs");
        assert!(site.names().iter().all(|name| !name.starts_with('.')), "{:?}", site.names());
    }
}

#[test]
fn content_expected_in_a_folder_that_is_gone_is_a_conflict() {
    let site = Site::new();
    let place = site.workspace.place("src/lib.rs").unwrap();
    std::fs::remove_dir_all(site.root().join("src")).unwrap();
    let expected = Expected::Content(Fingerprint::of(b"code"));
    assert_eq!(site.workspace.replace(&place, b"x", expected).unwrap_err().kind(), ErrorKind::Conflict);
    assert!(!site.root().join("src").exists());
}

#[test]
fn creating_never_overwrites() {
    let site = Site::new();
    let error = replace(&site, "file", "mine", Expected::Absent).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
    assert_eq!(site.content("file"), b"plain");
}

#[test]
fn of_many_creators_one_wins() {
    let site = Site::in_memory();
    for round in 0..500 {
        let place = site.workspace.place(&format!("a/{round}/new")).unwrap();
        let (workspace, start) = (&site.workspace, &Barrier::new(3));
        let won: usize = std::thread::scope(|scope| {
            let create = |number| {
                let staged = workspace.stage(&place, &[number], Expected::Absent).unwrap();
                scope.spawn(move || {
                    start.wait();
                    staged.commit().is_ok()
                })
            };
            [1, 2, 3].map(create).into_iter().map(|creator| usize::from(creator.join().unwrap())).sum()
        });
        assert_eq!(won, 1);
        assert_eq!(std::fs::read_dir(place.path().parent().unwrap()).unwrap().count(), 1);
    }
}

#[test]
fn readers_see_the_old_or_the_new_content_and_nothing_else() {
    let site = Site::new();
    let place = site.workspace.place("file").unwrap();
    let versions = [vec![b'a'; 100_000], vec![b'b'; 200_000]];
    site.workspace.replace(&place, &versions[0], Expected::Anything).unwrap();
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            for round in 0..50 {
                site.workspace.replace(&place, &versions[round % 2], Expected::Anything).unwrap();
            }
        });
        while !writer.is_finished() {
            let seen = site.workspace.read(&place, 1_000_000).unwrap().bytes;
            assert!(versions.contains(&seen), "{} bytes were seen", seen.len());
        }
    });
    assert_eq!(site.names(), ["file", "src"]);
}

#[cfg(target_os = "linux")]
#[test]
fn a_folder_that_cannot_be_written_gives_a_clear_error() {
    // The superuser may write everywhere but into the kernel's own tree.
    let kernel = Workspace::open("/proc/self/fdinfo".as_ref(), &[]).unwrap();
    let place = kernel.place("new").unwrap();
    let error = kernel.replace(&place, b"x", Expected::Absent).unwrap_err();
    assert!(error.to_string().contains("new"), "{error}");
}

#[test]
fn a_failed_write_leaves_no_litter() {
    let site = Site::new();
    std::fs::create_dir(site.root().join("taken")).unwrap();
    assert!(replace(&site, "taken", "x", Expected::Anything).is_err());
    assert!(replace(&site, "file", "x", Expected::Absent).is_err());
    assert!(replace(&site, "file", "x", Expected::Content(Fingerprint::of(b"no"))).is_err());
    assert_eq!(site.names(), ["file", "src", "taken"]);
}

#[test]
fn line_endings_and_mark_survive_an_edit() {
    let site = Site::new();
    std::fs::write(site.root().join("file"), "\u{feff}one\r\ntwo\r\n").unwrap();
    let place = site.workspace.place("file").unwrap();
    let read = site.workspace.read(&place, 100).unwrap();
    let mut text = Text::decode(&read.bytes).unwrap();
    text.edit(&text.as_str().replace("two", "2\nthree"));
    site.workspace.replace(&place, &text.encode(), Expected::Content(read.fingerprint)).unwrap();
    assert_eq!(site.content("file"), "\u{feff}one\r\n2\r\nthree\r\n".as_bytes());
}
