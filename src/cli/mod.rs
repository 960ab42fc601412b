//! The command line: what was said (`args`), one file per command, and `print`, the only file that writes
//! to stdout for people.
//!
//! No engine logic lives here.
//!
//! What always holds: stdout carries only what the command is for; every failure is one line on stderr
//! and an exit code of `exit`; nothing that is printed for people can be obeyed by their terminal.
//!
//! To add a command: its variant in `args`, a file, and its arm below.

mod acp;
mod args;
mod ask;
mod client;
mod code;
mod config;
mod connect;
mod discover;
mod doctor;
mod exit;
mod form;
mod hidden;
mod listen;
mod login;
mod logout;
mod mcp;
mod models;
mod note;
mod permissions;
mod plain;
mod print;
mod providers;
mod reach;
mod run;
mod sessions;
mod table;
mod task;

#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use tokio::runtime::{Builder, Runtime};

use crate::config::{Environment, Flags};
use args::{Acp, Args, Command, Format, Run, SignIn};

/// What every command is given.
struct Setup {
    environment: Environment,
    flags: Flags,
    /// As it was said.
    cwd: Option<PathBuf>,
}

/// Runs the program and says how it ended.
pub fn main() -> ExitCode {
    let args = match Args::try_parse_from(args::spelt(std::env::args_os())) {
        Ok(args) => args,
        Err(e) => return print::usage(&e),
    };
    let environment = Environment::read();
    let filter = args.log.as_deref().or_else(|| environment.value("ADJUTANT_LOG"));
    let guard = match crate::telemetry::start(filter, args.log_file.as_deref()) {
        Ok(guard) => guard,
        Err(e) => return print::failure(exit::CANNOT_CREATE, &format!("the log file cannot be opened: {e}")),
    };
    // Paths on the command line are meant from where it was typed, not from --cwd.
    let config = args.config.map(|path| std::path::absolute(&path).unwrap_or(path));
    let setup = Setup { environment, flags: Flags { config, mode: args.mode }, cwd: args.cwd };
    let code = dispatch(args.command, &setup);
    drop(guard);
    code
}

fn dispatch(command: Option<Command>, setup: &Setup) -> ExitCode {
    // What other servers do is done in folders of theirs.
    let elsewhere = matches!(command, Some(Command::Task(_) | Command::Run(Run { attach: Some(_), .. })));
    if let Some(cwd) = setup.cwd.as_ref().filter(|_| !elsewhere)
        && let Err(e) = std::env::set_current_dir(cwd)
    {
        return print::failure(exit::USAGE, &format!("--cwd {}: {e}", cwd.display()));
    }
    let runtime = match runtime() {
        Ok(runtime) => runtime,
        Err(e) => return print::failure(exit::UNAVAILABLE, &format!("no runtime: {e}")),
    };
    let outcome = runtime.block_on(async {
        match command {
            Some(Command::Acp(Acp { command: Some(SignIn::Login(command)), .. })) => {
                login::run(setup, command).await
            }
            Some(Command::Acp(command)) => acp::run(setup, command).await,
            Some(Command::Code(command)) => code::run(setup, command).await,
            Some(Command::Connect(command)) => connect::run(setup, command).await,
            Some(Command::Run(command)) if command.attach.is_some() || command.format == Format::Json => {
                client::run(setup, command).await
            }
            Some(Command::Run(command)) => run::run(setup, command).await,
            Some(Command::Task(command)) => task::run(setup, command).await,
            Some(Command::Discover(command)) => discover::run(setup, command).await,
            Some(Command::Sessions { command }) => sessions::run(setup, command).await,
            Some(Command::Permissions { command }) => permissions::run(setup, command).await,
            Some(Command::Config { command }) => config::run(setup, &command),
            Some(Command::Mcp { command }) => mcp::run(setup, command).await,
            Some(Command::Login(command)) => login::run(setup, command).await,
            Some(Command::Logout(command)) => logout::run(setup, &command),
            Some(Command::Models(command)) => models::run(setup, command).await,
            Some(Command::Providers(command)) => providers::run(setup, &command),
            Some(Command::Doctor(command)) => doctor::run(setup, &command).await,
            None => Ok(print::help()),
        }
    });
    // A thread that waits for a terminal's next line is not waited for.
    runtime.shutdown_background();
    outcome.unwrap_or_else(|e| match e.downcast_ref() {
        Some(print::PrintError::Closed) => ExitCode::from(exit::CLOSED),
        _ => print::failure(exit::code(&e), &format!("{e:#}")),
    })
}

/// More workers than four cost start-up time and memory, and serve no editor better.
fn runtime() -> std::io::Result<Runtime> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    Builder::new_multi_thread().worker_threads(cores.min(4)).enable_all().build()
}
