//! Everything people read from the program: the only file that writes to stdout and stderr by itself.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "the one place where printing belongs")]

use std::io::Write;
use std::process::ExitCode;

use clap::CommandFactory;

use super::args::Args;

/// A line on stdout.
pub(super) fn line(text: &str) {
    println!("{text}");
}

/// Text on stdout as it comes, shown at once. What cannot be shown has nobody to read it.
pub(super) fn text(text: &str) {
    let mut out = std::io::stdout().lock();
    let _shown = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// A line beside the result.
pub(super) fn note(text: &str) {
    eprintln!("{text}");
}

/// A question beside the result; the answer comes on the same line.
pub(super) fn question(text: &str) {
    let mut out = std::io::stderr().lock();
    let _shown = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// One line that says what went wrong, and the exit code for it.
pub(super) fn failure(code: u8, text: &str) -> ExitCode {
    eprintln!("adjutant: {text}");
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
