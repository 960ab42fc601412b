use std::path::{Path, PathBuf};

use crate::tool::SeenFiles;
use crate::workspace::Fingerprint;

#[test]
fn the_last_content_counts() {
    let seen = SeenFiles::default();
    seen.note(Path::new("/a"), Fingerprint::of(b"1"));
    seen.note(Path::new("/a"), Fingerprint::of(b"2"));
    assert_eq!(seen.last(Path::new("/a")), Some(Fingerprint::of(b"2")));
    assert_eq!(seen.last(Path::new("/b")), None);
}

#[test]
fn what_was_noted_longest_ago_is_forgotten_first() {
    let seen = SeenFiles::default();
    let content = Fingerprint::of(b"");
    let path = |number: usize| PathBuf::from(format!("/{number}"));
    for number in 0..4096 {
        seen.note(&path(number), content);
    }
    seen.note(&path(0), content);
    seen.note(&path(4096), content);
    assert_eq!(seen.last(&path(1)), None);
    assert_eq!([0, 2, 4096].map(|number| seen.last(&path(number))), [Some(content); 3]);
}
