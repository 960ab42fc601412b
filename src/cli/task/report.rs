use std::io::IsTerminal;

use serde_json::{Value, json};

use super::{News, Outcome, Plan, State};
use crate::cli::plain::{clean, one_line};
use crate::cli::print::{self, PrintError};
use crate::cli::table;

/// Characters of a task or a message in a row.
const CELL: usize = 48;

/// How the tasks stand, as far as anybody was told.
pub(super) struct Report {
    rows: Vec<Row>,
    style: Style,
}

struct Row {
    text: String,
    server: Option<String>,
    state: State,
}

enum Style {
    /// A line for each thing that happens, in JSON.
    Json,
    /// A line for each thing that happens.
    Lines,
    /// A table that changes, so many lines high.
    Table(usize),
}

impl Report {
    pub(super) fn new(plan: &Plan, json: bool) -> Self {
        let row = |job: &super::Job| Row {
            text: job.text.clone(),
            server: job.server.clone(),
            state: State::Waiting,
        };
        let style = match (json, std::io::stderr().is_terminal()) {
            (true, _) => Style::Json,
            (false, false) => Style::Lines,
            (false, true) => Style::Table(0),
        };
        Self { rows: plan.jobs.iter().map(row).collect(), style }
    }

    /// Shows what has happened.
    pub(super) fn take(&mut self, news: News) -> Result<(), PrintError> {
        let row = &mut self.rows[news.job];
        row.server = Some(news.server.to_string());
        if row.state == news.state {
            return Ok(());
        }
        row.state = news.state;
        match &mut self.style {
            Style::Json => return print::json(&told(news.job, row)),
            Style::Lines => print::note(&format!("adjutant: {}: {}", place(row), happening(&row.state))),
            Style::Table(height) => {
                let lines = lines(&self.rows);
                *height = print::redraw(*height, &lines);
            }
        }
        Ok(())
    }

    /// Shows what came of everything; whether all is completed.
    pub(super) fn finish(mut self) -> Result<bool, PrintError> {
        for row in &mut self.rows {
            if !matches!(row.state, State::Ended(_)) {
                row.state = State::Ended(Outcome::Lost("no server was left for it".to_owned()));
            }
        }
        let is_done = |row: &&Row| matches!(&row.state, State::Ended(outcome) if outcome.is_completed());
        let completed = self.rows.iter().filter(is_done).count();
        let failed = self.rows.len() - completed;
        if matches!(self.style, Style::Json) {
            for (at, row) in self.rows.iter().enumerate().filter(|(_, row)| row.server.is_none()) {
                print::json(&told(at, row))?;
            }
            print::json(&json!({ "type": "summary", "completed": completed, "failed": failed }))?;
            return Ok(failed == 0);
        }
        for row in &self.rows {
            print::line(&format!("== {}: {}", place(row), short(&row.text)))?;
            if let State::Ended(outcome) = &row.state {
                print::line(result(outcome).trim_end())?;
            }
            print::line("")?;
        }
        if failed > 0 {
            print::note(&format!("adjutant: {failed} of {} tasks did not finish", self.rows.len()));
        }
        Ok(failed == 0)
    }
}

/// Where it is done.
fn place(row: &Row) -> String {
    one_line(row.server.as_deref().unwrap_or("nobody"))
}

/// The row of a table.
fn lines(rows: &[Row]) -> Vec<String> {
    let heading = ["SERVER", "TASK", "DONE", "NOW"].map(ToOwned::to_owned);
    let cells = rows.iter().map(|row| {
        let done = match &row.state {
            State::Waiting => String::new(),
            State::Running { progress, .. } => format!("{:.0}%", progress.clamp(0.0, 1.0) * 100.0),
            State::Ended(outcome) if outcome.is_completed() => "100%".to_owned(),
            State::Ended(_) => "-".to_owned(),
        };
        [place(row), short(&row.text), done, happening(&row.state)]
    });
    table::lines(&std::iter::once(heading).chain(cells).collect::<Vec<_>>())
}

/// What is told of a task in a few words.
fn happening(state: &State) -> String {
    match state {
        State::Waiting => "waits".to_owned(),
        State::Running { message, .. } => short(message),
        State::Ended(Outcome::Answered { status, .. }) => short(status),
        State::Ended(Outcome::Refused { code, message }) => one_line(&format!("failed: {code}: {message}")),
        State::Ended(Outcome::Lost(why)) => one_line(&format!("failed: {why}")),
    }
}

/// What is told of it at the end.
fn result(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Answered { status, output, denied, .. } => {
            let mut lines = Vec::new();
            if !outcome.is_completed() {
                lines.push(one_line(status));
            }
            lines.extend(denied.iter().map(|it| format!("denied: {}", one_line(it))));
            lines.push(clean(output));
            lines.join("\n")
        }
        Outcome::Refused { .. } | Outcome::Lost(_) => happening(&State::Ended(outcome.clone())),
    }
}

/// The same for programs.
fn told(job: usize, row: &Row) -> Value {
    let mut line = json!({ "task": job + 1, "text": row.text, "server": row.server });
    let fields = match &row.state {
        State::Waiting => json!({ "type": "waiting" }),
        State::Running { progress, message } => {
            json!({ "type": "progress", "progress": progress, "message": message })
        }
        State::Ended(Outcome::Answered { status, output, session, denied }) => {
            json!({ "type": "result", "status": status, "output": output, "sessionId": session, "denied": denied })
        }
        State::Ended(Outcome::Refused { code, message }) => {
            json!({ "type": "result", "status": "refused", "error": { "code": code, "message": message } })
        }
        State::Ended(Outcome::Lost(why)) => {
            json!({ "type": "result", "status": "lost", "error": { "code": "LOST", "message": why } })
        }
    };
    if let (Value::Object(line), Value::Object(fields)) = (&mut line, fields) {
        line.extend(fields);
    }
    line
}

/// The beginning of a text, on one line.
fn short(text: &str) -> String {
    let line = one_line(text);
    match line.char_indices().nth(CELL) {
        Some((at, _)) => format!("{}…", &line[..at]),
        None => line,
    }
}
