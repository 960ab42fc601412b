//! Finding comment markers, and files by name.

use super::phrase::{Scope, after, after_any, mentions, skip, without};
use super::search::place_last;
use super::token::{Mark, Word};
use super::vocabulary::{ARTICLES, among, glob_of, is_file_like};
use crate::provider::offline::step::{Place, Step};

/// Words that may stand around a marker without changing what is asked.
const AROUND_MARKERS: &str = "\
    find list show search for grep get collect give me all every any the of comment comments marker \
    markers note notes item items tag tags annotation annotations and or what where which are is there \
    look scan have do we i left remaining open outstanding see exist still report locate display print \
    with containing contain line lines code occurrences occurrence instances their location locations a \
    list us out check mentions files everything each file numbers number that gather enumerate identify \
    existing tell has marked entries string word text discover return how many count them names \
    codebase project repo repository source this";

/// `find all TODO comments in src`
pub(super) fn todos(words: &[Word], scope: &Scope<'_>) -> Option<Vec<Step>> {
    let words = place_last(words);
    let (rest, places) = scope.split_place(&words)?;
    let mut markers: Vec<String> = Vec::new();
    for word in rest {
        let found = markers_of(word);
        if found.is_empty() && !among(&word.key, AROUND_MARKERS) {
            return None;
        }
        for marker in found {
            if !markers.iter().any(|known| known == marker) {
                markers.push(marker.to_owned());
            }
        }
    }
    if markers.is_empty() {
        return None;
    }
    Some(places.into_iter().map(|place| Step::Todos { markers: markers.clone(), place }).collect())
}

/// The markers a word names: `TODOs`, `TODO/FIXME`.
pub(super) fn markers_of(word: &Word) -> Vec<&'static str> {
    const MARKERS: &[(&str, &[&str])] = &[
        ("TODO", &["todo", "todos", "todo's", "to-do", "to-dos", "@todo", "todo:"]),
        ("FIXME", &["fixme", "fixmes", "fixme's", "fix-me"]),
        ("HACK", &["hack", "hacks"]),
        ("XXX", &["xxx", "xxxs"]),
    ];
    let text = if matches!(word.mark, Mark::Text | Mark::Code) {
        word.text.to_lowercase()
    } else {
        word.key.clone()
    };
    let named =
        |part: &str| MARKERS.iter().find(|(_, names)| names.contains(&part)).map(|(marker, _)| *marker);
    let found: Option<Vec<&str>> = text.split(['/', '|', ',', '+', '&']).map(named).collect();
    found.unwrap_or_default()
}

/// `find files named *.rs`, `list all Rust files in src`
pub(super) fn files(words: &[Word], scope: &Scope<'_>) -> Option<Vec<Step>> {
    const VERBS: &str = "\
        find|list|show|locate|glob|search for|look for|get|which|what|where is|where are|where's|ls|\
        search|are there any|are there|give|dir";
    let rest = after_any(words, VERBS)?;
    let glob_verb = after(words, "glob").is_some();
    let rest = skip(rest, ARTICLES);
    // `files ending in .rs`: that `in` is not of a place.
    let (pattern, places) = if let Some(pattern) = named(rest) {
        (pattern, vec![Place::default()])
    } else {
        let (rest, places) = scope.split_place(rest)?;
        (named(rest).or_else(|| only(rest, words, glob_verb))?, places)
    };
    let pattern = if pattern.contains('/') { pattern } else { format!("**/{pattern}") };
    let step = |place: Place| match place {
        Place { path, glob: None } => Some(Step::Files { pattern: pattern.clone(), path }),
        Place { glob: Some(_), .. } => None,
    };
    places.into_iter().map(step).collect()
}

/// `files named X`, `files matching X`, `files ending in .rs`
fn named(words: &[Word]) -> Option<String> {
    let rest = skip(words, "all every any the file files a that whose names name");
    if rest.len() == words.len() {
        return None;
    }
    let exact = after_any(rest, "named|called|are named|are called|is|with name|with the name");
    let like = after_any(
        rest,
        "\
            matching|like|match|matching the pattern|containing in name|that match",
    );
    let ending = after_any(
        rest,
        "\
            ending in|ending with|end in|end with|with extension|with the extension|of type|\
            with the suffix",
    );
    let [word] = ending.or(exact).or(like)? else { return None };
    let text = word.text.clone();
    Some(if text.contains(['*', '?', '{']) {
        text
    } else if ending.is_some() {
        format!("*{}{text}", if text.starts_with('.') || text.contains('.') { "" } else { "." })
    } else if like.is_some() {
        format!("*{text}*")
    } else {
        text
    })
}

/// `*.rs`, `Rust files`, `main.rs`
fn only(words: &[Word], all: &[Word], glob_verb: bool) -> Option<String> {
    const NOISE: &str = "\
        all every any the file files matching source are there exist pattern me sources";
    let says_files = mentions(words, "file files sources");
    let [word] = without(words, NOISE)[..] else { return None };
    if word.text.contains(['*', '{']) || glob_verb {
        return (word.mark != Mark::Pattern && !word.text.contains(char::is_whitespace))
            .then(|| word.text.clone());
    }
    if says_files && let Some(glob) = glob_of(word) {
        return Some(glob);
    }
    let finds = after_any(all, "find|locate|where is|where's|look for|search for").is_some();
    let by_name = is_file_like(&word.text) && !word.text.contains('/') && word.mark != Mark::Text;
    (finds && (by_name || (says_files && word.mark != Mark::Pattern))).then(|| word.text.clone())
}
