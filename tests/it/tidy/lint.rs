//! Lints are silenced where they must be, with a reason, and for as long as there is something to silence.

use super::source::{self, Source};
use super::{caught, none};

fn silenced(sources: &[Source]) -> Vec<String> {
    let mut findings = Vec::new();
    for source in sources {
        let code = source.code();
        for (at, _) in code.match_indices("#[").chain(code.match_indices("#![")) {
            let attribute = code[at..].split(']').next().unwrap_or_default();
            let said = attribute.trim_start_matches(['#', '!', '[']);
            let line = code[..at].matches('\n').count() + 1;
            let silences =
                |word: &str| said.starts_with(&format!("{word}(")) || said.contains(&format!(" {word}("));
            if silences("allow") {
                findings.push(format!("{}:{line}: allow outlives its cause: write expect", source.path));
            } else if silences("expect") && !said.contains("reason =") {
                findings.push(format!("{}:{line}: expect without a reason", source.path));
            } else if said == "ignore" {
                findings.push(format!("{}:{line}: a test is ignored without a reason", source.path));
            }
        }
    }
    findings
}

#[test]
fn what_is_silenced_has_a_reason() {
    none(&silenced(source::rust()));
}

#[test]
fn a_planted_silence_is_found() {
    let planted = |text: &str| silenced(&[Source::new("src/a.rs", text)]);
    caught(&planted("\n#[allow(dead_code, reason = \"x\")]"), &["src/a.rs:2: allow outlives"]);
    caught(&planted("#![expect(\n  dead_code\n)]"), &["src/a.rs:1: expect without"]);
    caught(&planted("#[cfg_attr(test, expect(dead_code))]"), &["expect without"]);
    caught(&planted("#[ignore]\nfn a() {}"), &["ignored"]);
    caught(&planted("#[ignore = \"needs a disk that is full\"]\n#[expect(dead_code, reason = \"x\")]"), &[]);
}
