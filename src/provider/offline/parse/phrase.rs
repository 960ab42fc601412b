//! A clause as the rules see it: its words, and the questions rules ask of them.

use super::token::{Mark, Word};
use super::vocabulary::{
    ARTICLES, BARE_FILES, EVERYWHERE, POLITE, THANKS, among, glob_of, is_file_like, one_of,
};
use crate::provider::offline::step::Place;
use crate::provider::offline::turn::relative;

/// What a clause can refer to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scope<'a> {
    pub source: &'a str,
    pub cwd: &'a str,
    /// The files `it` and `this file` mean: the one of the step before, or those attached.
    pub meant: &'a [String],
}

/// The words without what is said around a request.
pub(super) fn bare_request(mut words: &[Word]) -> &[Word] {
    while let Some(rest) = after_any(words, POLITE).filter(|rest| !rest.is_empty()) {
        words = rest;
    }
    while let Some(rest) = before_any(words, THANKS).filter(|rest| !rest.is_empty()) {
        words = rest;
    }
    words
}

/// What is in front of the first of the phrases that the words end with.
fn before_any<'a>(words: &'a [Word], phrases: &str) -> Option<&'a [Word]> {
    phrases.split('|').find_map(|phrase| {
        let at = words.len().checked_sub(phrase.split(' ').count())?;
        after(&words[at..], phrase).map(|_| &words[..at])
    })
}

/// What follows the phrase, if the words start with it.
pub(super) fn after<'a>(words: &'a [Word], phrase: &str) -> Option<&'a [Word]> {
    let mut rest = words;
    for key in phrase.split(' ') {
        rest = rest.split_first().filter(|(word, _)| !word.is_marked() && word.key == key)?.1;
    }
    Some(rest)
}

/// What follows the first of the phrases that the words start with.
pub(super) fn after_any<'a>(words: &'a [Word], phrases: &str) -> Option<&'a [Word]> {
    phrases.split('|').find_map(|phrase| after(words, phrase))
}

/// The words without leading ones of the list.
pub(super) fn skip<'a>(mut words: &'a [Word], noise: &str) -> &'a [Word] {
    while let Some((first, rest)) = words.split_first()
        && among(&first.key, noise)
    {
        words = rest;
    }
    words
}

/// The words without any of the list.
pub(super) fn without<'a>(words: &'a [Word], noise: &str) -> Vec<&'a Word> {
    words.iter().filter(|word| !among(&word.key, noise)).collect()
}

/// The keys, joined by blanks; marked words are `"`.
pub(super) fn keys(words: &[Word]) -> String {
    let keys: Vec<&str> =
        words.iter().map(|word| if word.is_marked() { "\"" } else { word.key.as_str() }).collect();
    keys.join(" ")
}

/// Whether one of the words is there.
pub(super) fn mentions(words: &[Word], any: &str) -> bool {
    position(words, any).is_some()
}

/// Where the first of the keys is.
pub(super) fn position(words: &[Word], any: &str) -> Option<usize> {
    words.iter().position(|word| among(&word.key, any))
}

/// The source from the first to the last word.
pub(super) fn source_of<'a>(words: &[Word], source: &'a str) -> &'a str {
    match (words.first(), words.last()) {
        (Some(first), Some(last)) => source.get(first.start..last.end).unwrap_or_default(),
        _ => "",
    }
}

impl Scope<'_> {
    /// The path a word names, if it can be one.
    pub(super) fn path(&self, word: &Word) -> Option<String> {
        let text = match word.mark {
            Mark::Bare => word.text.trim_start_matches('@').trim_start_matches('(').trim_end_matches(')'),
            Mark::Text | Mark::Code => word.text.as_str(),
            Mark::Pattern => word.raw(self.source).trim_end_matches(['.', ',', ';', '!', '?']),
            Mark::Fence => return None,
        };
        let fits = !text.is_empty() && text.len() < 4096 && !text.contains(['\n', '\0']);
        let bare = word.is_marked() || !text.contains(['<', '>', '|', '"', '\'', ',', '`', '$', '&']);
        (fits && bare).then(|| {
            relative(text.strip_prefix("./").filter(|rest| !rest.is_empty()).unwrap_or(text), self.cwd)
        })
    }

    /// The path of a word that looks like a file's name by itself.
    pub(super) fn file(&self, word: &Word) -> Option<String> {
        let path = self.path(word)?;
        let known = among(&path.to_lowercase(), BARE_FILES);
        (word.is_marked() || known || is_file_like(&path)).then_some(path)
    }

    /// The paths of a list `a, b and c`; none if a word is in the way.
    pub(super) fn paths(
        &self,
        words: &[&Word],
        one: impl Fn(&Self, &Word) -> Option<String>,
    ) -> Option<Vec<String>> {
        let mut paths = Vec::new();
        for word in words {
            if word.is_marked() || !among(&word.key, "and & , or") {
                paths.push(one(self, word)?);
            }
        }
        Some(paths)
    }

    /// The places a text like `the src directory`, `src and tests`, `Rust files` or `the codebase` means.
    pub(super) fn places(&self, words: &[Word]) -> Option<Vec<Place>> {
        const NOISE: &str = "\
            directory folder dir file module directories folders whole entire only";
        let articles = format!("{ARTICLES} {NOISE}");
        if meant(words) {
            return Some(
                self.meant.iter().map(|path| Place { path: Some(path.clone()), glob: None }).collect(),
            )
            .filter(|places: &Vec<Place>| !places.is_empty());
        }
        if let [kind, files] = &without(words, &format!("{ARTICLES} all"))[..]
            && among(&files.key, "files code sources")
        {
            return glob_of(kind).map(|glob| vec![Place { path: None, glob: Some(glob) }]);
        }
        let rest = without(words, &articles);
        let joined = rest
            .iter()
            .map(|word| if word.is_marked() { "\"" } else { word.key.as_str() })
            .collect::<Vec<_>>()
            .join(" ");
        if one_of(&joined, EVERYWHERE) || joined == "." {
            return Some(vec![Place::default()]);
        }
        let joins = |word: &Word| among(&word.key, "and & or") || word.raw(self.source).ends_with(',');
        if rest.windows(2).any(|pair| !pair.iter().any(|word| joins(word))) {
            return None;
        }
        let paths = self.paths(&rest, Self::path)?;
        Some(paths.into_iter().map(place_of).collect())
    }

    /// Takes `in PLACE` off the end of a clause. `None` if there is an `in` whose object is not a place.
    pub(super) fn split_place<'w>(&self, words: &'w [Word]) -> Option<(&'w [Word], Vec<Place>)> {
        const IN: &str = "in inside under within across throughout from below at through";
        let Some(at) = words.iter().rposition(|word| among(&word.key, IN)) else {
            return match words.split_last() {
                Some((last, rest)) if among(&last.key, "here everywhere") => {
                    Some((rest, vec![Place::default()]))
                }
                _ => Some((words, vec![Place::default()])),
            };
        };
        let places = self.places(&words[at + 1..])?;
        let before = &words[..at];
        // `everywhere in src`, `files in the src directory in this repo`
        match before.split_last() {
            Some((last, rest)) if last.key == "everywhere" => Some((rest, places)),
            _ => Some((before, places)),
        }
    }
}

/// Whether the words are `it`, `this file` …
pub(super) fn meant(words: &[Word]) -> bool {
    const MEANT: &str = "\
        it|this|that|them|this file|that file|the file|these files|those files|the attached file|\
        the attachment|the attached files|attached file|the linked file|these|those";
    one_of(&keys(words), MEANT)
}

fn place_of(path: String) -> Place {
    if path == "." {
        Place::default()
    } else if path.contains(['*', '{']) {
        Place { path: None, glob: Some(path) }
    } else {
        Place { path: Some(path), glob: None }
    }
}
