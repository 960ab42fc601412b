//! What every room says at its door.

use super::source::{self, Source};
use super::{caught, none};

/// Rooms whose first words are not four short paragraphs: what lives here; what may not; what always holds; how to
/// add one. Parts of a room say what they are.
fn silent_doors(sources: &[Source]) -> Vec<String> {
    let mut findings = Vec::new();
    for source in sources.iter().filter(|it| it.path.ends_with("/mod.rs") && it.path.starts_with("src/")) {
        let header: Vec<_> = source.text.lines().map_while(|line| line.strip_prefix("//!")).collect();
        let paragraphs =
            header.split(|line| line.trim().is_empty()).filter(|lines| !lines.is_empty()).count();
        let room = source.module().len() == 1;
        if room && paragraphs != 4 {
            findings.push(format!("{}: {paragraphs} paragraphs at the door, not four", source.path));
        } else if paragraphs == 0 && !source.is_test() {
            findings.push(format!("{}: does not say what it is", source.path));
        }
    }
    findings
}

#[test]
fn every_room_says_what_it_is_for() {
    none(&silent_doors(source::library()));
}

#[test]
fn a_planted_silence_is_found() {
    let planted = |path: &str, text: &str| silent_doors(&[Source::new(path, text)]);
    caught(
        &planted("src/a/mod.rs", "//! One.\n//!\n//! Two,\n//! still two.\nmod x;\n//! Four."),
        &["2 paragraphs"],
    );
    caught(&planted("src/a/b/mod.rs", "mod x;"), &["does not say"]);
    caught(&planted("src/a/mod.rs", "//! One.\n//!\n//! Two.\n//!\n//! Three.\n//!\n//! Four.\n"), &[]);
}
