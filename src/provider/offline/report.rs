//! What is said about the outcome of a step: the tool's words, in order, and nothing that is not in them.

use super::result::{self, Match};
use super::step::{Chore, Place, Purpose, Range, Step, Topic};
use super::turn::Round;
use super::words;

/// Lines of a result that are repeated in the text; the whole is in the tool call.
const LINES: usize = 200;

/// What came of a step.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Report {
    pub text: String,
    pub failed: bool,
}

/// Why a file was not read, as far as the text tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// It is a directory.
    Directory,
    /// There is none of that name.
    Missing,
    Other,
}

impl Report {
    pub(super) fn done(text: impl Into<String>) -> Self {
        Self { text: text.into(), failed: false }
    }

    pub(super) fn failed(text: impl Into<String>) -> Self {
        Self { text: text.into(), failed: true }
    }
}

/// Whether all calls of the round worked.
pub(super) fn worked(round: &Round<'_>) -> bool {
    round.iter().all(|outcome| !outcome.failed)
}

/// Whether a change was refused because the file was not read before.
pub(super) fn wants_reading(round: &Round<'_>) -> bool {
    let text = text(round).to_lowercase();
    ["read it", "read the file", "not been read", "not read", "not seen"]
        .iter()
        .any(|hint| text.contains(hint))
}

/// Why the file of a failed round was not read.
pub(super) fn refusal(round: &Round<'_>) -> Refusal {
    let text = text(round).to_lowercase();
    if ["no such", "not found", "not exist", "no file"].iter().any(|hint| text.contains(hint)) {
        Refusal::Missing
    } else if text.contains("directory") {
        Refusal::Directory
    } else {
        Refusal::Other
    }
}

fn text<'a>(round: &Round<'a>) -> &'a str {
    round.first().map_or("", |outcome| outcome.text)
}

/// What came of a step, from the last round of it.
pub(super) fn outcome(step: &Step, round: &Round<'_>) -> Report {
    let text = text(round);
    let runs = matches!(step, Step::Run { .. } | Step::Chore(_));
    if !worked(round) || (runs && result::exit_code(text).is_some_and(|code| code != 0)) {
        return failure(step, text);
    }
    Report::done(match step {
        Step::Todos { markers, place } => todos(markers, place, text),
        Step::Search { text: what, place, .. } => search(what, place, text),
        Step::Files { pattern, path } => files(pattern, path.as_deref(), text),
        Step::List { path } => {
            let place = path.as_ref().map_or("the working directory".to_owned(), |path| format!("`{path}`"));
            if text.trim().is_empty() {
                format!("Nothing is in {place}.")
            } else {
                format!("Files in {place}:\n{}", fenced(text))
            }
        }
        Step::Write { path, .. } => format!("Wrote `{path}`.{}", said_by_tool(text)),
        Step::Replace { path, .. } => format!("Changed `{path}`.{}", said_by_tool(text)),
        Step::Run { command, purpose, .. } => ran(command, purpose, text),
        Step::Chore(chore) => format!("Ran the {}:\n{}", chore.noun(), fenced(text)),
        Step::Show { .. } | Step::Shown { .. } | Step::Summary | Step::Say(_) => text.to_owned(),
    })
}

/// What a failed step says: what was tried and why it did not work.
pub(super) fn failure(step: &Step, text: &str) -> Report {
    let reason = text.trim();
    let title = lower_first(&title(step));
    Report::failed(if reason.is_empty() {
        format!("I could not {title}; the tool gave no reason.")
    } else if reason.contains('\n') {
        format!("I could not {title}:\n{}", fenced(reason))
    } else {
        format!("I could not {title}: {reason}")
    })
}

/// A tool that the session does not offer.
pub(super) fn not_offered(step: &Step, tool: &str) -> Report {
    let title = lower_first(&title(step));
    Report::failed(format!("I cannot {title}: the tool `{tool}` is not offered in this session."))
}

pub(super) fn lost(step: &Step) -> Report {
    Report::failed(format!("I could not {}.", lower_first(&title(step))))
}

pub(super) fn no_manifest(chore: Chore) -> Report {
    Report::failed(format!(
        "I found no manifest that says how to run the {}. Give the command: `run COMMAND`.",
        chore.noun()
    ))
}

pub(super) fn said(topic: Topic) -> Report {
    Report::done(match topic {
        Topic::Hello => words::HELLO,
        Topic::Thanks => words::THANKS,
        Topic::Help => words::HELP,
        Topic::Model => words::MODEL,
        Topic::Ask(question) => question,
    })
}

/// Text that was sent along with the request.
pub(super) fn attached(name: &str, text: &str) -> Report {
    Report::done(format!("`{name}`, as attached:\n{}", fenced(text)))
}

/// The content of a file.
pub(super) fn shown(path: &str, range: Range, round: &Round<'_>) -> Report {
    let step = Step::Show { path: path.to_owned(), range };
    if !worked(round) {
        return failure(&step, text(round));
    }
    let content = result::plain(text(round));
    let lines = match range {
        Range::Whole => String::new(),
        Range::Lines(from, to) if from == to => format!(", line {from}"),
        Range::Lines(from, to) => format!(", lines {from}–{to}"),
        Range::Last(1) => ", the last line".to_owned(),
        Range::Last(count) => format!(", the last {count} lines"),
    };
    Report::done(if content.is_empty() {
        format!("`{path}`{lines} is empty.")
    } else {
        format!("`{path}`{lines}:\n{}", fenced(&content))
    })
}

/// Several files fit a name.
pub(super) fn which(name: &str, paths: &[String]) -> Report {
    let list: Vec<String> = paths.iter().take(LINES).map(|path| format!("- {path}")).collect();
    Report::failed(format!("Several files are called `{name}`; name one of them:\n{}", list.join("\n")))
}

fn todos(markers: &[String], place: &Place, text: &str) -> String {
    let (count, found) = result::matches(text);
    let what = markers.join(" and ");
    match count {
        0 => format!("Found no {what} comments{}.", within(place)),
        1 => format!("Found 1 {what} comment:\n{}", lines(count, &found, |hit| from_marker(hit, markers))),
        _ => format!(
            "Found {count} {what} comments:\n{}",
            lines(count, &found, |hit| from_marker(hit, markers))
        ),
    }
}

fn search(what: &str, place: &Place, text: &str) -> String {
    let (count, found) = result::matches(text);
    let list = || lines(count, &found, |hit| hit.text.trim());
    match count {
        0 => format!("Found no match for `{what}`{}.", within(place)),
        1 => format!("Found 1 match for `{what}`:\n{}", list()),
        _ => format!("Found {count} matches for `{what}`:\n{}", list()),
    }
}

fn files(pattern: &str, path: Option<&str>, text: &str) -> String {
    let found = result::paths(text);
    let place = Place { path: path.map(str::to_owned), glob: None };
    let more = if result::is_cut(text) { " at least" } else { "" };
    let list: Vec<String> = found.iter().take(LINES).map(|path| format!("- {path}")).collect();
    let left = left(found.len(), list.len());
    match found.len() {
        0 => format!("Found no files that match `{pattern}`{}.", within(&place)),
        1 => format!("Found{more} 1 file:\n{}", list.join("\n")),
        count => format!("Found{more} {count} files:\n{}{left}", list.join("\n")),
    }
}

fn lines<'a>(count: usize, found: &[Match<'a>], text: impl Fn(&Match<'a>) -> &'a str) -> String {
    let list: Vec<String> =
        found.iter().take(LINES).map(|hit| format!("- {}:{}: {}", hit.path, hit.line, text(hit))).collect();
    list.join("\n") + &left(count, list.len())
}

fn left(count: usize, shown: usize) -> String {
    if count > shown { format!("\n… and {} more", count - shown) } else { String::new() }
}

/// The comment from its marker on, without the end of the comment syntax.
fn from_marker<'a>(hit: &Match<'a>, markers: &[String]) -> &'a str {
    let start = markers.iter().filter_map(|marker| hit.text.find(marker.as_str())).min().unwrap_or(0);
    let mut text = hit.text[start..].trim();
    for end in ["*/", "-->", "#}", "--}}", "*)"] {
        text = text.strip_suffix(end).unwrap_or(text).trim_end();
    }
    text
}

fn within(place: &Place) -> String {
    match (&place.path, &place.glob) {
        (Some(path), Some(glob)) => format!(" in `{path}` ({glob})"),
        (Some(only), None) | (None, Some(only)) => format!(" in `{only}`"),
        (None, None) => String::new(),
    }
}

fn ran(command: &str, purpose: &Purpose, text: &str) -> String {
    let output = text.trim_end();
    match purpose {
        Purpose::Change(done) => done.clone(),
        Purpose::Diff if result::is_silent(output) => format!("{} shows no changes.", code(command)),
        Purpose::Diff => fenced_as("diff", output),
        _ if result::is_silent(output) => {
            format!("Ran {}; it printed nothing.", code(command))
        }
        Purpose::Status | Purpose::Log => fenced(output),
        Purpose::Asked => {
            format!("Ran {}:\n{}", code(command), fenced(output))
        }
    }
}

/// A short remark of the tool, if it made one.
fn said_by_tool(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default().trim();
    if line.is_empty() || line.len() > 200 { String::new() } else { format!(" ({line})") }
}

/// What a step does, as a line of a plan.
pub(super) fn title(step: &Step) -> String {
    match step {
        Step::Todos { markers, place } => format!("Find {} comments{}", markers.join(" and "), within(place)),
        Step::List { path: None } => "List the working directory".to_owned(),
        Step::List { path: Some(path) } => format!("List `{path}`"),
        Step::Files { pattern, .. } => format!("Find files `{pattern}`"),
        Step::Search { text, place, .. } => format!("Search for {}{}", code(text), within(place)),
        Step::Show { path, .. } => format!("Show `{path}`"),
        Step::Shown { name, .. } => format!("Show `{name}`"),
        Step::Write { path, .. } => format!("Write `{path}`"),
        Step::Replace { path, .. } => format!("Replace text in `{path}`"),
        Step::Run { purpose: Purpose::Diff, .. } => "Show the git diff".to_owned(),
        Step::Run { command, .. } => format!("Run {}", code(command)),
        Step::Chore(chore) => format!("Run the {}", chore.noun()),
        Step::Summary => "Summarise the project".to_owned(),
        Step::Say(_) => "Answer".to_owned(),
    }
}

impl Chore {
    fn noun(self) -> &'static str {
        match self {
            Self::Test => "tests",
            Self::Build => "build",
        }
    }
}

/// One line of code for a sentence; a longer text is cut.
fn code(text: &str) -> String {
    const KEPT: usize = 120;
    let line = text.lines().next().unwrap_or_default();
    let cut = line.chars().count() > KEPT || text.lines().nth(1).is_some();
    let kept: String = line.chars().take(KEPT).collect();
    let mark = if kept.contains('`') { "``" } else { "`" };
    format!("{mark}{kept}{}{mark}", if cut { "…" } else { "" })
}

/// A block of text as it is, cut at [`LINES`] lines.
pub(super) fn fenced(text: &str) -> String {
    fenced_as("", text)
}

fn fenced_as(language: &str, text: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    let count = text.lines().count();
    let kept: Vec<&str> = text.lines().take(LINES).collect();
    let more = if count > LINES {
        format!("\n… {} more lines; the tool call holds them", count - LINES)
    } else {
        String::new()
    };
    format!("{fence}{language}\n{}\n{fence}{more}", kept.join("\n"))
}

fn lower_first(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_lowercase().collect::<String>() + chars.as_str())
}
