//! Commands: those given, those of git, and the project's tests and build.

use super::phrase::{Scope, after_any, skip, source_of, without};
use super::token::{Mark, Word};
use super::vocabulary::among;
use crate::provider::offline::result::shell_word;
use crate::provider::offline::step::{Chore, Purpose, Step, Topic};

/// Programs that make a clause a command without a verb before it.
const PROGRAMS: &str = "\
    git cargo npm npx pnpm yarn pytest rustc rm ls mkdir mv cp grep rg head tail wc echo pwd python3 \
    python node";

/// Words that follow the name of a program in a sentence about it.
const PROSE: &str = "is are was has have does can the a an not how why and or modules code files should will";

/// Words after `run` that start a sentence and not a command.
const NO_COMMAND: &str = "\
    the a an my our your all some this that it them through into out over away everything in on with \
    for to another again and something any every these those both as tests test faster";

/// A command as it was given.
pub(super) fn asked(command: &str) -> Step {
    let command = command.trim();
    let purpose = match quiet(command).as_str() {
        "git --no-pager diff" => Purpose::Diff,
        "git status" => Purpose::Status,
        _ => Purpose::Asked,
    };
    Step::Run { command: quiet(command), timeout: None, purpose }
}

/// git's pager waits for keys that nobody presses.
fn quiet(command: &str) -> String {
    let pages = ["git diff", "git log", "git show", "git branch", "git blame"];
    match pages.iter().find(|page| command == **page || command.starts_with(&format!("{page} "))) {
        Some(_) => command.replacen("git ", "git --no-pager ", 1),
        None => command.to_owned(),
    }
}

/// `show the git diff`, `git status`, `the last 5 commits`
pub(super) fn git(words: &[Word], scope: &Scope<'_>) -> Option<Vec<Step>> {
    const LOOKS: &str = "\
        show|display|print|view|see|list|give|get|check|what is|what's|whats|what are|what|which|run|do|\
        have|look at";
    const NOISE: &str = "\
        the me us a my our current is are of for in this all i we made there any has have been to so \
        far git repo repository repository's full recent latest on branch's were please did here am";
    let plain = words.first()?.text == "git" && words.len() > 1 && words[0].mark == Mark::Bare;
    if plain && words[1..].iter().any(|word| word.text.starts_with('-') || word.is_marked()) {
        return None;
    }
    let rest = after_any(words, LOOKS).unwrap_or(words);
    let kept = without(rest, NOISE);
    let keys: Vec<&str> = kept.iter().map(|word| word.key.as_str()).collect();
    let log = |count: u64| format!("git --no-pager log --oneline -n {count}");
    let (command, purpose) = match keys[..] {
        ["diff" | "diffs" | "changes" | "changed" | "modifications"]
        | ["uncommitted" | "unstaged" | "local" | "pending" | "working", "changes" | "diff"]
        | ["diff", "changes"]
        | ["working", "tree", "changes" | "diff"] => ("git --no-pager diff".to_owned(), Purpose::Diff),
        ["staged" | "cached", "changes" | "diff"] | ["diff", "staged"] => {
            ("git --no-pager diff --staged".to_owned(), Purpose::Diff)
        }
        ["status"] | ["working", "tree", "status"] | ["status", "working", "tree"] => {
            ("git status".to_owned(), Purpose::Status)
        }
        ["log" | "history" | "commits"] | ["commit", "history" | "log"] | ["last", "commits"] => {
            (log(20), Purpose::Log)
        }
        ["last" | "first", count, "commits" | "commit"] if keys[0] == "last" => {
            (log(count.parse().ok()?), Purpose::Log)
        }
        ["last", "commit"] => ("git --no-pager show --stat".to_owned(), Purpose::Log),
        ["branch" | "branches"] => ("git --no-pager branch".to_owned(), Purpose::Asked),
        ["diff" | "changes", _] => {
            let path = shell_word(&scope.file(kept[1])?);
            (format!("git --no-pager diff -- {path}"), Purpose::Diff)
        }
        _ => return None,
    };
    Some(vec![Step::Run { command, timeout: None, purpose }])
}

/// `run the tests`, `build the project`
pub(super) fn chore(words: &[Word], _: &Scope<'_>) -> Option<Vec<Step>> {
    const NOISE: &str = "\
        the all my our unit project project's a this of code it whole for integration";
    let kept: Vec<&str> = without(words, NOISE).iter().map(|word| word.key.as_str()).collect();
    let chore = match kept[..] {
        ["run" | "execute" | "start", "tests" | "test" | "testsuite"]
        | ["run" | "execute", "test", "suite" | "cases"] => Chore::Test,
        ["test"] if words.len() > 1 => Chore::Test,
        ["build" | "compile"] => Chore::Build,
        ["run" | "do" | "start", "build"] => Chore::Build,
        _ => return None,
    };
    Some(vec![Step::Chore(chore)])
}

/// `run cargo test`, `execute "make all"`, `cargo build`
pub(super) fn command(words: &[Word], scope: &Scope<'_>) -> Option<Vec<Step>> {
    const VERBS: &str = "run|execute|exec";
    const NOUNS: &str = "\
        the a this following command commands shell bash script program in terminal line";
    let Some(rest) = after_any(words, VERBS) else {
        let program = words.first().filter(|word| word.mark == Mark::Bare && among(&word.text, PROGRAMS))?;
        let prose = words.get(1).is_some_and(|word| among(&word.key, PROSE));
        let sure = words.len() > 1 && !prose || among(&program.text, "ls pwd pytest");
        return sure.then(|| vec![asked(&text(words, scope.source))]);
    };
    if rest.is_empty() {
        return Some(vec![Step::Say(Topic::Ask("Run what? For example ``run `cargo test` ``."))]);
    }
    let noun = skip(rest, NOUNS);
    // `run the command X`, but not `run the X` and not `run bash script.sh`.
    let named = rest[..rest.len() - noun.len()]
        .iter()
        .any(|word| among(&word.key, "command commands following script program"));
    let rest = if named || noun.first().is_some_and(Word::is_marked) { noun } else { rest };
    let first = rest.first()?;
    if first.is_marked() && first.mark != Mark::Pattern {
        let given = without(rest, "and");
        if given.len() > 1 && given.iter().all(|word| word.is_marked() && !word.text.trim().is_empty()) {
            return Some(given.iter().map(|word| asked(&word.text)).collect());
        }
        let command = first.text.trim();
        let step = with_timeout(asked(command), &rest[1..])?;
        return (!command.is_empty()).then(|| vec![step]);
    }
    let program = first.text.chars().all(|c| c.is_ascii_alphanumeric() || "_./~-+=:".contains(c));
    let sentence = among(&first.key, NO_COMMAND);
    (program && !sentence).then(|| vec![asked(&text(rest, scope.source))])
}

/// The command line as it stands in the source, without the full stop of the sentence.
fn text(words: &[Word], source: &str) -> String {
    let line = source_of(words, source);
    match words.last() {
        Some(last) if last.mark == Mark::Bare && last.raw(source) == format!("{}.", last.text) => {
            line.strip_suffix('.').unwrap_or(line).to_owned()
        }
        // `\\;` ends `find -exec`.
        _ if line.ends_with("\\;") => line.to_owned(),
        _ => line.trim_end_matches([',', ';']).to_owned(),
    }
}

/// Puts `with a timeout of 5 seconds` into the step; `None` if the words say something else.
fn with_timeout(step: Step, words: &[Word]) -> Option<Step> {
    let kept = without(words, "with a of and seconds second s sec command in the shell terminal");
    let seconds = |word: &Word| word.key.trim_end_matches('s').parse().ok();
    let timeout = match kept[..] {
        [] => None,
        [word, count] | [count, word] if word.key == "timeout" => Some(seconds(count)?),
        _ => return None,
    };
    match step {
        Step::Run { command, purpose, .. } => Some(Step::Run { command, timeout, purpose }),
        other => Some(other),
    }
}
