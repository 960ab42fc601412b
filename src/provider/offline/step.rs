//! One step of a request, and the calls it takes.

use serde_json::{Value, json};

use super::report::{self, Refusal, Report};
use super::turn::Round;
use super::{result, summary};

/// Matches a search asks for at most; the count in the result is still the whole one.
const MATCHES: u32 = 200;

/// One thing to do, read from the request.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Step {
    /// Find comment markers, upper case: `TODO`, `FIXME` …
    Todos {
        markers: Vec<String>,
        place: Place,
    },
    /// List a directory; none is the working directory.
    List {
        path: Option<String>,
    },
    /// Find files by a glob pattern.
    Files {
        pattern: String,
        path: Option<String>,
    },
    /// Find lines; `text` is what was asked for, `pattern` the regex that means it.
    Search {
        text: String,
        pattern: String,
        ignore_case: bool,
        place: Place,
    },
    Show {
        path: String,
        range: Range,
    },
    /// Show what was sent along; there is no file to read.
    Shown {
        name: String,
        text: String,
    },
    Write {
        path: String,
        content: String,
    },
    Replace {
        path: String,
        old: String,
        new: String,
        everywhere: bool,
    },
    Run {
        command: String,
        timeout: Option<u64>,
        purpose: Purpose,
    },
    /// Run what the project's manifest stands for.
    Chore(Chore),
    /// Summarise the project.
    Summary,
    /// Nothing to do but to say something.
    Say(Topic),
}

/// Where to search.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Place {
    pub path: Option<String>,
    /// Which files, by name.
    pub glob: Option<String>,
}

/// Which lines of a file; numbers are 1-based and inclusive.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) enum Range {
    #[default]
    Whole,
    Lines(u64, u64),
    Last(u64),
}

/// What a command is for, which decides how its outcome is told.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Purpose {
    /// The person gave the command.
    Asked,
    Diff,
    Status,
    Log,
    /// It changes files; this is what is then done.
    Change(String),
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Chore {
    Test,
    Build,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Topic {
    Hello,
    Thanks,
    Help,
    Model,
    /// Something is missing from the request; the text asks for it.
    Ask(&'static str),
}

/// A call to make.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Call {
    pub tool: &'static str,
    pub input: Value,
}

/// What a step wants next.
#[derive(Debug)]
pub(super) enum Next {
    /// These calls, beside each other.
    Calls(Vec<Call>),
    /// Nothing more; this came of it.
    Done(Report),
}

impl Call {
    /// A call with an input object; members that are null are left out.
    pub(super) fn new(tool: &'static str, mut input: Value) -> Self {
        if let Some(members) = input.as_object_mut() {
            members.retain(|_, value| !value.is_null());
        }
        Self { tool, input }
    }
}

impl From<Call> for Next {
    fn from(call: Call) -> Self {
        Self::Calls(vec![call])
    }
}

impl Step {
    /// What to do once `rounds` have come back.
    pub(super) fn next(&self, rounds: &[Round<'_>]) -> Next {
        match self {
            Self::Say(topic) => Next::Done(report::said(*topic)),
            Self::Shown { name, text } => Next::Done(report::attached(name, text)),
            Self::Show { path, range } => show(path, *range, rounds),
            Self::Write { path, content } => write(path, content, rounds),
            Self::Replace { .. } => self.replace(rounds),
            Self::Chore(chore) => self.chore(*chore, rounds),
            Self::Summary => summary::next(rounds),
            _ => match rounds.first() {
                None => self.only_call().map_or_else(|| Next::Done(report::lost(self)), Next::from),
                Some(round) => Next::Done(report::outcome(self, round)),
            },
        }
    }

    /// Whether it changes nothing, so that what follows does not depend on it.
    pub(super) fn only_looks(&self) -> bool {
        match self {
            Self::Write { .. } | Self::Replace { .. } | Self::Chore(_) => false,
            Self::Run { purpose, .. } => matches!(purpose, Purpose::Diff | Purpose::Status | Purpose::Log),
            _ => true,
        }
    }

    /// Whether it has no work in it.
    pub(super) fn is_talk(&self) -> bool {
        matches!(self, Self::Say(_) | Self::Shown { .. })
    }

    /// The file it is about, if it is about one.
    pub(super) fn file(&self) -> Option<&str> {
        match self {
            Self::Show { path, .. } | Self::Write { path, .. } | Self::Replace { path, .. } => Some(path),
            _ => None,
        }
    }

    /// The call of the steps that take just one.
    fn only_call(&self) -> Option<Call> {
        Some(match self {
            Self::Todos { markers, place } => {
                let words = markers.join("|");
                let pattern = if markers.len() == 1 { words } else { format!("(?:{words})") };
                let input = json!({
                    "pattern": format!(r"\b{pattern}\b"), "path": place.path, "glob": place.glob, "limit": MATCHES
                });
                Call::new("grep", input)
            }
            Self::Search { pattern, ignore_case, place, .. } => {
                let input = json!({
                    "pattern": pattern, "path": place.path, "glob": place.glob,
                    "ignore_case": ignore_case.then_some(true), "limit": MATCHES
                });
                Call::new("grep", input)
            }
            Self::List { path } => Call::new("list", json!({ "path": path })),
            Self::Files { pattern, path } => Call::new("glob", json!({ "pattern": pattern, "path": path })),
            Self::Run { command, timeout, .. } => {
                Call::new("bash", json!({ "command": command, "timeout": timeout }))
            }
            _ => return None,
        })
    }

    /// The file is read first: what is replaced must have been seen.
    fn replace(&self, rounds: &[Round<'_>]) -> Next {
        let Self::Replace { path, old, new, everywhere } = self else {
            return Next::Done(report::lost(self));
        };
        match rounds {
            [] => read(path, Range::Whole).into(),
            [seen] if report::worked(seen) => {
                let input = json!({
                    "path": path, "old_text": old, "new_text": new, "replace_all": everywhere.then_some(true)
                });
                Call::new("edit", input).into()
            }
            [.., last] => Next::Done(report::outcome(self, last)),
        }
    }

    /// The root is listed first: its manifest says which command it is.
    fn chore(&self, chore: Chore, rounds: &[Round<'_>]) -> Next {
        match rounds {
            [] => Call::new("list", json!({})).into(),
            [listed] if report::worked(listed) => {
                let text = listed.first().map_or("", |outcome| outcome.text);
                match chore.command(&result::names(text)) {
                    Some(command) => Call::new("bash", json!({ "command": command })).into(),
                    None => Next::Done(report::no_manifest(chore)),
                }
            }
            [.., last] => Next::Done(report::outcome(self, last)),
        }
    }
}

impl Chore {
    /// The usual command for a project with these files in its root.
    pub(super) fn command(self, names: &[&str]) -> Option<&'static str> {
        const MANIFESTS: &[(&str, &str, &str)] = &[
            ("Cargo.toml", "cargo test", "cargo build"),
            ("package.json", "npm test", "npm run build"),
            ("go.mod", "go test ./...", "go build ./..."),
            ("pyproject.toml", "python -m pytest", "python -m build"),
            ("pytest.ini", "python -m pytest", "python -m build"),
            ("Makefile", "make test", "make"),
        ];
        let (_, test, build) = MANIFESTS.iter().find(|(manifest, ..)| names.contains(manifest))?;
        Some(match self {
            Self::Test => test,
            Self::Build => build,
        })
    }
}

/// Reads; if the name is not that of a file, lists the directory or looks for a file of that name.
fn show(path: &str, range: Range, rounds: &[Round<'_>]) -> Next {
    let Some(first) = rounds.first() else { return read(path, range).into() };
    let done = |path, round| Next::Done(report::shown(path, range, round));
    if report::worked(first) {
        return done(path, first);
    }
    let found = |round: &Round<'_>| -> Vec<String> {
        let text = round.first().map_or("", |outcome| outcome.text);
        result::called(text, path).into_iter().map(str::to_owned).collect()
    };
    match (report::refusal(first), &rounds[1..]) {
        (Refusal::Directory, []) => Call::new("list", json!({ "path": path })).into(),
        (Refusal::Directory, [listed, ..]) if report::worked(listed) => {
            Next::Done(report::outcome(&Step::List { path: Some(path.to_owned()) }, listed))
        }
        (Refusal::Missing, []) if !path.contains('/') => {
            Call::new("glob", json!({ "pattern": result::like(path) })).into()
        }
        (Refusal::Missing, [files]) if report::worked(files) => match found(files).as_slice() {
            [only] => read(only, range).into(),
            [] => done(path, first),
            several => Next::Done(report::which(path, several)),
        },
        (Refusal::Missing, [files, text, ..]) => {
            done(found(files).first().map_or(path, String::as_str), text)
        }
        _ => done(path, first),
    }
}

fn read(path: &str, range: Range) -> Call {
    match range {
        Range::Whole => Call::new("read", json!({ "path": path })),
        Range::Lines(from, to) => {
            let limit = to.saturating_sub(from).saturating_add(1);
            Call::new("read", json!({ "path": path, "line": from, "limit": limit }))
        }
        // The reading tool counts from the top, and a long file is cut at its end.
        Range::Last(count) => {
            Call::new("bash", json!({ "command": format!("tail -n {count} {}", result::shell_word(path)) }))
        }
    }
}

/// Writes; a file that has to be seen before it is overwritten is read in between.
fn write(path: &str, content: &str, rounds: &[Round<'_>]) -> Next {
    let call = || Call::new("write", json!({ "path": path, "content": content }));
    let step = Step::Write { path: path.to_owned(), content: content.to_owned() };
    match rounds {
        [] => call().into(),
        [first] if !report::worked(first) && report::wants_reading(first) => read(path, Range::Whole).into(),
        [first, seen] if !report::worked(first) && report::worked(seen) => call().into(),
        [first, seen] if !report::worked(seen) => Next::Done(report::outcome(&step, first)),
        [.., last] => Next::Done(report::outcome(&step, last)),
    }
}
