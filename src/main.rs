//! Parse, run, exit code.

use std::process::ExitCode;

use adjutant::workspace::supervisor;

fn main() -> ExitCode {
    let mut args = std::env::args_os().skip(1);
    if args.next().is_some_and(|first| first == supervisor::ARGUMENT) {
        return supervisor::main(args);
    }
    adjutant::cli::main()
}
