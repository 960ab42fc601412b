//! What a command line would run, as far as text can tell.
//!
//! What may not live here: opinions. This module reads; [`super::Policy`] decides. It starts no
//! process, opens no file and looks nothing up in `PATH`.
//!
//! What always holds: a line is [`Clarity::Plain`] only when a strict lexer of our own and the
//! tree-sitter grammar read the very same words in it. Everything else can be asked about or denied,
//! never allowed by a rule. Commands that are visible inside substitutions, control flow and wrappers
//! (`sh -c`, `env`, `xargs`, `sudo`, …) are listed too, so that a denial finds them. Work is bounded
//! by [`MAX_BYTES`], [`MAX_PARSES`] and a deadline for the grammar; at a bound the line is unreadable.
//!
//! To widen what is plain, teach [`lexer`] the form and add rows to `fixtures/permission/`; to see
//! through another wrapper, add its name in [`wrapper`].

pub(super) mod destructive;
mod heredoc;
mod lexer;
pub(super) mod readonly;
pub(super) mod tree;
pub(super) mod word;
pub(super) mod wrapper;

use super::display::is_hidden;

/// Longest command line that is read at all, in bytes.
pub(super) const MAX_BYTES: usize = 64 * 1024;
/// Most simple commands a line may hold and still be understood.
pub(super) const MAX_COMMANDS: usize = 200;
/// Most scripts (the line itself and those nested in it) that are parsed for one reading.
pub(super) const MAX_PARSES: usize = 32;

/// One command with its words, quotes removed. `argv[0]` is the name as written.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SimpleCommand {
    /// Never empty. In a command that is not plain, words keep the text of their expansions.
    pub argv: Vec<String>,
    /// Some word is an unquoted pattern that the shell would replace by file names.
    pub globs: bool,
}

impl SimpleCommand {
    /// The name without its folder: `/bin/rm` is `rm`.
    pub fn program(&self) -> &str {
        let name = self.argv.first().map_or("", String::as_str);
        name.rsplit('/').next().unwrap_or(name)
    }

    /// The same command, named without its folder.
    pub(super) fn bare(&self) -> Self {
        let name = std::iter::once(self.program().to_owned());
        Self { argv: name.chain(self.arguments().iter().cloned()).collect(), globs: self.globs }
    }

    /// The words after the name.
    pub fn arguments(&self) -> &[String] {
        self.argv.get(1..).unwrap_or_default()
    }
}

/// How far a command line was understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Clarity {
    /// Literal words joined by `&& || ; | &` and newlines; no file is written by a redirect.
    Plain,
    /// Correct shell whose effect depends on more than its text; the reason, for people.
    Opaque(String),
    /// Too long, malformed, or holding characters that do not show; the reason, for people.
    Unreadable(String),
}

/// What a command line was found to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// How far the text was understood.
    pub clarity: Clarity,
    /// The commands of the line, in order; with anything but [`Clarity::Plain`] those that could be seen.
    pub commands: Vec<SimpleCommand>,
    /// Commands that those would run in turn: `sh -c '…'`, `env …`, `xargs …`.
    pub within: Vec<SimpleCommand>,
    /// Files that redirects would write, as written.
    pub writes: Vec<String>,
    /// Files that redirects would read, as written.
    pub reads: Vec<String>,
}

impl Reading {
    /// Every command seen, direct or within another.
    pub fn all(&self) -> impl Iterator<Item = &SimpleCommand> {
        self.commands.iter().chain(&self.within)
    }
}

/// Reads a command line as a POSIX shell or bash would.
pub fn read(text: &str) -> Reading {
    if text.len() > MAX_BYTES {
        return unreadable(format!("it is longer than {} KiB", MAX_BYTES / 1024));
    }
    let mut budget = tree::Budget::new();
    let mut seen = tree::parse(text, &budget);
    let strict = lexer::lex(text);
    let clarity = clarity(text, &seen, &strict);
    if clarity != Clarity::Plain {
        seen.commands.extend(strict.unwrap_or_default());
    }
    let mut reading = Reading {
        clarity,
        commands: seen.commands,
        within: Vec::new(),
        writes: seen.writes,
        reads: seen.reads,
    };
    wrapper::unwrap(text, &seen.bodies, &mut reading, &mut budget);
    reading
}

fn clarity(text: &str, seen: &tree::Seen, strict: &Result<Vec<SimpleCommand>, String>) -> Clarity {
    if let Some(hidden) = text.chars().find(|&c| is_hidden(c) && !matches!(c, '\n' | '\t')) {
        return Clarity::Unreadable(format!("it holds the invisible character U+{:04X}", u32::from(hidden)));
    }
    if let Some(fault) = &seen.fault {
        return Clarity::Unreadable(fault.clone());
    }
    if seen.commands.len() > MAX_COMMANDS {
        return Clarity::Unreadable(format!("it holds more than {MAX_COMMANDS} commands"));
    }
    match strict {
        Err(reason) => Clarity::Opaque(reason.clone()),
        Ok(commands) if *commands != seen.commands => {
            Clarity::Opaque("two readings of it disagree".to_owned())
        }
        Ok(_) => match &seen.foreign {
            Some(kind) => Clarity::Opaque(format!("it uses {kind}")),
            None => Clarity::Plain,
        },
    }
}

fn unreadable(reason: String) -> Reading {
    Reading {
        clarity: Clarity::Unreadable(reason),
        commands: Vec::new(),
        within: Vec::new(),
        writes: Vec::new(),
        reads: Vec::new(),
    }
}
