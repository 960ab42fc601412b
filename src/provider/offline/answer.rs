//! The answer: the steps of the request played against the results that are there already.

use serde_json::{Value, json};

use super::parse::{self, Reading};
use super::report::{self, Report};
use super::step::{Call, Next, Step};
use super::turn::{PLAN_TOOL, Round, Turn};
use super::words;
use crate::acp::StopReason;
use crate::provider::{Delta, Message, ModelCall, ModelRequest};

/// Longest line that is sent as one piece; a longer one goes out in sentences.
const PIECE: usize = 160;

/// What the command agent says and calls next. Always ends with exactly one [`Delta::Done`].
pub fn answer(request: &ModelRequest) -> Vec<Delta> {
    let turn = Turn::read(request);
    let reading = parse::read(&turn, &request.cwd);
    let mut play = Play::new(request, &turn, &reading.steps);
    play.run();
    let (mut text, calls) = play.finish(&reading, &turn);
    if text.is_empty() && calls.is_empty() {
        words::HELP.clone_into(&mut text);
    }
    let mut deltas = pieces(&text);
    let first = first_id(request);
    deltas.extend(calls.into_iter().enumerate().map(|(index, call)| {
        let id = format!("off-{}", first + index);
        Delta::Call(ModelCall { id, name: call.tool.to_owned(), input: call.input })
    }));
    deltas.push(Delta::Done(StopReason::EndTurn));
    deltas
}

/// How far a step has come.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Progress {
    Pending,
    Running,
    Done,
    Failed,
}

/// The turn played again from its start: what was said before the last results is dropped, as it was said
/// then.
struct Play<'a> {
    request: &'a ModelRequest,
    steps: &'a [Step],
    rounds: std::slice::Iter<'a, Round<'a>>,
    progress: Vec<Progress>,
    planned: bool,
    text: Vec<String>,
    calls: Vec<Call>,
    stopped: bool,
}

impl<'a> Play<'a> {
    fn new(request: &'a ModelRequest, turn: &'a Turn<'a>, steps: &'a [Step]) -> Self {
        let work = steps.iter().filter(|step| !step.is_talk()).count();
        let mut play = Self {
            request,
            steps,
            rounds: turn.rounds.iter(),
            progress: vec![Progress::Pending; steps.len()],
            planned: false,
            text: Vec::new(),
            calls: Vec::new(),
            stopped: false,
        };
        play.planned = work > 1 && play.offered(PLAN_TOOL);
        play
    }

    fn offered(&self, tool: &str) -> bool {
        self.request.tools.iter().any(|spec| spec.name == tool)
    }

    fn run(&mut self) {
        for (index, step) in self.steps.iter().enumerate() {
            let Some(report) = self.play_step(index, step) else { return };
            self.progress[index] = if report.failed { Progress::Failed } else { Progress::Done };
            self.text.push(report.text);
            if report.failed && !step.only_looks() {
                self.stopped = index + 1 < self.steps.len();
                break;
            }
        }
        self.close();
    }

    /// Plays one step to its report; `None` if it waits for calls, which are then in `calls`.
    fn play_step(&mut self, index: usize, step: &Step) -> Option<Report> {
        let mut mine: Vec<Round<'a>> = Vec::new();
        loop {
            let calls = match step.next(&mine) {
                Next::Done(report) => return Some(report),
                Next::Calls(calls) => calls,
            };
            if let Some(missing) = calls.iter().find(|call| !self.offered(call.tool)) {
                return Some(report::not_offered(step, missing.tool));
            }
            let starts = mine.is_empty();
            self.progress[index] = Progress::Running;
            if let Some(round) = self.rounds.next() {
                self.text.clear();
                mine.push(round.clone());
                continue;
            }
            if starts && self.planned {
                self.calls.push(self.plan());
            }
            self.calls.extend(calls);
            return None;
        }
    }

    /// The last word on the plan, and after it the closing text.
    fn close(&mut self) {
        if !self.planned {
            return;
        }
        if self.rounds.next().is_none() {
            self.calls.push(self.plan());
            return;
        }
        self.text.clear();
        let done = self.progress.iter().filter(|progress| **progress == Progress::Done).count();
        let failed = self.titles(Progress::Failed);
        let left = self.titles(Progress::Pending);
        let mut text = if failed.is_empty() {
            format!("All {done} steps are done.")
        } else {
            format!("{done} of {} steps are done. Not done: {}.", self.steps.len(), failed.join("; "))
        };
        if !left.is_empty() {
            text = format!("{text} I stopped there; left: {}.", left.join("; "));
        }
        self.text.push(text);
    }

    fn titles(&self, wanted: Progress) -> Vec<String> {
        let titled = self.steps.iter().zip(&self.progress);
        titled.filter(|(_, progress)| **progress == wanted).map(|(step, _)| report::title(step)).collect()
    }

    fn plan(&self) -> Call {
        let entries = self.steps.iter().zip(&self.progress).filter(|(step, _)| !step.is_talk()).map(entry);
        Call::new(PLAN_TOOL, json!({ "entries": entries.collect::<Vec<_>>() }))
    }

    /// The text and the calls of this answer.
    fn finish(self, reading: &Reading, turn: &Turn<'_>) -> (String, Vec<Call>) {
        let mut text = self.text;
        if self.calls.is_empty() {
            if self.stopped && !self.planned {
                text.push("I stopped there, as what follows may depend on it.".to_owned());
            }
            text.extend(remarks(reading, turn));
        }
        let mut text = text.join("\n\n");
        if !self.calls.is_empty() && !text.is_empty() {
            text.push_str("\n\n");
        }
        (text, self.calls)
    }
}

fn entry((step, progress): (&Step, &Progress)) -> Value {
    let title = report::title(step);
    let (content, status) = match progress {
        Progress::Pending => (title, "pending"),
        Progress::Running => (title, "in_progress"),
        Progress::Done => (title, "completed"),
        // A plan has no word for it; left open it would look as if it went on.
        Progress::Failed => (format!("{title} (failed)"), "completed"),
    };
    json!({ "content": content, "status": status, "priority": "medium" })
}

/// What else is to be said at the end of the turn: what was not understood, what was attached for nothing.
fn remarks(reading: &Reading, turn: &Turn<'_>) -> Vec<String> {
    let mut remarks = Vec::new();
    if let Some(refusal) = &reading.refusal {
        remarks.push(refusal.clone());
    }
    let media: Vec<&str> = turn
        .attachments
        .iter()
        .filter(|attachment| attachment.media)
        .map(|attachment| attachment.name.as_str())
        .collect();
    if !media.is_empty() {
        let list = media.join(" and ");
        remarks.push(format!(
            "You attached {list}: kept in the conversation, but not understood without a model."
        ));
    }
    if reading.steps.is_empty() {
        let names: Vec<String> = turn
            .attachments
            .iter()
            .filter(|attachment| !attachment.media)
            .take(20)
            .map(|attachment| format!("`{}`", attachment.path.as_ref().unwrap_or(&attachment.name)))
            .collect();
        if !names.is_empty() {
            remarks.push(format!("You attached {}. Say `show` to see it.", names.join(", ")));
        }
        remarks.push(words::WHAT_WORKS.to_owned());
    }
    remarks
}

/// The first number for new call ids: above the count of messages and above every id of ours so far.
fn first_id(request: &ModelRequest) -> usize {
    let number =
        |call: &ModelCall| call.id.strip_prefix("off-").and_then(|number| number.parse::<u32>().ok());
    let used = request.messages.iter().filter_map(|message| match message.as_ref() {
        Message::Assistant { calls, .. } => calls.iter().filter_map(number).max(),
        Message::User(_) | Message::Result { .. } => None,
    });
    used.max().map_or(0, |number| number as usize + 1).max(request.messages.len())
}

/// The text in lines, long lines in sentences.
fn pieces(text: &str) -> Vec<Delta> {
    let mut pieces = Vec::new();
    for line in text.split_inclusive('\n') {
        let mut rest = line;
        while rest.len() > PIECE {
            let Some(end) = rest.find(". ").map(|at| at + 2) else { break };
            pieces.push(Delta::Text(rest[..end].to_owned()));
            rest = &rest[end..];
        }
        pieces.push(Delta::Text(rest.to_owned()));
    }
    pieces.retain(|piece| !matches!(piece, Delta::Text(text) if text.is_empty()));
    pieces
}
