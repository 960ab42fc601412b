//! Changing files: replace, delete, move.

use super::phrase::{Scope, after, after_any, meant, mentions, position, skip, without};
use super::token::Word;
use super::vocabulary::{ARTICLES, among, glob_of};
use crate::provider::offline::result::shell_word;
use crate::provider::offline::step::{Purpose, Step, Topic};

/// `replace "A" with "B" in FILE everywhere`, `in FILE, change A to B`, `remove "A" from FILE`
pub(super) fn replace(words: &[Word], scope: &Scope<'_>) -> Option<Vec<Step>> {
    let (words, place_first) = leading_file(words);
    let (words, everywhere) = everywhere(&words);
    if let Some(rest) = after_any(&words, "remove|delete") {
        return remove_text(rest, everywhere, place_first.as_ref(), scope);
    }
    let renames = after(&words, "rename").is_some();
    let rest = after_any(&words, "replace|substitute|change|swap|rename")?;
    let rest = skip(
        rest,
        "\
            the occurrence occurrences instance instances of text string word line first",
    );
    let by = position(rest, "with by to for")?;
    let [old] = without(&rest[..by], "and")[..] else { return None };
    let tail = skip(&rest[by + 1..], "the text string word");
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
    let rest = skip(rest, "the occurrence occurrences of text string word line");
    let (old, tail) = rest.split_first().filter(|(old, _)| old.is_marked() && !old.text.is_empty())?;
    let from = first.is_some() || tail.first().is_some_and(|word| among(&word.key, "from in"));
    let path = from.then(|| file_of(tail, first, scope))??;
    Some(vec![Step::Replace { path, old: old.text.clone(), new: String::new(), everywhere }])
}

/// The file a change is in: named behind it, before it, or meant.
fn file_of(tail: &[Word], first: Option<&Word>, scope: &Scope<'_>) -> Option<String> {
    let noise = format!("{ARTICLES} in inside within from file of at");
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
    if let Some(rest) = after_any(words, "in the file|in file|in")
        && let Some((file, rest)) = rest.split_first()
    {
        return (rest.to_vec(), Some(file.clone()));
    }
    (words.to_vec(), None)
}

/// Takes `everywhere` and its kin out.
fn everywhere(words: &[Word]) -> (Vec<Word>, bool) {
    const ALL: &str = "everywhere globally all every each throughout";
    let kept: Vec<Word> = without(words, ALL).into_iter().cloned().collect();
    let all = kept.len() < words.len();
    // `… in FILE, all occurrences`
    let tail = kept.iter().rposition(|word| !among(&word.key, "occurrences occurrence instances"));
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
    if let Some(rest) = after_any(words, "mkdir|create|make|add") {
        let folder = after(words, "mkdir").is_some() || mentions(rest, "directory folder dir");
        let [path] = without(rest, "a an the new directory folder dir named called empty")[..] else {
            return None;
        };
        let path = scope.path(path).filter(|_| folder)?;
        return Some(step(
            format!("mkdir -p {}", shell_word(&path)),
            format!("Created the directory `{path}`."),
        ));
    }
    if let Some(rest) = after_any(words, "delete|remove|rm") {
        return delete(rest, scope).map(|(command, done)| step(command, done));
    }
    let (program, rest) = after_any(words, "copy|cp|duplicate")
        .map(|rest| ("cp", rest))
        .or_else(|| after_any(words, "rename|move|mv").map(|rest| ("mv", rest)))?;
    let kept = without(rest, "the file to as into folder directory from and");
    let moves = mentions(rest, "to as into") || among(&words[0].key, "mv cp");
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
    const ALL: &str = "everything all files every any todos todo comments";
    let folder = mentions(words, "directory folder dir");
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
        let kept = without(words, "the file directory folder dir a my");
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
