//! Commands inside commands: what a shell, `env`, `xargs`, `sudo` and their kin would run in turn.
//! It may see too much (a word that is only an argument); it is used to deny and to ask, not to allow.

use super::{Clarity, Reading, SimpleCommand, tree};
use std::collections::VecDeque;

/// Programs whose words are themselves a script, given with or without `-c`.
pub(in crate::permission) const SHELLS: &[&str] = &[
    "sh", "bash", "dash", "zsh", "ksh", "mksh", "ash", "fish", "csh", "tcsh", "rbash", "yash", "nu", "pwsh",
];

/// Programs that run the command that stands among their words.
#[rustfmt::skip]
pub(in crate::permission) const CARRIERS: &[&str] = &[
    "sudo", "doas", "su", "runuser", "pkexec", "env", "nice", "ionice", "nohup", "timeout", "time",
    "stdbuf", "setsid", "command", "exec", "builtin", "xargs", "parallel", "chroot", "flock", "watch",
    "strace", "ltrace", "unshare", "nsenter", "busybox", "toybox", "chrt", "taskset", "caffeinate",
    "script", "ssh", "eval", "trap", "coproc", "find", "fd", "fdfind", "alias", "systemd-run", "setarch",
    "setpriv", "prlimit", "unbuffer", "entr", "tmux", "screen", "firejail", "bwrap", "docker", "podman",
    "kubectl", "nix-shell", "gdb", "perf", "valgrind", "faketime", "dbus-run-session", "xvfb-run", "at",
    "batch", "npx", "bunx", "pnpx", "uvx", "pipx", "uv", "poetry", "pipenv", "pdm", "hatch", "bundle",
    "noglob", "nocorrect",
];

/// Carriers that take operands of their own before the command, and how many at most.
#[rustfmt::skip]
const OWN_OPERANDS: &[(&str, usize)] = &[
    ("timeout", 1), ("chroot", 1), ("flock", 1), ("ssh", 1), ("taskset", 1), ("chrt", 1), ("setarch", 1),
    ("su", 1), ("runuser", 1), ("script", 1), ("trap", 1), ("tmux", 2), ("screen", 2), ("perf", 1),
    ("docker", 3), ("podman", 3), ("kubectl", 3), ("faketime", 1), ("pipx", 1), ("uv", 1), ("poetry", 1),
    ("pipenv", 1), ("pdm", 1), ("hatch", 1), ("bundle", 1), ("nix-shell", 1),
];

/// Flags of `find` and `fd` after which a command starts.
const EXEC_FLAGS: &[&str] = &["-exec", "-execdir", "-ok", "-okdir", "-x", "-X", "--exec", "--exec-batch"];

/// Words of a carrier that are tried as the start of a command.
const MAX_STARTS: usize = 64;

/// Fills `reading.within`. Running out of budget makes the reading unreadable.
pub(super) fn unwrap(text: &str, bodies: &[String], reading: &mut Reading, budget: &mut tree::Budget) {
    let mut search = Search { scripts: VecDeque::new(), exhausted: false };
    let mut direct = std::mem::take(&mut reading.commands);
    let feeds_shell = direct.iter().any(reads_script);
    for command in &direct {
        search.look_into(command, &mut reading.within);
        if feeds_shell {
            search.scripts.extend(command.arguments().iter().cloned());
        }
    }
    if feeds_shell || direct.iter().any(|c| SHELLS.contains(&c.program())) {
        search.scripts.extend(bodies.iter().cloned());
    }
    search.scripts.extend(unescaped(text));
    // The grammar gives no node for backticks in a here-document.
    search.scripts.extend(text.split('`').skip(1).step_by(2).map(str::to_owned));
    std::mem::swap(&mut reading.commands, &mut direct);
    search.drain(reading, budget);
    if search.exhausted && matches!(reading.clarity, Clarity::Plain | Clarity::Opaque(_)) {
        reading.clarity = Clarity::Unreadable("it holds scripts that cannot be followed".to_owned());
    }
}

/// A shell without an operand runs what it reads from its input.
pub(in crate::permission) fn reads_script(command: &SimpleCommand) -> bool {
    let shell = SHELLS.contains(&command.program());
    let sources = matches!(command.program(), "source" | "." | "eval" | "xargs" | "parallel");
    let operand = command.arguments().iter().any(|word| !word.starts_with(['-', '+']));
    let stdin = command.arguments().iter().any(|word| word == "/dev/stdin" || word == "-s" || word == "-");
    sources || (shell && (!operand || stdin))
}

struct Search {
    scripts: VecDeque<String>,
    exhausted: bool,
}

impl Search {
    fn look_into(&mut self, command: &SimpleCommand, within: &mut Vec<SimpleCommand>) {
        let program = command.program();
        let shell = SHELLS.contains(&program);
        let carrier = CARRIERS.contains(&program);
        if shell || carrier || program == "trap" {
            let scripts =
                command.arguments().iter().filter(|w| shell || w.contains([' ', ';', '\n', '\t', '&', '|']));
            self.scripts
                .extend(scripts.filter(|w| !w.starts_with('-')).map(|w| after_assignment(w).to_owned()));
        }
        if program == "eval" {
            self.scripts.push_back(command.arguments().join(" "));
        }
        if carrier {
            self.starts(command, within);
        }
        if let Some(braced) = braced(program) {
            let argv = braced.into_iter().chain(command.arguments().iter().cloned()).collect();
            within.push(SimpleCommand { argv, globs: command.globs });
        }
    }

    /// Notes every word of a carrier that can be the start of its command: not a flag, and preceded by
    /// flags, their values, assignments and the carrier's own operands only.
    fn starts(&mut self, command: &SimpleCommand, within: &mut Vec<SimpleCommand>) {
        let program = command.program();
        let finder = matches!(program, "find" | "fd" | "fdfind");
        let mut operands = OWN_OPERANDS.iter().find(|row| row.0 == program).map_or(0, |row| row.1);
        for (before, word) in command.argv.iter().enumerate().skip(1).map(|(at, word)| (at - 1, word)) {
            let previous = command.argv.get(before).map_or("", String::as_str);
            if finder && !EXEC_FLAGS.contains(&previous) {
                continue;
            }
            self.exhausted |= before > MAX_STARTS;
            if self.exhausted {
                return;
            }
            let assigns = word.contains('=') && program != "alias";
            if word.is_empty() || word.starts_with('-') || assigns {
                continue;
            }
            self.inner(command, before + 1, within);
            let is_value = previous.starts_with('-') && previous != "--";
            if !finder && !is_value {
                let Some(left) = operands.checked_sub(1) else { return };
                operands = left;
            }
        }
    }

    fn inner(&mut self, command: &SimpleCommand, start: usize, within: &mut Vec<SimpleCommand>) {
        let argv = command.argv.get(start..).unwrap_or_default().to_vec();
        let inner = SimpleCommand { argv, globs: command.globs };
        if SHELLS.contains(&inner.program()) || inner.program() == "eval" {
            self.scripts.extend(inner.arguments().iter().filter(|w| !w.starts_with('-')).cloned());
        }
        within.push(inner);
    }

    fn drain(&mut self, reading: &mut Reading, budget: &mut tree::Budget) {
        while let Some(script) = self.scripts.pop_front() {
            if script.trim().is_empty() {
                continue;
            }
            if !budget.take() {
                self.exhausted = true;
                return;
            }
            let seen = tree::parse(&script, budget);
            self.exhausted |= seen.stopped;
            self.scripts.extend(unescaped(&script));
            for command in &seen.commands {
                self.look_into(command, &mut reading.within);
            }
            reading.within.extend(seen.commands);
            reading.writes.extend(seen.writes);
            reading.reads.extend(seen.reads);
            self.scripts.extend(seen.bodies);
        }
    }
}

/// The text without the backslashes that change no word, if there are any: continued lines are joined and
/// letters stand bare. The grammar puts a line that starts with one behind the line before it.
fn unescaped(text: &str) -> Option<String> {
    let joined = text.replace("\\\n", "");
    let mut bare = String::with_capacity(joined.len());
    let mut rest = joined.chars().peekable();
    while let Some(next) = rest.next() {
        match rest.peek() {
            Some(escaped) if next == '\\' && escaped.is_ascii_alphabetic() => {}
            Some('\\') if next == '\\' => bare.extend([next, rest.next().unwrap_or(next)]),
            _ => bare.push(next),
        }
    }
    (bare != text).then_some(bare)
}

/// `alias x='rm -rf y'` and `CMD='…'` hand the script over behind an equals sign.
fn after_assignment(word: &str) -> &str {
    word.split_once('=')
        .filter(|(name, _)| name.chars().all(|c| c.is_alphanumeric() || c == '_'))
        .map_or(word, |(_, v)| v)
}

/// `{rm,-rf,x}` runs `rm -rf x`.
fn braced(program: &str) -> Option<Vec<String>> {
    let inner = program.strip_prefix('{')?.strip_suffix('}')?;
    inner.contains(',').then(|| inner.split(',').map(str::to_owned).collect())
}
