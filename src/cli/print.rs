//! Everything people read from the program: the only file that writes to stdout and stderr by itself. All text
//! but JSON is made harmless for a terminal here.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::CommandFactory;
use serde::Serialize;

use super::args::Args;
use super::plain::clean;
use crate::error::ErrorKind;

/// Why stdout did not take something.
#[derive(Debug, thiserror::Error)]
pub(super) enum PrintError {
    /// Whoever read it has gone, as `head` does.
    #[error("nobody reads the output any more")]
    Closed,
    #[error("the output cannot be written: {0}")]
    Failed(io::Error),
}

impl PrintError {
    pub(super) fn kind(&self) -> ErrorKind {
        match self {
            Self::Closed | Self::Failed(_) => ErrorKind::Unavailable,
        }
    }
}

impl From<io::Error> for PrintError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::Closed,
            _ => Self::Failed(error),
        }
    }
}

/// A line on stdout.
pub(super) fn line(line: &str) -> Result<(), PrintError> {
    text(&format!("{line}\n"))
}

/// Text on stdout as it comes, shown at once.
pub(super) fn text(text: &str) -> Result<(), PrintError> {
    out(clean(text).as_bytes())
}

/// A value as a line of JSON on stdout, for programs: nothing of it is changed.
pub(super) fn json<T: Serialize>(value: &T) -> Result<(), PrintError> {
    let mut line = serde_json::to_vec(value).map_err(|e| PrintError::Failed(e.into()))?;
    line.push(b'\n');
    out(&line)
}

fn out(bytes: &[u8]) -> Result<(), PrintError> {
    let mut out = io::stdout().lock();
    out.write_all(bytes)?;
    Ok(out.flush()?)
}

/// A line beside the result.
pub(super) fn note(text: &str) {
    question(&format!("{text}\n"));
}

/// A question beside the result; the answer comes on the same line. What cannot be shown has nobody to read
/// it.
pub(super) fn question(text: &str) {
    let mut out = io::stderr().lock();
    let _shown = out.write_all(clean(text).as_bytes()).and_then(|()| out.flush());
}

/// Draws lines beside the result in place of those that were drawn before, `above` of them, as far as the terminal has
/// room; how many there are now.
pub(super) fn redraw(above: usize, lines: &[String]) -> usize {
    let mut out = io::stderr().lock();
    let size = rustix::termios::tcgetwinsize(&out).ok().filter(|size| size.ws_col > 1 && size.ws_row > 1);
    let (width, height) = size.map_or((80, 24), |size| (size.ws_col, size.ws_row));
    let shown = lines.len().min(usize::from(height) - 1);
    let mut text = if above > 0 { format!("\x1b[{above}A") } else { String::new() };
    for line in &lines[..shown] {
        let line: String = clean(line).chars().take(usize::from(width) - 1).collect();
        text.extend(["\x1b[2K", &line, "\n"]);
    }
    let _shown = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    shown
}

/// One line that says what went wrong, and the exit code for it.
pub(super) fn failure(code: u8, text: &str) -> ExitCode {
    note(&format!("adjutant: {text}"));
    ExitCode::from(code)
}

/// What clap has to say: help and version are no failures.
pub(super) fn usage(error: &clap::Error) -> ExitCode {
    let _shown = error.print();
    if error.use_stderr() { ExitCode::from(super::exit::USAGE) } else { ExitCode::SUCCESS }
}

/// The program's help.
pub(super) fn help() -> ExitCode {
    let _shown = Args::command().print_help();
    ExitCode::SUCCESS
}
