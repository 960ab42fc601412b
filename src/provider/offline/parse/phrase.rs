//! A clause as the rules see it: its words, and the questions rules ask of them.

use super::token::{Mark, Word};
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

/// Words in front of a request that say nothing about it.
const POLITE: &[&[&str]] = &[
    &["please"],
    &["pls"],
    &["kindly"],
    &["can", "you"],
    &["could", "you"],
    &["would", "you"],
    &["will", "you"],
    &["can", "i"],
    &["could", "i"],
    &["may", "i"],
    &["i", "want", "you", "to"],
    &["i", "would", "like", "you", "to"],
    &["i'd", "like", "you", "to"],
    &["i", "need", "you", "to"],
    &["i", "want", "to"],
    &["i'd", "like", "to"],
    &["i", "need", "to"],
    &["i", "would", "like", "to"],
    &["let's"],
    &["lets"],
    &["now"],
    &["then"],
    &["next"],
    &["also"],
    &["first"],
    &["firstly"],
    &["second"],
    &["secondly"],
    &["third"],
    &["finally"],
    &["lastly"],
    &["and"],
    &["ok"],
    &["okay"],
    &["hey"],
    &["hi"],
    &["hello"],
    &["just"],
    &["go", "ahead", "and"],
    &["help", "me", "to"],
    &["help", "me"],
    &["try", "to"],
    &["after", "that"],
    &["afterwards"],
    &["so"],
    &["quickly"],
    &["your", "task", "is", "to"],
];

/// Words behind a request that say nothing about it.
const THANKS: &[&[&str]] = &[
    &["please"],
    &["pls"],
    &["thanks"],
    &["thank", "you"],
    &["for", "me"],
    &["now"],
    &["cheers"],
    &["again"],
    &["if", "you", "can"],
    &["if", "possible"],
    &["right", "now"],
    &["first"],
    &["too"],
    &["as", "well"],
    &["thanks", "a", "lot"],
    &["and", "list", "them"],
    &["and", "show", "them"],
    &["and", "print", "them"],
    &["and", "report", "them"],
    &["and", "list", "them", "all"],
    &["and", "tell", "me"],
    &["and", "show", "me", "the", "results"],
    &["will", "you"],
    &["ok"],
];

/// Names for the whole project.
const EVERYWHERE: &[&str] = &[
    "",
    "here",
    "everything",
    "everywhere",
    "codebase",
    "code base",
    "code",
    "source code",
    "repo",
    "repository",
    "git repository",
    "project",
    "workspace",
    "tree",
    "root",
    "working",
    "current",
    "all code",
    "all",
    "source tree",
    "project root",
    "cwd",
    "folder",
    "files",
    "all files",
    "source files",
    "project files",
    "all source files",
    "project's source files",
    "source",
];

/// Languages and kinds of files, with the glob for them.
const KINDS: &[(&str, &str)] = &[
    ("rust", "*.rs"),
    ("python", "*.py"),
    ("typescript", "*.{ts,tsx}"),
    ("javascript", "*.{js,jsx,mjs,cjs}"),
    ("go", "*.go"),
    ("golang", "*.go"),
    ("java", "*.java"),
    ("kotlin", "*.kt"),
    ("swift", "*.swift"),
    ("c", "*.{c,h}"),
    ("c++", "*.{cpp,cc,cxx,hpp,hh}"),
    ("c#", "*.cs"),
    ("ruby", "*.rb"),
    ("php", "*.php"),
    ("shell", "*.sh"),
    ("bash", "*.sh"),
    ("sql", "*.sql"),
    ("html", "*.{html,htm}"),
    ("css", "*.css"),
    ("markdown", "*.md"),
    ("json", "*.json"),
    ("yaml", "*.{yml,yaml}"),
    ("toml", "*.toml"),
    ("xml", "*.xml"),
    ("text", "*.txt"),
    ("lua", "*.lua"),
    ("zig", "*.zig"),
    ("svelte", "*.svelte"),
    ("vue", "*.vue"),
];

/// Articles and the like.
pub(super) const ARTICLES: &[&str] =
    &["the", "a", "an", "my", "our", "your", "me", "us", "this", "that", "these", "its"];

/// Names of files that have no extension.
const BARE_FILES: &[&str] = &[
    "makefile",
    "dockerfile",
    "license",
    "licence",
    "readme",
    "changelog",
    "justfile",
    "procfile",
    "gemfile",
    "rakefile",
    "contributing",
    "authors",
    "notice",
    "todo",
    "jenkinsfile",
    "vagrantfile",
    "codeowners",
];

/// The words without what is said around a request.
pub(super) fn bare_request(mut words: &[Word]) -> &[Word] {
    while let Some(phrase) = POLITE.iter().find(|phrase| words.len() > phrase.len() && starts(words, phrase))
    {
        words = &words[phrase.len()..];
    }
    while let Some(phrase) = THANKS.iter().find(|phrase| words.len() > phrase.len() && ends(words, phrase)) {
        words = &words[..words.len() - phrase.len()];
    }
    words
}

pub(super) fn starts(words: &[Word], phrase: &[&str]) -> bool {
    words.len() >= phrase.len() && words.iter().zip(phrase).all(|(word, key)| word.key == **key)
}

fn ends(words: &[Word], phrase: &[&str]) -> bool {
    words.len() >= phrase.len() && starts(&words[words.len() - phrase.len()..], phrase)
}

/// What follows the phrase, if the words start with it.
pub(super) fn after<'a>(words: &'a [Word], phrase: &str) -> Option<&'a [Word]> {
    let mut rest = words;
    for key in phrase.split(' ') {
        rest = rest.split_first().filter(|(word, _)| word.key == key)?.1;
    }
    Some(rest)
}

/// What follows the first of the phrases that the words start with.
pub(super) fn after_any<'a>(words: &'a [Word], phrases: &[&str]) -> Option<&'a [Word]> {
    phrases.iter().find_map(|phrase| after(words, phrase))
}

/// The words without leading ones of the list.
pub(super) fn skip<'a>(mut words: &'a [Word], noise: &[&str]) -> &'a [Word] {
    while let Some((first, rest)) = words.split_first()
        && !first.is_marked()
        && noise.contains(&first.key.as_str())
    {
        words = rest;
    }
    words
}

/// The words without any of the list.
pub(super) fn without<'a>(words: &'a [Word], noise: &[&str]) -> Vec<&'a Word> {
    words.iter().filter(|word| word.is_marked() || !noise.contains(&word.key.as_str())).collect()
}

/// The keys, joined by blanks; marked words are `"`.
pub(super) fn keys(words: &[Word]) -> String {
    let keys: Vec<&str> =
        words.iter().map(|word| if word.is_marked() { "\"" } else { word.key.as_str() }).collect();
    keys.join(" ")
}

/// Where the first of the keys is.
pub(super) fn position(words: &[Word], any: &[&str]) -> Option<usize> {
    words.iter().position(|word| !word.is_marked() && any.contains(&word.key.as_str()))
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
        let known = BARE_FILES.contains(&path.to_lowercase().as_str());
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
            if word.is_marked() || !["and", "&", ",", "or"].contains(&word.key.as_str()) {
                paths.push(one(self, word)?);
            }
        }
        Some(paths)
    }

    /// The places a text like `the src directory`, `src and tests`, `Rust files` or `the codebase` means.
    pub(super) fn places(&self, words: &[Word]) -> Option<Vec<Place>> {
        const NOISE: &[&str] = &[
            "directory",
            "folder",
            "dir",
            "file",
            "module",
            "directories",
            "folders",
            "whole",
            "entire",
            "only",
        ];
        let articles = [ARTICLES, NOISE].concat();
        if meant(words) {
            return Some(
                self.meant.iter().map(|path| Place { path: Some(path.clone()), glob: None }).collect(),
            )
            .filter(|places: &Vec<Place>| !places.is_empty());
        }
        if let [kind, files] = &without(words, &[ARTICLES, &["all"]].concat())[..]
            && ["files", "code", "sources"].contains(&files.key.as_str())
        {
            return glob_of(kind).map(|glob| vec![Place { path: None, glob: Some(glob) }]);
        }
        let rest = without(words, &articles);
        let joined = rest
            .iter()
            .map(|word| if word.is_marked() { "\"" } else { word.key.as_str() })
            .collect::<Vec<_>>()
            .join(" ");
        if EVERYWHERE.contains(&joined.as_str()) || joined == "." {
            return Some(vec![Place::default()]);
        }
        let joins = |word: &Word| {
            ["and", "&", "or"].contains(&word.key.as_str()) || word.raw(self.source).ends_with(',')
        };
        if rest.windows(2).any(|pair| !pair.iter().any(|word| joins(word))) {
            return None;
        }
        let paths = self.paths(&rest, Self::path)?;
        Some(paths.into_iter().map(place_of).collect())
    }

    /// Takes `in PLACE` off the end of a clause. `None` if there is an `in` whose object is not a place.
    pub(super) fn split_place<'w>(&self, words: &'w [Word]) -> Option<(&'w [Word], Vec<Place>)> {
        const IN: &[&str] =
            &["in", "inside", "under", "within", "across", "throughout", "from", "below", "at", "through"];
        let Some(at) = words.iter().rposition(|word| !word.is_marked() && IN.contains(&word.key.as_str()))
        else {
            return match words.split_last() {
                Some((last, rest)) if ["here", "everywhere"].contains(&last.key.as_str()) => {
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
    const MEANT: &[&str] = &[
        "it",
        "this",
        "that",
        "them",
        "this file",
        "that file",
        "the file",
        "these files",
        "those files",
        "the attached file",
        "the attachment",
        "the attached files",
        "attached file",
        "the linked file",
        "these",
        "those",
    ];
    MEANT.contains(&keys(words).as_str())
}

/// The glob a word means: `rust`, `.rs`, `*.rs`.
pub(super) fn glob_of(word: &Word) -> Option<String> {
    let text = word.text.as_str();
    if text.contains('*') {
        return Some(text.to_owned());
    }
    let extension =
        text.strip_prefix('.').filter(|rest| !rest.is_empty() && rest.chars().all(char::is_alphanumeric));
    let known =
        KINDS.iter().find(|(kind, _)| *kind == text.to_lowercase()).map(|(_, glob)| (*glob).to_owned());
    let short =
        || KINDS.iter().any(|(_, glob)| glob.trim_start_matches("*.") == text).then(|| format!("*.{text}"));
    extension.map(|extension| format!("*.{extension}")).or(known).or_else(short)
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

/// Whether a text has the form of a file's path: a folder or an extension.
pub(super) fn is_file_like(path: &str) -> bool {
    let leaf = path.rsplit('/').next().unwrap_or_default();
    let extension = leaf.rsplit_once('.').is_some_and(|(_, extension)| {
        !extension.is_empty()
            && extension.len() <= 12
            && extension.chars().all(|c| c.is_ascii_alphanumeric() || "_-~:#".contains(c))
    });
    let number = path.chars().all(|c| c.is_ascii_digit() || c == '.');
    !path.contains("://") && !number && (extension || (path.contains('/') && !path.ends_with('/')))
}
