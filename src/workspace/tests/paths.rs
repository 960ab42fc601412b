use std::path::{Path, PathBuf};

use super::{SECRET, Site};
use crate::error::ErrorKind;
use crate::workspace::{Expected, Kind, Workspace, WorkspaceError};

#[derive(Debug, Clone, Copy, PartialEq)]
enum Means {
    /// An existing object at this path below the root.
    Is(&'static str),
    /// Nothing yet, to be created at this path below the root.
    New(&'static str),
    Outside,
    Invalid,
    NotFound,
}
use Means::{Invalid, Is, New, NotFound, Outside};

/// `{w}` is the root, `{o}` the folder around it.
const PATHS: &[(&str, Means)] = &[
    ("file", Is("file")),
    ("./file", Is("file")),
    ("src/../file", Is("file")),
    ("src//lib.rs", Is("src/lib.rs")),
    ("src/./lib.rs", Is("src/lib.rs")),
    ("src/", Is("src")),
    (".", Is("")),
    ("./", Is("")),
    ("{w}", Is("")),
    ("{w}/", Is("")),
    ("{w}/file", Is("file")),
    ("{w}//file", Is("file")),
    ("/{w}/file", Is("file")),
    ("{w}/../work/file", Is("file")),
    ("../work/file", Is("file")),
    ("../work-secret/../work/file", Is("file")),
    ("{o}/nowhere/../work/file", Is("file")),
    ("new", New("new")),
    ("a/b/c", New("a/b/c")),
    ("{w}/a/b", New("a/b")),
    ("file ", New("file ")),
    (" file", New(" file")),
    ("file\n", New("file\n")),
    ("FILE", New("FILE")),
    ("...", New("...")),
    ("..file", New("..file")),
    (".. /file", New(".. /file")),
    ("%2e%2e/secret", New("%2e%2e/secret")),
    ("..%2fsecret", New("..%2fsecret")),
    ("..\\secret", New("..\\secret")),
    ("C:\\secret", New("C:\\secret")),
    ("$HOME", New("$HOME")),
    ("./~", New("~")),
    ("~user", New("~user")),
    ("cafe\u{301}", New("cafe\u{301}")),
    ("caf\u{e9}", New("caf\u{e9}")),
    ("\u{2025}/secret", New("\u{2025}/secret")),
    ("\u{ff0e}\u{ff0e}/secret", New("\u{ff0e}\u{ff0e}/secret")),
    ("http://host/file", New("http:/host/file")),
    ("..", Outside),
    ("../", Outside),
    ("../secret", Outside),
    ("../../secret", Outside),
    ("src/../../secret", Outside),
    ("./../secret", Outside),
    ("..//secret", Outside),
    ("../work-secret/file", Outside),
    ("../work ", Outside),
    ("{w}-secret/file", Outside),
    ("{w}/../secret", Outside),
    ("{w}/../work-secret/file", Outside),
    ("{w}/..", Outside),
    ("{o}", Outside),
    ("{o}/secret", Outside),
    ("{o}/work2", Outside),
    ("{o}/WORK/file", Outside),
    ("/", Outside),
    ("//", Outside),
    ("/..", Outside),
    ("/etc/passwd", Outside),
    ("/proc/self/root/etc/passwd", Outside),
    ("/proc/self/cwd", Outside),
    ("/dev/stdin", Outside),
    ("", Invalid),
    ("\0", Invalid),
    ("file\0", Invalid),
    ("file\0/../../secret", Invalid),
    ("file://{w}/file", Invalid),
    ("FILE:///etc/passwd", Invalid),
    ("file:file", Invalid),
    ("~", Invalid),
    ("~/file", Invalid),
    ("file/", Is("file")),
    ("file/below", Invalid),
    ("file/..", Invalid),
    ("file/../../secret", Invalid),
    ("new/..", NotFound),
    ("new/../file", NotFound),
    ("new/../../secret", NotFound),
];

fn outcome(site: &Site, path: &str) -> Result<(Option<Kind>, PathBuf), ErrorKind> {
    let path = path
        .replace("{w}", site.root().to_str().unwrap())
        .replace("{o}", site.root().parent().unwrap().to_str().unwrap());
    let place = site.workspace.place(&path).map_err(|error| error.kind())?;
    assert_eq!(place.path(), site.root().join(place.relative()).components().as_path());
    Ok((place.kind(), place.relative().to_owned()))
}

#[test]
fn every_path_means_what_the_table_says() {
    let site = Site::new();
    for (path, means) in PATHS {
        let found = outcome(&site, path);
        let right = match (&found, means) {
            (Ok((Some(_), relative)), Is(expected)) => relative == Path::new(expected),
            (Ok((None, relative)), New(expected)) => relative == Path::new(expected),
            (Err(kind), Outside) => *kind == ErrorKind::Denied,
            (Err(kind), Invalid) => *kind == ErrorKind::Invalid,
            (Err(kind), NotFound) => *kind == ErrorKind::NotFound,
            _ => false,
        };
        assert!(right, "{path:?} should be {means:?} but is {found:?}");
    }
}

#[test]
fn too_long_paths_and_names_are_refused() {
    let site = Site::new();
    for path in ["x".repeat(300), "x/".repeat(3000), format!("src/{}", "é".repeat(200))] {
        assert_eq!(outcome(&site, &path), Err(ErrorKind::Invalid));
    }
}

/// Links by name, and whether following them ends inside.
fn links(site: &Site) -> Vec<(&'static str, bool)> {
    let (root, outer) = (site.root().to_owned(), site.outer().to_owned());
    let rows: Vec<(&'static str, PathBuf, bool)> = vec![
        ("in-relative", "file".into(), true),
        ("in-folder", "src".into(), true),
        ("in-absolute", root.join("file"), true),
        ("in-around", "../work/file".into(), true),
        ("in-dangling", "src/later".into(), true),
        ("in-chain", "in-absolute".into(), true),
        ("in-self", ".".into(), true),
        ("out-relative", "../secret".into(), false),
        ("out-folder", "../work-secret".into(), false),
        ("out-absolute", outer.join("secret"), false),
        ("out-root", "/".into(), false),
        ("out-proc", "/proc/self/root".into(), false),
        ("out-dangling", "../later".into(), false),
        ("out-chain", "out-relative".into(), false),
        ("out-through", "in-self/../secret".into(), false),
        ("loop", "loop".into(), false),
    ];
    rows.into_iter()
        .map(|(name, target, inside)| {
            site.link(name, target);
            (name, inside)
        })
        .collect()
}

#[test]
fn links_are_followed_inside_only() {
    let site = Site::new();
    for (name, inside) in links(&site) {
        let place = site.workspace.place(name);
        assert_eq!(place.is_ok(), inside, "{name}: {place:?}");
    }
    let place = site.workspace.place("in-folder/lib.rs").unwrap();
    assert_eq!(place.relative(), Path::new("src/lib.rs"));
    let place = site.workspace.place("in-dangling").unwrap();
    assert_eq!((place.kind(), place.relative()), (None, Path::new("src/later")));
}

/// Every start with every way on with every goal: whatever is allowed must be inside, whatever is read must
/// not be the secret.
#[test]
fn no_combination_of_tricks_reaches_outside() {
    let site = Site::new();
    let mut starts: Vec<String> = links(&site).into_iter().map(|(name, _)| name.to_owned()).collect();
    let own = ["", ".", "src", "file", "new", "..", "{w}", "{o}", "/", "/{w}", "../work"];
    starts.extend(own.map(str::to_owned));
    let ways = ["", "/", "/.", "/..", "/../..", "//..//", "/src/../..", "/ ", "/in-folder/.."];
    let goals = ["", "/file", "/secret", "/work-secret/file", "/../secret", "/work/file", "/new/file"];
    let (mut tried, mut allowed) = (0, 0);
    for start in &starts {
        for (way, goal) in ways.iter().flat_map(|way| goals.map(|goal| (way, goal))) {
            let path = format!("{start}{way}{goal}")
                .replace("{w}", site.root().to_str().unwrap())
                .replace("{o}", site.root().parent().unwrap().to_str().unwrap());
            tried += 1;
            let Ok(place) = site.workspace.place(&path) else { continue };
            allowed += 1;
            let existing = place.path().ancestors().find(|path| path.exists()).unwrap();
            assert!(existing.canonicalize().unwrap().starts_with(site.root()), "{path} gave {place:?}");
            if let Ok(data) = site.workspace.read(&place, 1000) {
                assert_ne!(data.bytes, SECRET.as_bytes(), "{path} read the secret");
            }
        }
    }
    assert!(tried > 500 && allowed > 100, "{tried} tried, {allowed} allowed");
}

#[test]
fn several_roots_are_reached_from_each_other() {
    let site = Site::new();
    let second = site.outer().join("work-secret");
    let both = Workspace::open(site.root(), &[second.clone(), site.root().to_owned()]).unwrap();
    assert_eq!(both.roots().count(), 2);
    for path in ["../work-secret/file", "src/../../work-secret/file", second.join("file").to_str().unwrap()] {
        let place = both.place(path).unwrap();
        assert_eq!(both.read(&place, 100).unwrap().bytes, SECRET.as_bytes());
        let foreign = site.workspace.read(&place, 100).unwrap_err();
        assert_eq!(foreign.kind(), ErrorKind::Denied);
    }
    assert_eq!(both.place("../secret").unwrap_err().kind(), ErrorKind::Denied);
    let elsewhere = Workspace::open(&second, &[]).unwrap();
    let foreign = elsewhere.read(&site.workspace.place("file").unwrap(), 100).unwrap_err();
    assert_eq!(foreign.kind(), ErrorKind::Denied);
}

#[test]
fn a_root_named_through_a_link_knows_both_its_names() {
    let site = Site::new();
    let alias = site.outer().join("alias");
    std::os::unix::fs::symlink(site.root(), &alias).unwrap();
    let by_alias = Workspace::open(&alias, &[]).unwrap();
    let by_both = Workspace::open(site.root(), std::slice::from_ref(&alias)).unwrap();
    for workspace in [by_alias, by_both] {
        assert_eq!(workspace.roots().collect::<Vec<_>>(), [site.root()]);
        for base in [alias.as_path(), site.root()] {
            let place = workspace.place(base.join("file").to_str().unwrap()).unwrap();
            assert_eq!(place.path(), site.root().join("file"));
        }
    }
}

#[test]
fn folders_that_cannot_be_roots_are_refused_with_the_reason() {
    let site = Site::new();
    site.link("loop", "loop");
    let root = site.root();
    let rows: [(PathBuf, &str); 6] = [
        ("relative".into(), "absolute"),
        (root.join("missing"), "no such folder"),
        (root.join("file"), "not a folder"),
        (root.join("loop"), "loop"),
        (root.join("nul\0"), "NUL"),
        ("/".into(), "whole file system"),
    ];
    for (path, reason) in rows {
        let error = Workspace::open(&path, &[]).unwrap_err();
        assert!(
            matches!(error, WorkspaceError::Invalid { .. }) && error.to_string().contains(reason),
            "{error}"
        );
        assert!(Workspace::open(root, &[path]).is_err());
    }
}

#[test]
fn a_root_that_was_swapped_is_noticed() {
    let site = Site::new();
    std::fs::rename(site.root(), site.outer().join("away")).unwrap();
    std::fs::create_dir(site.root()).unwrap();
    assert_eq!(site.workspace.place("file").unwrap_err().kind(), ErrorKind::Conflict);
}

#[test]
fn a_readable_folder_is_read_and_never_changed() {
    let site = Site::new();
    let secret = site.outer().join("work-secret");
    let workspace = site.workspace.with_readable(std::slice::from_ref(&secret)).unwrap();
    assert_eq!(workspace.roots().collect::<Vec<_>>(), [site.root()]);
    let place = workspace.place(secret.join("file").to_str().unwrap()).unwrap();
    assert!(workspace.is_read_only(&place));
    assert_eq!(workspace.read(&place, 100).unwrap().bytes, SECRET.as_bytes());
    let refused = workspace.replace(&place, b"x", Expected::Anything).unwrap_err();
    assert!(refused.to_string().contains("can be read and not changed"), "{refused}");
    assert!(workspace.remove(&place, Expected::Anything).is_err());
    let absent = workspace.place(secret.join("new/file").to_str().unwrap()).unwrap();
    assert!(workspace.replace(&absent, b"x", Expected::Absent).is_err());
    assert!(!secret.join("new").exists());
    // Who was not given the folder does not reach it, and links do not lead out of it.
    assert!(site.workspace.read(&place, 100).is_err());
    std::os::unix::fs::symlink(site.outer().join("secret"), secret.join("link")).unwrap();
    assert!(workspace.place(secret.join("link").to_str().unwrap()).is_err());
    let inside = workspace.place("file").unwrap();
    assert!(!workspace.is_read_only(&inside));
    workspace.replace(&inside, b"x", Expected::Anything).unwrap();
}

#[test]
fn a_readable_folder_around_a_root_is_refused_and_a_root_stays_one() {
    let site = Site::new();
    assert!(site.workspace.with_readable(&[site.outer().to_owned()]).is_err());
    assert!(site.workspace.with_readable(&[site.outer().join("nowhere")]).is_err());
    let same = site.workspace.with_readable(&[site.root().to_owned()]).unwrap();
    same.replace(&same.place("file").unwrap(), b"x", Expected::Anything).unwrap();
}
