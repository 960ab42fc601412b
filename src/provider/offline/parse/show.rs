//! Showing files and directories.

use super::phrase::{Scope, after_any, meant, mentions, without};
use super::token::{Mark, Word};
use super::vocabulary::{ARTICLES, among};
use crate::provider::offline::step::{Range, Step, Topic};

pub(super) const WHICH_FILE: &str = "Which file? For example `show src/main.rs`, or attach one.";

/// `list the files in src`, `ls`, `what files are here`
pub(super) fn list(words: &[Word], scope: &Scope<'_>) -> Option<Vec<Step>> {
    const VERBS: &str = "list|ls|dir";
    const LOOKS: &str = "\
        show|what|which|display|print|see|give|get|view|what's|open|read|tree|browse";
    const NOISE: &str = "\
        the all files file contents content of folder folders directory directories dir in me what are \
        there is here tree structure layout entries root everything and project my this current working \
        under inside within from a us at repository repo codebase workspace exist listing top-level \
        items do we have i";
    const FILES: &str = "\
        files directory directories folder folders tree structure dir entries layout";
    let says_files = mentions(words, FILES);
    let slash = words
        .last()
        .is_some_and(|word| word.text.ends_with('/') && word.mark != Mark::Pattern || word.text == ".");
    let verb = after_any(words, VERBS);
    let rest = verb.or_else(|| after_any(words, LOOKS).filter(|_| says_files || slash))?;
    if rest.iter().any(|word| word.text.starts_with('-') && !word.is_marked()) {
        return None;
    }
    let kept = without(rest, NOISE);
    let plain =
        verb.is_some() && rest.len() <= 1 || says_files || slash || mentions(rest, "in of under inside");
    // `list the files in one two three` is a sentence, not a list of paths.
    let joined = rest.iter().any(|word| word.key == "and" || word.raw(scope.source).ends_with(','));
    let plain = plain || (verb.is_some() && joined);
    let paths = scope.paths(&kept, |scope, word| {
        let path = scope.path(word)?;
        let likely = word.is_marked() || plain || path.contains('/') || path == "." || path == "..";
        likely.then_some(path)
    })?;
    if paths.is_empty() {
        return Some(vec![Step::List { path: None }]);
    }
    let path = |path: String| Step::List { path: Some(path).filter(|path| path != ".") };
    (paths.len() == 1 || joined).then(|| paths.into_iter().map(path).collect())
}

/// `show README.md`, `read lines 10-20 of src/lib.rs`, `what's in Cargo.toml`
pub(super) fn file(words: &[Word], scope: &Scope<'_>) -> Option<Vec<Step>> {
    const VERBS: &str = "\
        show|read|open|cat|print|display|view|look at|take a look at|see|let me see|what's in|\
        what is in|whats in|what does|what are|what is|type|give|get|dump|contents of|the contents of|\
        the content of|head|tail";
    const NOISE: &str = "\
        me us the file files content contents of in whole entire full from contain contains say with \
        out a up both lines:";
    let rest = after_any(words, VERBS)?;
    let question = words[0].key.starts_with("what");
    let (rest, mut range) = range(rest);
    if words[0].key == "head" && range == Range::Whole {
        range = Range::Lines(1, 10);
    } else if words[0].key == "tail" && range == Range::Whole {
        range = Range::Last(10);
    }
    let kept = without(&rest, NOISE);
    if kept.is_empty() || meant(&rest) {
        if scope.meant.is_empty() {
            return (!question).then(|| vec![Step::Say(Topic::Ask(WHICH_FILE))]);
        }
        return Some(scope.meant.iter().map(|path| Step::Show { path: path.clone(), range }).collect());
    }
    let kept: Vec<&Word> =
        kept.into_iter().filter(|word| word.is_marked() || !among(&word.key, ARTICLES)).collect();
    let alone = kept.len() == 1 && !question;
    let paths = scope.paths(&kept, |scope, word| if alone { scope.path(word) } else { scope.file(word) })?;
    let listed = rest.iter().any(|word| word.key == "and" || word.raw(scope.source).ends_with(','));
    if paths.is_empty() || (paths.len() > 1 && !listed && words[0].key != "cat") {
        return None;
    }
    Some(paths.into_iter().map(|path| step(path, range)).collect())
}

/// A path may carry its lines: `a.rs:10-20`, `a.rs#L10-L20`, `a.rs:7`.
fn step(path: String, range: Range) -> Step {
    let suffix = path.rsplit_once("#L").or_else(|| path.rsplit_once(':'));
    if range == Range::Whole
        && let Some((file, lines)) = suffix
        && let Some(range) = span(lines)
    {
        return Step::Show { path: file.to_owned(), range };
    }
    Step::Show { path, range }
}

/// Takes the lines asked for out of the words.
fn range(words: &[Word]) -> (Vec<Word>, Range) {
    for at in 0..words.len() {
        let keys: Vec<&str> = words[at..].iter().take(6).map(|word| word.key.as_str()).collect();
        if let Some((used, range)) = range_at(&keys) {
            let mut rest = words.to_vec();
            rest.drain(at..at + used);
            return (rest, range);
        }
    }
    (words.to_vec(), Range::Whole)
}

fn range_at(keys: &[&str]) -> Option<(usize, Range)> {
    const TO: &str = "to - – through until and till";
    let lines = |from: u64, to: u64| Range::Lines(from.max(1), to.max(from.max(1)));
    let both = |from: &str, to: &str| Some((number(from)?, number(to)?));
    match keys {
        ["from" | "between", rest @ ..] if rest.first().is_some_and(|key| key.starts_with("line")) => {
            range_at(rest).map(|(used, range)| (used + 1, range))
        }
        ["line" | "lines", from, to, "line" | "lines", last, ..] if among(to, TO) => {
            both(from, last).map(|(from, to)| (5, lines(from, to)))
        }
        ["line" | "lines", from, to, last, ..] if among(to, TO) && number(last).is_some() => {
            both(from, last).map(|(from, to)| (4, lines(from, to)))
        }
        ["line" | "lines", numbers, ..] => span(numbers).map(|range| (2, range)),
        ["first" | "top", "line", ..] => Some((2, lines(1, 1))),
        ["last" | "bottom", "line", ..] => Some((2, Range::Last(1))),
        ["first" | "top", count, "lines" | "line", ..] => number(count).map(|count| (3, lines(1, count))),
        ["last" | "bottom" | "final", count, "lines" | "line", ..] => {
            number(count).map(|count| (3, Range::Last(count.max(1))))
        }
        _ => None,
    }
}

/// `10-20`, `L10-L20` or `7`.
fn span(text: &str) -> Option<Range> {
    let text = text.replace(['–', '—', ':'], "-").replace(['l', 'L'], "");
    let (from, to) = text.split_once('-').unwrap_or((&text, &text));
    let (from, to) = (number(from)?, number(to)?);
    (from > 0).then_some(Range::Lines(from, to.max(from)))
}

fn number(text: &str) -> Option<u64> {
    const WORDS: &[(&str, u64)] = &[
        ("one", 1),
        ("two", 2),
        ("three", 3),
        ("five", 5),
        ("ten", 10),
        ("twenty", 20),
        ("fifty", 50),
        ("hundred", 100),
    ];
    let word = || WORDS.iter().find(|(word, _)| *word == text).map(|(_, number)| *number);
    text.parse().ok().filter(|number| *number < 1 << 32).or_else(word)
}
