//! Writing files and adding to them.

use super::phrase::{Scope, after, after_any, meant, mentions, position, skip, source_of, without};
use super::token::{Mark, Word};
use super::vocabulary::{among, is_file_like};
use crate::provider::offline::result::{quoted, shell_word};
use crate::provider::offline::step::{Purpose, Step, Topic};

/// Words between a verb, a file and its content that carry no content.
const NOISE: &str = "\
    the a an new file named called following content contents text code this below containing that \
    contains with to into in as of under says saying which has empty line string name blank having word \
    message my";

/// `write "X" to FILE`, `create FILE with content "X"`, a file name and a code block
pub(super) fn write(words: &[Word], scope: &Scope<'_>) -> Option<Vec<Step>> {
    const VERBS: &str = "write|save|put|store|create|make|touch|overwrite|add|generate";
    let contents = after_any(
        words,
        "\
            replace the contents of|replace the content of|set the contents of|set the content of",
    );
    let rest = contents.or_else(|| after_any(words, VERBS))?;
    let creates = after_any(words, "create|make|touch|add|generate").is_some();
    let says_file = rest.iter().any(|word| !word.is_marked() && word.key == "file");
    if rest.is_empty() {
        return Some(vec![Step::Say(Topic::Ask(
            "Write what, and where? For example `write \"hello\" to notes.txt`.",
        ))]);
    }
    if after(words, "add").is_some() && !says_file {
        return None;
    }
    if mentions(rest, "directory folder dir") {
        return None;
    }
    let (path, content) = fenced(rest, scope)
        .or_else(|| to_file(rest, scope, creates))
        .or_else(|| file_with(rest, scope, says_file))
        .or_else(|| empty(rest, scope, creates, says_file))?;
    Some(vec![Step::Write { path, content }])
}

/// A code block anywhere is the content; the only other thing is the file.
fn fenced(words: &[Word], scope: &Scope<'_>) -> Option<(String, String)> {
    let block = words.iter().find(|word| word.mark == Mark::Fence)?;
    let rest: Vec<&Word> =
        without(words, NOISE).into_iter().filter(|word| word.mark != Mark::Fence).collect();
    let path = match rest[..] {
        [file] => scope.path(file)?,
        [] => scope.meant.first()?.clone(),
        _ => return None,
    };
    Some((path, block.text.clone()))
}

/// `CONTENT to FILE`; the content is quoted, or bare words as they stand.
fn to_file(words: &[Word], scope: &Scope<'_>, creates: bool) -> Option<(String, String)> {
    let at = words.iter().rposition(|word| among(&word.key, "to into in as"))?;
    let target = without(&words[at + 1..], NOISE);
    let content = &words[..at];
    // `write to FILE: "X"`
    if skip(content, NOISE).is_empty() {
        let [file, text] = target[..] else { return None };
        return (text.is_marked() && !creates).then(|| Some((scope.path(file)?, text.text.clone())))?;
    }
    let path = match target[..] {
        [file] => {
            scope.file(file).or_else(|| scope.path(file).filter(|_| content.iter().any(Word::is_marked)))?
        }
        [] if meant(&words[at + 1..]) => scope.meant.first()?.clone(),
        _ => return None,
    };
    let quoted: Vec<&Word> = without(content, NOISE);
    match quoted[..] {
        [text] if text.is_marked() => Some((path, text.text.clone())),
        _ if creates || content.iter().any(Word::is_marked) => None,
        _ => {
            let bare = skip(content, "the text following line words string");
            let prose =
                bare.is_empty() || among(&bare[0].key, "a an tests test code documentation docs some unit");
            (!prose).then(|| (path, source_of(bare, scope.source).to_owned()))
        }
    }
}

/// `FILE with content "X"`, `FILE containing X`
fn file_with(words: &[Word], scope: &Scope<'_>, says_file: bool) -> Option<(String, String)> {
    let kept = without(words, NOISE);
    let (file, text) = match kept[..] {
        [file, text] if text.is_marked() => (file, text.text.clone()),
        _ => {
            let at = position(words, "containing with saying")?;
            let [file] = without(&words[..at], NOISE)[..] else { return None };
            let text = skip(&words[at + 1..], "content contents text the following");
            let said = words[at + 1..].len() > text.len() || words[at].key != "with";
            let plain = said && !text.is_empty() && text.iter().all(|word| !word.is_marked());
            (file, plain.then(|| source_of(text, scope.source).to_owned())?)
        }
    };
    let path = if says_file { scope.path(file) } else { scope.file(file) }?;
    Some((path, text))
}

fn empty(words: &[Word], scope: &Scope<'_>, creates: bool, says_file: bool) -> Option<(String, String)> {
    let [file] = without(words, NOISE)[..] else { return None };
    let path = if says_file { scope.path(file) } else { scope.file(file) }?;
    let named = is_file_like(&path) || file.is_marked() || mentions(words, "named called");
    let open = mentions(words, "with containing content contents");
    (creates && named && !open).then(|| (path, String::new()))
}

/// `append "X" to FILE`
pub(super) fn append(words: &[Word], scope: &Scope<'_>) -> Option<Vec<Step>> {
    let rest = after_any(words, "append|add")?;
    let at = rest.iter().rposition(|word| among(&word.key, "to at"))?;
    let [text] = without(&rest[..at], NOISE)[..] else { return None };
    let noise = format!("{NOISE} end bottom");
    let path = match without(&rest[at + 1..], &noise)[..] {
        [file] => scope.path(file)?,
        [] if meant(&rest[at + 1..]) => scope.meant.first()?.clone(),
        _ => return None,
    };
    let done = format!("Appended to `{path}`.");
    let line = quoted(text.text.trim_end_matches('\n'));
    let command = format!("printf '%s\\n' {line} >> {}", shell_word(&path));
    text.is_marked().then(|| vec![Step::Run { command, timeout: None, purpose: Purpose::Change(done) }])
}
