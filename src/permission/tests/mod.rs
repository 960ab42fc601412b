//! The tables of `fixtures/permission/` and the order in which a policy speaks.

mod display;
mod files;
mod grants;
mod property;
mod rules;
mod shell;
mod tables;

use super::{Action, Decision, Judgement, Mode, Policy, Rule};
use std::path::PathBuf;

const WORKSPACE: &str = "/ws/project";
const HOME: &str = "/home/me";

fn policy() -> Policy {
    let mut policy = Policy::new(PathBuf::from(WORKSPACE), Some(PathBuf::from(HOME)));
    policy.protect([
        PathBuf::from("/home/me/.config/adjutant"),
        PathBuf::from("/home/me/.local/state/adjutant"),
    ]);
    policy
}

fn with_rules(rules: &[&str]) -> Policy {
    policy().with_rules(rules.iter().map(|text| text.parse::<Rule>().unwrap()).collect())
}

fn execute(command: &str) -> Action {
    Action::Execute { command: command.to_owned(), cwd: PathBuf::from(WORKSPACE) }
}

fn edit(path: &str) -> Action {
    Action::Edit { path: PathBuf::from(path) }
}

fn read(path: &str) -> Action {
    Action::Read { path: PathBuf::from(path) }
}

fn fetch(url: &str) -> Action {
    Action::Fetch { url: url.to_owned() }
}

fn remote(server: &str, tool: &str) -> Action {
    Action::Remote { server: server.to_owned(), tool: tool.to_owned(), pin: String::new() }
}

fn run(policy: &Policy, command: &str) -> Judgement {
    policy.judge(&execute(command))
}

fn decide(policy: &Policy, command: &str) -> Decision {
    run(policy, command).decision
}

fn full() -> Policy {
    policy().with_mode(Mode::Full)
}

/// The lines of a table, without comments; `⏎` stands for a newline, `<U+XXXX>` for a character that
/// would not show.
fn lines(table: &str) -> Vec<String> {
    table.lines().filter(|line| !line.is_empty() && !line.starts_with("# ")).map(decode).collect()
}

fn decode(line: &str) -> String {
    let mut out = String::new();
    let mut rest = line;
    while let Some((before, after)) = rest.split_once("<U+") {
        let (code, tail) = after.split_once('>').unwrap();
        out.push_str(before);
        out.push(char::from_u32(u32::from_str_radix(code, 16).unwrap()).unwrap());
        rest = tail;
    }
    (out + rest).replace('⏎', "\n")
}
