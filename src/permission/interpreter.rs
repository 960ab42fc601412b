//! Programs that run what a file or their input says. A lasting answer for such a command would go on to hold
//! when the file says something else, so none is offered: it is remembered only with all of its code in it.

use super::{SimpleCommand, shell::wrapper::SHELLS};

/// Interpreters, without the version at the end of their names, and the flags after which the code itself
/// stands.
#[rustfmt::skip]
const INTERPRETERS: &[(&str, &[&str])] = &[
    ("python", &["-c"]), ("pypy", &["-c"]), ("ipython", &["-c"]), ("node", &["-e", "--eval", "-p", "--print"]),
    ("nodejs", &["-e", "--eval", "-p", "--print"]), ("perl", &["-e", "-E", "-ne", "-pe"]),
    ("ruby", &["-e", "-ne", "-pe"]), ("php", &["-r"]), ("lua", &["-e"]), ("luajit", &["-e"]),
    ("rscript", &["-e"]), ("r", &[]), ("julia", &["-e"]), ("elixir", &["-e"]), ("escript", &[]),
    ("osascript", &["-e"]), ("groovy", &["-e"]), ("tclsh", &[]), ("wish", &[]), ("expect", &["-c"]),
    ("guile", &["-c"]), ("tsx", &["-e"]), ("ts-node", &["-e"]), ("source", &[]), (".", &[]),
];

/// The same for shells.
const SHELL_CODE: &[&str] = &["-c", "-lc", "-ec"];

/// Modules that `python -m` runs and that are not files of the project.
const MODULES: &[&str] = &["pytest", "unittest", "mypy", "black", "ruff"];

/// Programs that run a file only where one is named, with or without `run` before it.
const RUNNERS: &[&str] = &["deno", "bun"];

const ENDINGS: &[&str] =
    &["sh", "bash", "zsh", "py", "js", "mjs", "cjs", "ts", "mts", "tsx", "jsx", "rb", "pl", "php", "lua"];

/// Whether what the command runs stands elsewhere than in its words.
pub(super) fn runs_a_file(command: &SimpleCommand) -> bool {
    let name = command.program().to_ascii_lowercase();
    let words: Vec<&str> = command.arguments().iter().map(String::as_str).collect();
    if is_script(&name) || (RUNNERS.contains(&name.as_str()) && words.iter().any(|word| is_script(word))) {
        return true;
    }
    let Some(code) = code_flags(&name) else { return false };
    match words.as_slice() {
        ["-m", module, ..] => !MODULES.contains(module),
        // After the code, a flag could still name a file to load.
        [flag, _, further @ ..] if code.contains(flag) => further.iter().any(|word| word.starts_with('-')),
        _ => true,
    }
}

fn code_flags(name: &str) -> Option<&'static [&'static str]> {
    if SHELLS.contains(&name) {
        return Some(SHELL_CODE);
    }
    let plain = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.' || c == '-');
    let plain = if plain.is_empty() { name } else { plain };
    INTERPRETERS.iter().find(|row| row.0 == plain).map(|row| row.1)
}

fn is_script(word: &str) -> bool {
    word.rsplit_once('.').is_some_and(|(_, ending)| ENDINGS.contains(&ending))
}
