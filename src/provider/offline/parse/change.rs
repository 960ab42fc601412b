//! Changing files: write, append, replace, delete, move.

use super::phrase::{
    ARTICLES, Scope, after, after_any, glob_of, is_file_like, meant, position, skip, source_of, without,
};
use super::token::{Mark, Word};
use crate::provider::offline::result::{quoted, shell_word};
use crate::provider::offline::step::{Purpose, Step, Topic};

/// Words between a verb, a file and its content that carry no content.
const NOISE: &[&str] = &[
    "the",
    "a",
    "an",
    "new",
    "file",
    "named",
    "called",
    "following",
    "content",
    "contents",
    "text",
    "code",
    "this",
    "below",
    "containing",
    "that",
    "contains",
    "with",
    "to",
    "into",
    "in",
    "as",
    "of",
    "under",
    "says",
    "saying",
    "which",
    "has",
    "empty",
    "line",
    "string",
    "name",
    "blank",
    "having",
    "word",
    "message",
    "my",
];

/// `write "X" to FILE`, `create FILE with content "X"`, a file name and a code block
pub(super) fn write(words: &[Word], scope: &Scope<'_>) -> Option<Vec<Step>> {
    const VERBS: &[&str] =
        &["write", "save", "put", "store", "create", "make", "touch", "overwrite", "add", "generate"];
    let contents = after_any(
        words,
        &["replace the contents of", "replace the content of", "set the contents of", "set the content of"],
    );
    let rest = contents.or_else(|| after_any(words, VERBS))?;
    let creates = after_any(words, &["create", "make", "touch", "add", "generate"]).is_some();
    let says_file = rest.iter().any(|word| !word.is_marked() && word.key == "file");
    if rest.is_empty() {
        return Some(vec![Step::Say(Topic::Ask(
            "Write what, and where? For example `write \"hello\" to notes.txt`.",
        ))]);
    }
    if after(words, "add").is_some() && !says_file {
        return None;
    }
    if rest.iter().any(|word| ["directory", "folder", "dir"].contains(&word.key.as_str())) {
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
    let at = words
        .iter()
        .rposition(|word| !word.is_marked() && ["to", "into", "in", "as"].contains(&word.key.as_str()))?;
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
            let bare = skip(content, &["the", "text", "following", "line", "words", "string"]);
            let prose = bare.is_empty()
                || ["a", "an", "tests", "test", "code", "documentation", "docs", "some", "unit"]
                    .contains(&bare[0].key.as_str());
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
            let at = position(words, &["containing", "with", "saying"])?;
            let [file] = without(&words[..at], NOISE)[..] else { return None };
            let text = skip(&words[at + 1..], &["content", "contents", "text", "the", "following"]);
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
    let named = is_file_like(&path)
        || file.is_marked()
        || words.iter().any(|word| ["named", "called"].contains(&word.key.as_str()));
    let open =
        words.iter().any(|word| ["with", "containing", "content", "contents"].contains(&word.key.as_str()));
    (creates && named && !open).then(|| (path, String::new()))
}

/// `append "X" to FILE`
pub(super) fn append(words: &[Word], scope: &Scope<'_>) -> Option<Vec<Step>> {
    let rest = after_any(words, &["append", "add"])?;
    let at = rest.iter().rposition(|word| !word.is_marked() && ["to", "at"].contains(&word.key.as_str()))?;
    let [text] = without(&rest[..at], NOISE)[..] else { return None };
    let noise = [NOISE, &["end", "bottom"]].concat();
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

/// `replace "A" with "B" in FILE everywhere`, `in FILE, change A to B`, `remove "A" from FILE`
pub(super) fn replace(words: &[Word], scope: &Scope<'_>) -> Option<Vec<Step>> {
    let (words, place_first) = leading_file(words);
    let (words, everywhere) = everywhere(&words);
    if let Some(rest) = after_any(&words, &["remove", "delete"]) {
        return remove_text(rest, everywhere, place_first.as_ref(), scope);
    }
    let renames = after(&words, "rename").is_some();
    let rest = after_any(&words, &["replace", "substitute", "change", "swap", "rename"])?;
    let rest = skip(
        rest,
        &[
            "the",
            "occurrence",
            "occurrences",
            "instance",
            "instances",
            "of",
            "text",
            "string",
            "word",
            "line",
            "first",
        ],
    );
    let by = position(rest, &["with", "by", "to", "for"])?;
    let [old] = without(&rest[..by], &["and"])[..] else { return None };
    let tail = skip(&rest[by + 1..], &["the", "text", "string", "word"]);
    let (new, after_new) = tail.split_first()?;
    let path = file_of(after_new, place_first.as_ref(), scope);
    // Without a file, `rename A to B` is about files, and bare words are talk.
    let path = match path {
        Some(path) => path,
        None if renames || !(old.is_marked() && new.is_marked()) || !after_new.is_empty() => return None,
        None => {
            return Some(vec![Step::Say(Topic::Ask(
                "In which file? For example `replace \"a\" with \"b\" in notes.txt`.",
            ))]);
        }
    };
    let (old, new) = (old.text.clone(), new.text.clone());
    let everywhere = everywhere || renames;
    (!old.is_empty()).then(|| vec![Step::Replace { path, old, new, everywhere }])
}

fn remove_text(
    rest: &[Word],
    everywhere: bool,
    first: Option<&Word>,
    scope: &Scope<'_>,
) -> Option<Vec<Step>> {
    let rest = skip(rest, &["the", "occurrence", "occurrences", "of", "text", "string", "word", "line"]);
    let (old, tail) = rest.split_first().filter(|(old, _)| old.is_marked() && !old.text.is_empty())?;
    let from =
        first.is_some() || tail.first().is_some_and(|word| ["from", "in"].contains(&word.key.as_str()));
    let path = from.then(|| file_of(tail, first, scope))??;
    Some(vec![Step::Replace { path, old: old.text.clone(), new: String::new(), everywhere }])
}

/// The file a change is in: named behind it, before it, or meant.
fn file_of(tail: &[Word], first: Option<&Word>, scope: &Scope<'_>) -> Option<String> {
    let noise = [ARTICLES, &["in", "inside", "within", "from", "file", "of", "at"]].concat();
    match without(tail, &noise)[..] {
        [file] if !meant(&tail[1..]) => scope.path(file).filter(|path| !path.contains('*')),
        [] => match first {
            Some(file) => scope.path(file),
            None => scope.meant.first().cloned(),
        },
        _ if tail.len() > 1 && meant(&tail[1..]) => scope.meant.first().cloned(),
        _ => None,
    }
}

/// Takes `in FILE,` off the front.
fn leading_file(words: &[Word]) -> (Vec<Word>, Option<Word>) {
    if let Some(rest) = after_any(words, &["in the file", "in file", "in"])
        && let Some((file, rest)) = rest.split_first()
    {
        return (rest.to_vec(), Some(file.clone()));
    }
    (words.to_vec(), None)
}

/// Takes `everywhere` and its kin out.
fn everywhere(words: &[Word]) -> (Vec<Word>, bool) {
    const ALL: &[&str] = &["everywhere", "globally", "all", "every", "each", "throughout"];
    let kept: Vec<Word> = without(words, ALL).into_iter().cloned().collect();
    let all = kept.len() < words.len();
    // `… in FILE, all occurrences`
    let tail = kept
        .iter()
        .rposition(|word| !["occurrences", "occurrence", "instances"].contains(&word.key.as_str()));
    let kept = if all { kept[..tail.map_or(0, |at| at + 1)].to_vec() } else { kept };
    (kept, all)
}

/// `delete FILE`, `rename A to B`, `copy A to B`, `create directory D`
pub(super) fn shell(words: &[Word], scope: &Scope<'_>) -> Option<Vec<Step>> {
    if words.iter().skip(1).any(|word| word.text.starts_with('-') && !word.is_marked()) {
        return None;
    }
    let step = |command: String, done: String| {
        vec![Step::Run { command, timeout: None, purpose: Purpose::Change(done) }]
    };
    if let Some(rest) = after_any(words, &["mkdir", "create", "make", "add"]) {
        let folder = after(words, "mkdir").is_some()
            || rest.iter().any(|word| ["directory", "folder", "dir"].contains(&word.key.as_str()));
        let [path] = without(
            rest,
            &["a", "an", "the", "new", "directory", "folder", "dir", "named", "called", "empty"],
        )[..] else {
            return None;
        };
        let path = scope.path(path).filter(|_| folder)?;
        return Some(step(
            format!("mkdir -p {}", shell_word(&path)),
            format!("Created the directory `{path}`."),
        ));
    }
    if let Some(rest) = after_any(words, &["delete", "remove", "rm"]) {
        return delete(rest, scope).map(|(command, done)| step(command, done));
    }
    let (program, rest) = after_any(words, &["copy", "cp", "duplicate"])
        .map(|rest| ("cp", rest))
        .or_else(|| after_any(words, &["rename", "move", "mv"]).map(|rest| ("mv", rest)))?;
    let kept = without(rest, &["the", "file", "to", "as", "into", "folder", "directory", "from", "and"]);
    let moves = rest.iter().any(|word| ["to", "as", "into"].contains(&word.key.as_str()))
        || ["mv", "cp"].contains(&words[0].key.as_str());
    let (from, to) = match kept[..] {
        [from, to] => (scope.path(from)?, scope.path(to)?),
        [to] if moves && meant(&rest[..1]) => (scope.meant.first()?.clone(), scope.path(to)?),
        [from, to, ..] if meant(&rest[..1]) && from.key == "it" && kept.len() == 2 => {
            (scope.meant.first()?.clone(), scope.path(to)?)
        }
        _ => return None,
    };
    let from = if from == "it" || from == "this" { scope.meant.first()?.clone() } else { from };
    let verb = if program == "cp" { "Copied" } else { "Moved" };
    moves.then(|| {
        step(
            format!("{program} {} {}", shell_word(&from), shell_word(&to)),
            format!("{verb} `{from}` to `{to}`."),
        )
    })
}

fn delete(words: &[Word], scope: &Scope<'_>) -> Option<(String, String)> {
    const ALL: &[&str] = &["everything", "all", "files", "every", "any", "todos", "todo", "comments"];
    let folder = words.iter().any(|word| ["directory", "folder", "dir"].contains(&word.key.as_str()));
    if words.is_empty()
        || position(words, ALL).is_some()
        || words.iter().any(|word| {
            glob_of(word)
                .is_some_and(|_| word.text.starts_with('.') && !word.is_marked() && word.text.len() < 3)
        })
    {
        return None;
    }
    let paths = if meant(words) {
        scope.meant.to_vec()
    } else {
        let kept = without(words, &["the", "file", "directory", "folder", "dir", "a", "my"]);
        let alone = kept.len() == 1;
        scope.paths(&kept, |scope, word| if alone || folder { scope.path(word) } else { scope.file(word) })?
    };
    let wide =
        |path: &String| [".", "..", "/", "~"].contains(&path.as_str()) || path.contains(['*', '?', '{']);
    if paths.is_empty() || paths.iter().any(wide) {
        return None;
    }
    let list: Vec<String> = paths.iter().map(|path| shell_word(path)).collect();
    let names: Vec<String> = paths.iter().map(|path| format!("`{path}`")).collect();
    let program = if folder { "rm -r" } else { "rm" };
    Some((format!("{program} {}", list.join(" ")), format!("Deleted {}.", names.join(", "))))
}
