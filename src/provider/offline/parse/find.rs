//! Finding: comment markers, files by name, lines by text.

use super::phrase::{ARTICLES, Scope, after, after_any, glob_of, is_file_like, skip, without};
use super::token::{Mark, Word};
use crate::provider::offline::step::{Place, Step, Topic};

/// Words that may stand around a marker without changing what is asked.
const AROUND_MARKERS: &[&str] = &[
    "find",
    "list",
    "show",
    "search",
    "for",
    "grep",
    "get",
    "collect",
    "give",
    "me",
    "all",
    "every",
    "any",
    "the",
    "of",
    "comment",
    "comments",
    "marker",
    "markers",
    "note",
    "notes",
    "item",
    "items",
    "tag",
    "tags",
    "annotation",
    "annotations",
    "and",
    "or",
    "what",
    "where",
    "which",
    "are",
    "is",
    "there",
    "look",
    "scan",
    "have",
    "do",
    "we",
    "i",
    "left",
    "remaining",
    "open",
    "outstanding",
    "see",
    "exist",
    "still",
    "report",
    "locate",
    "display",
    "print",
    "with",
    "containing",
    "contain",
    "line",
    "lines",
    "code",
    "occurrences",
    "occurrence",
    "instances",
    "their",
    "location",
    "locations",
    "a",
    "list",
    "us",
    "out",
    "check",
    "mentions",
    "files",
    "everything",
    "each",
    "file",
    "numbers",
    "number",
    "that",
    "gather",
    "enumerate",
    "identify",
    "existing",
    "tell",
    "has",
    "marked",
    "entries",
    "string",
    "word",
    "text",
    "discover",
    "return",
    "how",
    "many",
    "count",
    "them",
    "names",
    "codebase",
    "project",
    "repo",
    "repository",
    "source",
    "this",
];

/// `find all TODO comments in src`
pub(super) fn todos(words: &[Word], scope: &Scope<'_>) -> Option<Vec<Step>> {
    let words = place_last(words);
    let (rest, places) = scope.split_place(&words)?;
    let mut markers: Vec<String> = Vec::new();
    for word in rest {
        let found = markers_of(word);
        if found.is_empty() && !AROUND_MARKERS.contains(&word.key.as_str()) {
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
    const VERBS: &[&str] = &[
        "find",
        "list",
        "show",
        "locate",
        "glob",
        "search for",
        "look for",
        "get",
        "which",
        "what",
        "where is",
        "where are",
        "where's",
        "ls",
        "search",
        "are there any",
        "are there",
        "give",
        "dir",
    ];
    let rest = after_any(words, VERBS)?;
    let glob_verb = after(words, "glob").is_some();
    let rest = skip(rest, ARTICLES);
    let (pattern, places) = match named(rest) {
        // `files ending in .rs`: that `in` is not of a place.
        Some(pattern) => (pattern, vec![Place::default()]),
        None => {
            let (rest, places) = scope.split_place(rest)?;
            (named(rest).or_else(|| only(rest, words, glob_verb))?, places)
        }
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
    let rest =
        skip(words, &["all", "every", "any", "the", "file", "files", "a", "that", "whose", "names", "name"]);
    if rest.len() == words.len() {
        return None;
    }
    let exact =
        after_any(rest, &["named", "called", "are named", "are called", "is", "with name", "with the name"]);
    let like = after_any(
        rest,
        &["matching", "like", "match", "matching the pattern", "containing in name", "that match"],
    );
    let ending = after_any(
        rest,
        &[
            "ending in",
            "ending with",
            "end in",
            "end with",
            "with extension",
            "with the extension",
            "of type",
            "with the suffix",
        ],
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
    const NOISE: &[&str] = &[
        "all", "every", "any", "the", "file", "files", "matching", "source", "are", "there", "exist",
        "pattern", "me", "sources",
    ];
    let says_files = words.iter().any(|word| ["file", "files", "sources"].contains(&word.key.as_str()));
    let [word] = without(words, NOISE)[..] else { return None };
    if word.text.contains(['*', '{']) || glob_verb {
        return (word.mark != Mark::Pattern && !word.text.contains(char::is_whitespace))
            .then(|| word.text.clone());
    }
    if says_files && let Some(glob) = glob_of(word) {
        return Some(glob);
    }
    let finds =
        after_any(all, &["find", "locate", "where is", "where's", "look for", "search for"]).is_some();
    let by_name = is_file_like(&word.text) && !word.text.contains('/') && word.mark != Mark::Text;
    (finds && (by_name || (says_files && word.mark != Mark::Pattern))).then(|| word.text.clone())
}

/// `search for "X" in src`, `where is foo defined`
pub(super) fn search(words: &[Word], scope: &Scope<'_>) -> Option<Vec<Step>> {
    let words = &place_last(words)[..];
    const STRONG: &[&str] = &["search for", "search", "grep for", "grep", "look for", "rg", "scan for"];
    const WEAK: &[&str] = &[
        "find",
        "locate",
        "where is",
        "where are",
        "where's",
        "which files",
        "what files",
        "show",
        "list",
        "where do we",
        "which file",
    ];
    let strong = after_any(words, STRONG);
    let verb_grep = after_any(words, &["grep", "rg"]).is_some();
    let rest = strong.or_else(|| after_any(words, WEAK))?;
    if strong.is_some() && rest.is_empty() {
        return Some(vec![Step::Say(Topic::Ask(
            "Search for what? For example `search for \"main\" in src`.",
        ))]);
    }
    if rest.iter().any(|word| word.text.starts_with('-') && !word.is_marked() && word.key != "-i") {
        return None;
    }
    let (rest, ignore_case) = any_case(rest);
    let (rest, places) = place(&rest, scope, verb_grep)?;
    let (object, noun) = object(rest);
    let (text, pattern, any) = match object {
        [_, _, ..] if object.iter().any(Word::is_marked) => either(object)?,
        [word] if word.is_marked() => literal(word, verb_grep || noun == Noun::Pattern)?,
        [] => return None,
        _ if noun == Noun::Pattern => joined(object, true)?,
        _ if strong.is_some() || noun == Noun::Text => joined(object, false)?,
        [word] if is_identifier(&word.text) => joined(object, false)?,
        _ => return None,
    };
    let step = |place| Step::Search {
        text: text.clone(),
        pattern: pattern.clone(),
        ignore_case: ignore_case || any,
        place,
    };
    Some(places.into_iter().map(step).collect())
}

/// `search src for X` in the order of `search for X in src`.
fn place_last(words: &[Word]) -> Vec<Word> {
    let verb = after_any(words, &["search", "scan", "look", "grep", "check", "go"]);
    let at = super::phrase::position(words, &["for"]);
    let (Some(_), Some(at)) = (verb, at.filter(|at| *at > 1)) else { return words.to_vec() };
    let place = skip(&words[1..at], &["in", "through", "inside", "all", "of"]);
    let preposition = Word { key: "in".to_owned(), text: "in".to_owned(), ..words[at].clone() };
    if place.is_empty() || words[at..].iter().any(|word| !word.is_marked() && word.key == "in") {
        return words.to_vec();
    }
    let verb = Word { key: "search".to_owned(), ..words[0].clone() };
    [&[verb], &words[at..], &[preposition], place].concat()
}

/// What the object of a search was called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Noun {
    None,
    Text,
    Pattern,
}

/// The object without the nouns around it: `all uses of the function X` is X.
fn object(words: &[Word]) -> (&[Word], Noun) {
    const NOISE: &[&str] = &[
        "for", "the", "all", "any", "every", "a", "an", "me", "that", "line", "lines", "with", "of", "to",
        "in", "where",
    ];
    const TEXT: &[&str] = &[
        "text",
        "string",
        "word",
        "phrase",
        "occurrences",
        "occurrence",
        "uses",
        "usages",
        "usage",
        "references",
        "reference",
        "mentions",
        "instances",
        "calls",
        "containing",
        "contain",
        "contains",
        "mention",
        "mentioning",
        "use",
        "using",
        "function",
        "struct",
        "class",
        "method",
        "definition",
        "definitions",
        "variable",
        "type",
        "symbol",
        "literal",
        "trait",
        "enum",
        "constant",
        "matching",
        "matches",
        "call",
    ];
    const PATTERN: &[&str] = &["regex", "regexp", "regular", "expression", "pattern"];
    let mut noun = Noun::None;
    let mut rest = words;
    while let [first, tail @ ..] = rest
        && !first.is_marked()
        && !tail.is_empty()
    {
        noun = match first.key.as_str() {
            key if PATTERN.contains(&key) => Noun::Pattern,
            key if TEXT.contains(&key) && noun == Noun::None => Noun::Text,
            key if NOISE.contains(&key) || TEXT.contains(&key) => noun,
            _ => break,
        };
        rest = tail;
    }
    while let [head @ .., last] = rest
        && !head.is_empty()
        && !last.is_marked()
        && ["defined", "used", "called", "declared", "implemented", "referenced", "mentioned"]
            .contains(&last.key.as_str())
    {
        noun = Noun::Text;
        rest = head;
    }
    (rest, noun)
}

/// The object and the places; `grep X src` names its place without `in`.
fn place<'w>(words: &'w [Word], scope: &Scope<'_>, verb_grep: bool) -> Option<(&'w [Word], Vec<Place>)> {
    if verb_grep
        && let [_, path] = words
        && (is_file_like(&path.text) || path.text.ends_with('/') || words[0].is_marked())
    {
        return Some((&words[..1], scope.places(&words[1..])?));
    }
    match scope.split_place(words) {
        // `search for foo in bar baz`: the whole is the text.
        None if words.iter().all(|word| !word.is_marked()) => None,
        other => other,
    }
}

/// Takes the remark that case does not matter off.
fn any_case(words: &[Word]) -> (Vec<Word>, bool) {
    const REMARKS: &[&[&str]] = &[
        &["ignoring", "case"],
        &["ignore", "case"],
        &["case", "insensitively"],
        &["case-insensitively"],
        &["case-insensitive"],
        &["case", "insensitive"],
        &["-i"],
        &["in", "any", "case"],
        &["regardless", "of", "case"],
    ];
    for at in 0..words.len() {
        if let Some(remark) = REMARKS.iter().find(|remark| super::phrase::starts(&words[at..], remark)) {
            let mut rest = words.to_vec();
            rest.drain(at..at + remark.len());
            return (rest, true);
        }
    }
    (words.to_vec(), false)
}

/// What a quoted text searches for: itself, or the expression it is.
fn literal(word: &Word, expression: bool) -> Option<(String, String, bool)> {
    const SIGNS: &[&str] = &[".*", ".+", "\\w", "\\b", "\\s", "\\d", "[", "|", "^", "\\("];
    let text = word.text.trim_end_matches('\n');
    if text.is_empty() {
        return None;
    }
    let meant = word.mark == Mark::Pattern || (expression && (SIGNS.iter().any(|sign| text.contains(sign))));
    let expression = meant && regex::Regex::new(text).is_ok();
    let pattern = if expression { text.to_owned() } else { regex::escape(text) };
    Some((text.to_owned(), pattern, word.any_case))
}

/// `"a" or "b"`
fn either(words: &[Word]) -> Option<(String, String, bool)> {
    let apart = words.iter().enumerate().all(|(at, word)| {
        if at % 2 == 0 { word.is_marked() } else { ["or", "and"].contains(&word.key.as_str()) }
    });
    let parts: Option<Vec<_>> = words.iter().step_by(2).map(|word| literal(word, false)).collect();
    let parts = parts.filter(|_| apart && words.len() % 2 == 1)?;
    let texts: Vec<&str> = parts.iter().map(|(text, ..)| text.as_str()).collect();
    let patterns: Vec<&str> = parts.iter().map(|(_, pattern, _)| pattern.as_str()).collect();
    Some((texts.join(" or "), patterns.join("|"), parts.iter().any(|(.., any)| *any)))
}

fn joined(words: &[Word], expression: bool) -> Option<(String, String, bool)> {
    let text = words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ");
    let pattern =
        if expression && regex::Regex::new(&text).is_ok() { text.clone() } else { regex::escape(&text) };
    (words.len() <= 8 && words.iter().all(|word| word.mark != Mark::Fence)).then_some((text, pattern, false))
}

/// Whether a bare word can only be the name of something in code.
fn is_identifier(text: &str) -> bool {
    let mixed = text.chars().skip(1).any(char::is_uppercase) && text.chars().any(char::is_lowercase);
    text.contains('_') || text.contains("::") || text.ends_with("()") || text.ends_with('!') || mixed
}
