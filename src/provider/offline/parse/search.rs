//! Finding lines by their text.

use super::phrase::{Scope, after_any, skip};
use super::token::{Mark, Word};
use super::vocabulary::{among, is_file_like};
use crate::provider::offline::step::{Place, Step, Topic};

/// `search for "X" in src`, `where is foo defined`
pub(super) fn rule(words: &[Word], scope: &Scope<'_>) -> Option<Vec<Step>> {
    const STRONG: &str = "search for|search|grep for|grep|look for|rg|scan for";
    const WEAK: &str = "\
        find|locate|where is|where are|where's|which files|what files|show|list|where do we|which file";
    let words = &place_last(words)[..];
    let strong = after_any(words, STRONG);
    let verb_grep = after_any(words, "grep|rg").is_some();
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
pub(super) fn place_last(words: &[Word]) -> Vec<Word> {
    let verb = after_any(words, "search|scan|look|grep|check|go");
    let at = super::phrase::position(words, "for");
    let (Some(_), Some(at)) = (verb, at.filter(|at| *at > 1)) else { return words.to_vec() };
    let place = skip(&words[1..at], "in through inside all of");
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
    const NOISE: &str = "for the all any every a an me that line lines with of to in where";
    const TEXT: &str = "\
        text string word phrase occurrences occurrence uses usages usage references reference mentions \
        instances calls containing contain contains mention mentioning use using function struct class \
        method definition definitions variable type symbol literal trait enum constant matching matches \
        call";
    const PATTERN: &str = "regex regexp regular expression pattern";
    let mut noun = Noun::None;
    let mut rest = words;
    while let [first, tail @ ..] = rest
        && !first.is_marked()
        && !tail.is_empty()
    {
        noun = match first.key.as_str() {
            key if among(key, PATTERN) => Noun::Pattern,
            key if among(key, TEXT) && noun == Noun::None => Noun::Text,
            key if among(key, NOISE) || among(key, TEXT) => noun,
            _ => break,
        };
        rest = tail;
    }
    while let [head @ .., last] = rest
        && !head.is_empty()
        && !last.is_marked()
        && among(&last.key, "defined used called declared implemented referenced mentioned")
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
    const REMARKS: &str = "\
    ignoring case|ignore case|case insensitively|case-insensitively|case-insensitive|case insensitive|\
    -i|in any case|regardless of case";
    for at in 0..words.len() {
        if let Some(rest) = after_any(&words[at..], REMARKS) {
            return ([&words[..at], rest].concat(), true);
        }
    }
    (words.to_vec(), false)
}

/// What a quoted text searches for: itself, or the expression it is.
fn literal(word: &Word, expression: bool) -> Option<(String, String, bool)> {
    const SIGNS: &str = ".* .+ \\w \\b \\s \\d [ | ^ \\(";
    let text = word.text.trim_end_matches('\n');
    if text.is_empty() {
        return None;
    }
    let meant =
        word.mark == Mark::Pattern || (expression && (SIGNS.split(' ').any(|sign| text.contains(sign))));
    let expression = meant && regex::Regex::new(text).is_ok();
    let pattern = if expression { text.to_owned() } else { regex::escape(text) };
    Some((text.to_owned(), pattern, word.any_case))
}

/// `"a" or "b"`
fn either(words: &[Word]) -> Option<(String, String, bool)> {
    let apart = words
        .iter()
        .enumerate()
        .all(|(at, word)| if at % 2 == 0 { word.is_marked() } else { among(&word.key, "or and") });
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
