//! Lasting answers: what a person allowed or rejected "always", in one workspace.

use super::{
    Action, display::brief, interpreter::runs_a_file, path::normalize, shell::SimpleCommand, url::Url,
};
use serde::{Deserialize, Serialize};
use std::{
    fmt,
    path::{Path, PathBuf},
};

/// Whether a lasting answer lets things happen or stops them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Answer {
    /// Do it without asking.
    Allow,
    /// Refuse it without asking.
    Reject,
}

/// A remembered answer. It holds in its workspace only; other checkouts ask again. Serialisation fails
/// for a workspace whose path is not UTF-8.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Grant {
    /// The absolute path of the workspace it was given in.
    pub workspace: PathBuf,
    /// What was answered.
    pub answer: Answer,
    /// What it covers.
    pub kind: GrantKind,
}

/// What a grant covers.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum GrantKind {
    /// Each of these commands.
    Commands(Vec<CommandPattern>),
    /// Editing this file, by its absolute path.
    Edit(PathBuf),
    /// Fetching anything from this origin: `https://host[:port]`.
    Fetch(String),
    /// One tool of an MCP server, as long as both describe themselves as they did.
    Remote {
        /// The server's configured name.
        server: String,
        /// The tool's name.
        tool: String,
        /// A hash of their descriptions; grants of before it was kept match nothing.
        #[serde(default)]
        pin: String,
    },
}

/// The words of one simple command.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct CommandPattern {
    /// The words, the name first.
    pub argv: Vec<String>,
    /// Further words may follow, except those that make a build tool run something else.
    pub open: bool,
}

/// Build and test entries whose further words stay within the project: the words that may be left open.
#[rustfmt::skip]
const OPEN: &[&str] = &[
    "cargo build", "cargo check", "cargo test", "cargo clippy", "cargo fmt", "cargo doc", "cargo bench",
    "cargo nextest run", "cargo tree", "npm test", "npm run *", "npm ci", "pnpm test", "pnpm run *",
    "yarn test", "yarn run *", "bun test", "bun run *", "go build", "go test", "go vet", "go fmt",
    "go list", "dotnet build", "dotnet test", "swift build", "swift test", "zig build", "mix test",
    "mix compile", "mix format", "gradle test", "gradle build", "mvn test", "mvn compile", "deno test",
    "deno check", "deno lint", "deno fmt", "pytest", "ruff check", "ruff format", "mypy", "tsc",
    "rustfmt", "gofmt", "eslint", "prettier", "black", "jest", "vitest", "stylua", "shellcheck",
    "cmake --build", "ctest", "uv run pytest", "poetry run pytest",
];

/// Words that turn a build entry into something else: other configuration, programs or projects.
#[rustfmt::skip]
const ESCAPES: &[&str] = &[
    "--config", "-c", "-C", "-Z", "--manifest-path", "--target-dir", "-exec", "-toolexec", "-overlay",
    "-modfile", "--script-shell", "--prefix", "--cwd", "--dir", "--node-options", "--globals",
    "--rootdir", "-p", "--confcutdir", "--import-mode", "--pyargs", "-o", "--override-ini", "--project",
    "-P", "--init-script", "-I", "--plugin", "--resolve-plugins-relative-to", "--rulesdir", "--parser",
    "-f", "--file", "--allow-all", "-A", "--allow-run", "--out", "--output", "-vettool", "-ldflags",
    "--settings", "-s", "-D", "--python-executable", "--toolchain",
];

/// Commands one answer may remember together.
const MAX_TOGETHER: usize = 4;

impl Grant {
    /// The same, as a lasting refusal.
    pub fn rejecting(mut self) -> Self {
        self.answer = Answer::Reject;
        self
    }

    /// Whether it speaks of this action; commands are matched one by one with [`Self::covers`].
    pub(super) fn matches(&self, action: &Action) -> bool {
        match (&self.kind, action) {
            (GrantKind::Edit(granted), Action::Edit { path }) => granted == path,
            (GrantKind::Fetch(origin), Action::Fetch { url }) => {
                Url::parse(url).is_ok_and(|u| u.origin() == *origin)
            }
            (GrantKind::Remote { server: s, tool: t, pin: p }, Action::Remote { server, tool, pin }) => {
                s == server && t == tool && p == pin
            }
            _ => false,
        }
    }

    /// Whether it speaks of this one command.
    pub(super) fn covers(&self, command: &SimpleCommand) -> bool {
        matches!(&self.kind, GrantKind::Commands(patterns) if patterns.iter().any(|p| p.matches(command)))
    }

    pub(super) fn is_for(&self, workspace: &Path) -> bool {
        normalize(&self.workspace) == workspace
    }
}

impl CommandPattern {
    fn matches(&self, command: &SimpleCommand) -> bool {
        if command.globs || !command.argv.starts_with(&self.argv) {
            return false;
        }
        let further = &command.argv[self.argv.len()..];
        further.is_empty() || (self.open && !further.iter().any(|word| escapes(word)))
    }
}

/// Whether a word, in any of its spellings (`-C/x`, `--config=x`), is one of [`ESCAPES`] or leaves the
/// project.
fn escapes(word: &str) -> bool {
    let named = |flag: &str| match flag.strip_prefix("--") {
        Some(long) => word.strip_prefix("--").is_some_and(|w| {
            let name = w.split('=').next().unwrap_or(w);
            !name.is_empty() && (long.starts_with(name) || name.starts_with(long))
        }),
        None if flag.len() == 2 => word.starts_with(flag),
        None => word.trim_start_matches('-').starts_with(flag.trim_start_matches('-')),
    };
    ESCAPES.iter().any(|flag| word.starts_with('-') && named(flag)) || leaves(word)
}

fn leaves(word: &str) -> bool {
    let value = word.rsplit('=').next().unwrap_or(word);
    value.starts_with('/') || value.split('/').any(|part| part == "..") || word.starts_with(['@', '+'])
}

/// The choices an "always" answer has for these commands, narrowest first. None for commands that run what
/// a file says (it may change), also `within` another, with name patterns, or too many at once.
pub(super) fn for_commands(
    workspace: &Path,
    commands: &[&SimpleCommand],
    within: &[SimpleCommand],
) -> Vec<Grant> {
    let is_file = |c: &SimpleCommand| c.argv.iter().take(1).any(|name| name.contains('/')) || runs_a_file(c);
    let fixed = !commands.iter().any(|c| c.globs || is_file(c)) && !within.iter().any(is_file);
    if commands.is_empty() || commands.len() > MAX_TOGETHER || !fixed {
        return Vec::new();
    }
    let grant = |patterns| Grant {
        workspace: workspace.to_owned(),
        answer: Answer::Allow,
        kind: GrantKind::Commands(patterns),
    };
    let exact: Vec<_> =
        commands.iter().map(|c| CommandPattern { argv: c.argv.clone(), open: false }).collect();
    let wide: Vec<_> = commands.iter().map(|c| widest(c)).collect();
    let wider = wide.iter().any(|pattern| pattern.open).then(|| grant(wide));
    std::iter::once(grant(exact)).chain(wider).collect()
}

fn widest(command: &SimpleCommand) -> CommandPattern {
    let exact = CommandPattern { argv: command.argv.clone(), open: false };
    let open = |entry: &str| {
        let words: Vec<&str> = entry.split(' ').collect();
        let named = words.len() <= command.argv.len();
        let same = words.iter().zip(&command.argv).all(|(p, w)| p == w || (*p == "*" && !w.starts_with('-')));
        (named && same).then_some(words.len())
    };
    let Some(length) = OPEN.iter().find_map(|entry| open(entry)) else { return exact };
    let wide = CommandPattern { argv: command.argv[..length].to_vec(), open: true };
    if wide.matches(command) { wide } else { exact }
}

impl fmt::Display for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verb = match self.answer {
            Answer::Allow => "allow",
            Answer::Reject => "reject",
        };
        let what = match &self.kind {
            GrantKind::Commands(patterns) => {
                let each: Vec<String> = patterns.iter().map(ToString::to_string).collect();
                format!("`{}`", each.join("`, `"))
            }
            GrantKind::Edit(path) => format!("edits of {}", brief(&path.to_string_lossy(), 200)),
            GrantKind::Fetch(origin) => format!("fetches from {}", brief(origin, 200)),
            GrantKind::Remote { server, tool, .. } => {
                format!("the tool {} of {}", brief(tool, 100), brief(server, 100))
            }
        };
        write!(f, "always {verb} {what} in {}", brief(&self.workspace.to_string_lossy(), 200))
    }
}

impl fmt::Display for CommandPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<String> = self.argv.iter().map(|word| shell_word(word)).collect();
        write!(f, "{}{}", brief(&words.join(" "), 200), if self.open { " …" } else { "" })
    }
}

/// A word as a shell would need it.
pub fn shell_word(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,@%+".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}
