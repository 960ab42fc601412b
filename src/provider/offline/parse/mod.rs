//! The grammar of requests: text in, [`Step`]s out.
//!
//! Nothing is done here and no result is known. A rule is a function from the words of one clause to the
//! steps it means, or `None`.
//!
//! What always holds: any text is read without a panic; quoted text is data and never a verb; a request
//! that would change something is only taken if all of it was understood.
//!
//! To add a rule: a function in the file of its kind, its place in [`RULES`], and rows in
//! `fixtures/offline/requests.tsv`.

mod change;
mod clause;
mod find;
mod phrase;
mod run;
mod search;
mod show;
mod slash;
mod talk;
mod token;
mod vocabulary;
mod write;

use super::report;
use super::step::{Step, Topic};
use super::turn::Turn;
use phrase::Scope;
use token::Word;

/// What was read from a request.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Reading {
    /// What to do, in order. Empty: nothing was understood.
    pub steps: Vec<Step>,
    /// What to say about what was not understood.
    pub refusal: Option<String>,
}

/// A rule: the clause's words without politeness, and what they can refer to.
type Rule = fn(&[Word], &Scope<'_>) -> Option<Vec<Step>>;

/// The rules in the order they are tried: the narrow ones before the wide ones.
const RULES: &[Rule] = &[
    talk::rule,
    run::git,
    find::todos,
    write::write,
    change::replace,
    write::append,
    change::shell,
    find::files,
    show::list,
    show::file,
    search::rule,
    run::chore,
    run::command,
];

/// Longest request that is read; a longer one is not a command.
const LIMIT: usize = 64 * 1024;

/// Reads the request of a turn.
pub(super) fn read(turn: &Turn<'_>, cwd: &str) -> Reading {
    let text = turn.text.trim();
    if text.is_empty() {
        let steps: Vec<Step> =
            if turn.attachments.is_empty() { vec![Step::Say(Topic::Hello)] } else { vec![] };
        return Reading { steps, refusal: None };
    }
    if text.len() > LIMIT {
        return refuse(&[format!("a text of {} bytes", text.len())], &[]);
    }
    let mut steps = Vec::new();
    let mut unknown = Vec::new();
    for clause in clause::read(text, cwd, &turn.files()) {
        match clause {
            Ok(found) => steps.extend(found),
            Err(text) => unknown.push(text),
        }
    }
    shown_from_text(&mut steps, turn);
    if steps.iter().any(|step| !matches!(step, Step::Say(Topic::Hello | Topic::Thanks))) {
        steps.retain(|step| !matches!(step, Step::Say(Topic::Hello | Topic::Thanks)));
    }
    steps.truncate(50);
    if unknown.is_empty() && steps.is_empty() {
        unknown.push(text.to_owned());
    }
    if unknown.is_empty() {
        return Reading { steps, refusal: None };
    }
    let talk = steps.iter().all(Step::is_talk);
    let harmless = steps.iter().all(Step::only_looks) && steps.len() >= unknown.len() && !talk;
    let refusal = refuse(&unknown, &steps);
    if harmless { Reading { steps, ..refusal } } else { refusal }
}

/// A file without a path of its own is shown from the text that was sent along.
fn shown_from_text(steps: &mut [Step], turn: &Turn<'_>) {
    let mut loose = turn.attachments.iter().filter(|attachment| attachment.path.is_none());
    for step in steps.iter_mut() {
        if matches!(step, Step::Say(Topic::Ask(question)) if *question == show::WHICH_FILE)
            && let Some((name, text)) = loose.find_map(|loose| Some((&loose.name, loose.text.as_ref()?)))
        {
            *step = Step::Shown { name: name.clone(), text: text.clone() };
        }
    }
}

/// Says what was not understood, and what was but is not done.
fn refuse(unknown: &[String], steps: &[Step]) -> Reading {
    const QUOTED: usize = 200;
    let mut lines = vec![super::words::NOT_UNDERSTOOD.to_owned()];
    for clause in unknown.iter().take(5) {
        let line = clause.lines().next().unwrap_or_default();
        let kept: String = line.chars().take(QUOTED).collect();
        let cut = if kept.len() < clause.trim_end().len() { " …" } else { "" };
        lines.push(format!("I did not understand: {kept}{cut}"));
    }
    let titles: Vec<String> = steps.iter().filter(|step| !step.is_talk()).map(report::title).collect();
    if !titles.is_empty() && !steps.iter().all(Step::only_looks) {
        let list = titles.join("; ");
        lines.push(format!("I understood this much, and have not done it: {list}."));
    }
    Reading { steps: Vec::new(), refusal: Some(lines.join("\n")) }
}

/// The steps of one clause, by the first rule that knows it.
fn clause(words: &[Word], scope: &Scope<'_>) -> Option<Vec<Step>> {
    if let Some(steps) = talk::rule(words, scope) {
        return Some(steps);
    }
    let words = phrase::bare_request(words);
    if words.is_empty() {
        return None;
    }
    RULES.iter().find_map(|rule| rule(words, scope))
}
