//! Slash commands: the same rules with a verb put in front, or with arguments in a fixed order.

use super::clause::Read;
use super::phrase::{Scope, source_of};
use super::token::{self, Mark, Word};
use super::vocabulary::among;
use super::{change, find, run, search, show, write as write_file};
use crate::provider::offline::step::{Purpose, Step, Topic};
use crate::provider::offline::words::commands;

/// Reads a clause that starts with a slash command; `None` if it does not.
pub(super) fn read(words: &[Word], scope: &Scope<'_>) -> Option<Read> {
    let raw = source_of(words, scope.source);
    let name = raw.strip_prefix('/')?.split_whitespace().next()?;
    let plain = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    if !plain {
        return None;
    }
    let args = raw[1 + name.len()..].trim();
    let canonical = alias(&name.to_lowercase());
    if !commands().iter().any(|command| command.name == canonical) {
        let names: Vec<String> = commands().iter().map(|command| format!("/{}", command.name)).collect();
        return Some(Err(format!("the command /{name}; there are {}", names.join(", "))));
    }
    let steps = steps(&canonical, args, scope);
    Some(steps.ok_or_else(|| raw.to_owned()))
}

fn alias(name: &str) -> String {
    match name {
        "todos" | "fixme" => "todo",
        "ls" => "list",
        "grep" => "search",
        "cat" | "read" | "open" => "show",
        "exec" | "bash" | "sh" => "run",
        "summarise" | "summarize" => "summary",
        "glob" => "find",
        "edit" => "replace",
        "create" => "write",
        "models" => "model",
        other => other,
    }
    .to_owned()
}

fn steps(name: &str, args: &str, outer: &Scope<'_>) -> Option<Vec<Step>> {
    let verb = |verb: &str, rule: super::Rule| {
        let source = format!("{verb} {args}");
        rule(&token::words(&source), &Scope { source: &source, ..*outer })
    };
    match name {
        "todo" => match args {
            "" => verb("find TODO", find::todos),
            _ => todo(args, outer),
        },
        "list" => verb("list", show::list),
        "find" if args.is_empty() => Some(ask("Find which files? For example `/find *.rs`.")),
        "find" => find_files(args, outer),
        "search" => verb("search for", search::rule),
        "show" => verb("show", show::file),
        "write" => write(args, outer).or_else(|| verb("write", write_file::write)),
        "replace" if args.is_empty() => {
            Some(ask("Replace what? For example `/replace \"a\" with \"b\" in notes.txt`."))
        }
        "replace" => verb("replace", change::replace).or_else(|| replace(args)),
        "run" if args.is_empty() => Some(ask("Run what? For example `/run cargo test`.")),
        "run" => Some(vec![run::asked(unquoted(args).trim_end_matches('\n'))]),
        "diff" if args.is_empty() => verb("show the diff", run::git),
        "diff" => verb("show the diff of", run::git),
        "status" => Some(vec![Step::Run {
            command: "git status".to_owned(),
            timeout: None,
            purpose: Purpose::Status,
        }]),
        "summary" => Some(vec![Step::Summary]),
        "model" => Some(vec![Step::Say(Topic::Model)]),
        "help" => Some(vec![Step::Say(Topic::Help)]),
        _ => None,
    }
}

fn ask(question: &'static str) -> Vec<Step> {
    vec![Step::Say(Topic::Ask(question))]
}

/// Markers, then a place with or without `in`.
fn todo(args: &str, outer: &Scope<'_>) -> Option<Vec<Step>> {
    let words = token::words(args);
    let named =
        words.iter().take_while(|word| !find::markers_of(word).is_empty() || word.key == "and").count();
    let (markers, rest) = words.split_at(named);
    let markers = if markers.is_empty() { "TODO" } else { source_of(markers, args) };
    let place = source_of(rest, args);
    let source = match (place.is_empty(), place.starts_with("in ")) {
        (true, _) => format!("find {markers}"),
        (_, true) => format!("find {markers} {place}"),
        _ => format!("find {markers} in {place}"),
    };
    find::todos(&token::words(&source), &Scope { source: &source, ..*outer })
}

/// A pattern, then a place with or without `in`; a bare name is found anywhere in a file's name.
fn find_files(args: &str, outer: &Scope<'_>) -> Option<Vec<Step>> {
    let words = token::words(args);
    let scope = Scope { source: args, ..*outer };
    let (pattern, rest) = words.split_first()?;
    let path = match rest {
        [] => None,
        [path] => Some(scope.path(path)?),
        [at, path] if among(&at.key, "in under") => Some(scope.path(path)?),
        _ => {
            return find::files(
                &token::words(&format!("find {args}")),
                &Scope { source: &format!("find {args}"), ..*outer },
            );
        }
    };
    let text = scope.path(pattern)?;
    let wild = text.contains(['*', '?', '{']);
    let pattern = match (text.contains('/'), wild || text.contains('.')) {
        (true, _) => text,
        (false, true) => format!("**/{text}"),
        (false, false) => format!("**/*{text}*"),
    };
    Some(vec![Step::Files { pattern, path: path.filter(|path| path != ".") }])
}

/// `FILE TEXT…`: the text as it stands, or quoted, or a code block.
fn write(args: &str, outer: &Scope<'_>) -> Option<Vec<Step>> {
    let words = token::words(args);
    let scope = Scope { source: args, ..*outer };
    let (file, rest) = words.split_first()?;
    if matches!(file.mark, Mark::Fence)
        || (file.is_marked() && rest.first().is_some_and(|word| word.key == "to"))
    {
        return None;
    }
    let next = rest.first()?;
    if among(&next.key, "to with into") {
        return None;
    }
    let path = scope.file(file)?;
    let content = if let [only] = rest
        && only.is_marked()
    {
        only.text.clone()
    } else {
        source_of(rest, args).to_owned()
    };
    Some(vec![Step::Write { path, content }])
}

/// `"A" "B" FILE`
fn replace(args: &str) -> Option<Vec<Step>> {
    let words = token::words(args);
    let (old, new, path, everywhere) = match &words[..] {
        [old, new, path] => (old, new, path, false),
        [old, new, path, all] if among(&all.key, "everywhere all") => (old, new, path, true),
        _ => return None,
    };
    let (path, old, new) = (path.text.clone(), old.text.clone(), new.text.clone());
    (!old.is_empty()).then(|| vec![Step::Replace { path, old, new, everywhere }])
}

/// The text of a quoted or fenced argument, or the argument.
fn unquoted(args: &str) -> String {
    match &token::words(args)[..] {
        [only] if matches!(only.mark, Mark::Code | Mark::Fence) => only.text.clone(),
        _ => args.to_owned(),
    }
}
