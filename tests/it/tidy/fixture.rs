//! Every fixture is read by some test.

use super::source::{self, Source};
use super::{caught, none};

/// Folders that a test reads whole, and the test.
const WALKED: &[(&str, &str)] = &[
    ("fixtures/acp", "tests/it/support/conversation/mod.rs"),
    ("fixtures/hostile", "tests/it/wire.rs"),
    ("fixtures/provider", "tests/it/provider/mod.rs"),
    ("fixtures/task", "tests/it/task_set/mod.rs"),
    ("fixtures/task_dialect", "tests/it/task_dialect/mod.rs"),
];

/// Fixtures that no code names: neither the file, nor a folder that its test reads whole.
fn unused(sources: &[Source]) -> Vec<String> {
    let named = |path: &str| sources.iter().any(|it| it.is_rust() && names(&it.text, path));
    let walked = |path: &str| {
        WALKED.iter().any(|(folder, reader)| {
            let reads =
                sources.iter().any(|it| it.path == *reader && it.text.contains(&format!("{folder}\"")));
            reads && path.starts_with(&format!("{folder}/"))
        })
    };
    let fixtures = sources.iter().map(|it| it.path.as_str()).filter(|path| path.starts_with("fixtures/"));
    let unused = fixtures.filter(|path| !walked(path) && !named(path));
    unused.map(|path| format!("{path} is read by no test")).collect()
}

/// Whether a literal of the text ends in the path.
fn names(text: &str, path: &str) -> bool {
    text.contains(&format!("{path}\""))
}

#[test]
fn every_fixture_is_read_by_a_test() {
    none(&unused(source::repository()));
}

#[test]
fn a_planted_fixture_is_found() {
    let mut sources = source::repository().to_vec();
    let path = format!("fixtures/{}.tsv", "forgotten");
    sources.push(Source::new(&path, ""));
    caught(&unused(&sources), &["forgotten.tsv is read by no test"]);
    let deaf: Vec<_> = source::repository().iter().filter(|it| it.path != WALKED[0].1).cloned().collect();
    assert!(unused(&deaf).len() > 50, "a folder that nobody walks counts as read");
}
