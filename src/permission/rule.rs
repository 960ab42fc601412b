//! A standing rule: `allow bash(cargo test:*)`, `deny read(**/.env)`, `ask *`.

use super::{
    Action, Decision, PermissionError,
    path::Place,
    pattern::{FilePattern, RemotePattern, UrlPattern, WordsPattern},
    shell::SimpleCommand,
    url::Url,
};
use std::{fmt, path::Path, str::FromStr};

/// The kind of action a rule speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scope {
    /// Every kind.
    Any,
    /// Reading a file.
    Read,
    /// Searching or listing a folder.
    Search,
    /// Changing a file.
    Edit,
    /// Running a command.
    Bash,
    /// Fetching a URL.
    Fetch,
    /// Calling a tool of an MCP server.
    Mcp,
}

impl Scope {
    const ALL: [(Self, &'static str); 7] = [
        (Self::Any, "*"),
        (Self::Read, "read"),
        (Self::Search, "search"),
        (Self::Edit, "edit"),
        (Self::Bash, "bash"),
        (Self::Fetch, "fetch"),
        (Self::Mcp, "mcp"),
    ];

    /// The word used in configuration.
    pub fn word(self) -> &'static str {
        Self::ALL.iter().find(|row| row.0 == self).map_or("*", |row| row.1)
    }
}

/// One line of configuration. Two rules are equal when they are written the same.
#[derive(Debug, Clone)]
pub struct Rule {
    decision: Decision,
    scope: Scope,
    written: Option<String>,
    pattern: Pattern,
}

#[derive(Debug, Clone)]
enum Pattern {
    Any,
    File(FilePattern),
    Words(WordsPattern),
    Url(UrlPattern),
    Remote(RemotePattern),
}

impl Rule {
    /// Reads `decision` (`allow`, `ask`, `deny`) and a text such as `edit(src/**)`, `mcp(server/*)`,
    /// `fetch(https://host/**)`, `bash` (any command) or `*` (everything).
    pub fn parse(decision: &str, text: &str) -> Result<Self, PermissionError> {
        let decision = Decision::from_word(decision.trim())?;
        let bad = |reason: String| PermissionError::BadPattern { rule: text.to_owned(), reason };
        let (tool, written) = match text.trim().split_once('(') {
            None => (text.trim(), None),
            Some((tool, rest)) => {
                let inner = rest.strip_suffix(')').ok_or_else(|| bad("close it with `)`".to_owned()))?;
                (tool, Some(inner.trim()).filter(|inner| !inner.is_empty() && *inner != "*"))
            }
        };
        let scope = Scope::ALL.iter().find(|row| row.1 == tool).map(|row| row.0);
        let scope = scope.ok_or_else(|| PermissionError::UnknownTool(tool.to_owned()))?;
        let pattern = match (scope, written) {
            (_, None) => Ok(Pattern::Any),
            (Scope::Any, Some(_)) => Err("`*` takes no pattern".to_owned()),
            (Scope::Read | Scope::Search | Scope::Edit, Some(text)) => {
                FilePattern::parse(text).map(Pattern::File)
            }
            (Scope::Bash, Some(text)) => WordsPattern::parse(text).map(Pattern::Words),
            (Scope::Fetch, Some(text)) => UrlPattern::parse(text).map(Pattern::Url),
            (Scope::Mcp, Some(text)) => RemotePattern::parse(text).map(Pattern::Remote),
        };
        Ok(Self { decision, scope, written: written.map(str::to_owned), pattern: pattern.map_err(bad)? })
    }

    /// What the rule says.
    pub const fn decision(&self) -> Decision {
        self.decision
    }

    /// What kind of action it speaks of.
    pub const fn scope(&self) -> Scope {
        self.scope
    }

    /// Whether it speaks of this action. Commands are matched one by one: see [`Self::covers`].
    pub(super) fn matches(&self, action: &Action, workspace: &Place<'_>) -> bool {
        match (self.scope, action) {
            (_, Action::Note) => false,
            (Scope::Any, _) => true,
            (Scope::Read, Action::Read { path })
            | (Scope::Search, Action::Search { path })
            | (Scope::Edit, Action::Edit { path }) => self.matches_file(path, workspace),
            (Scope::Bash, Action::Execute { .. }) => self.is_general(Scope::Bash),
            (Scope::Fetch, Action::Fetch { url }) => match &self.pattern {
                Pattern::Url(pattern) => Url::parse(url).is_ok_and(|url| pattern.matches(&url)),
                _ => true,
            },
            (Scope::Mcp, Action::Remote { server, tool, .. }) => match &self.pattern {
                Pattern::Remote(pattern) => pattern.matches(server, tool),
                _ => true,
            },
            _ => false,
        }
    }

    /// Whether it speaks of this file, whatever is done to it.
    pub(super) fn matches_file(&self, path: &Path, workspace: &Place<'_>) -> bool {
        match &self.pattern {
            Pattern::File(pattern) => pattern.matches(path, workspace),
            _ => true,
        }
    }

    /// Whether an allowance covers this one command.
    pub(super) fn covers(&self, command: &SimpleCommand) -> bool {
        match (&self.scope, &self.pattern) {
            (Scope::Any, _) | (Scope::Bash, Pattern::Any) => true,
            (Scope::Bash, Pattern::Words(words)) => words.matches(command),
            _ => false,
        }
    }

    /// Whether a restriction names this one command, by any path.
    pub(super) fn names(&self, command: &SimpleCommand) -> bool {
        match (&self.scope, &self.pattern) {
            (Scope::Any, _) | (Scope::Bash, Pattern::Any) => true,
            (Scope::Bash, Pattern::Words(words)) => words.matches_program(command),
            _ => false,
        }
    }

    /// Whether it speaks of every action of this kind, or of everything.
    pub(super) fn is_general(&self, scope: Scope) -> bool {
        matches!(self.pattern, Pattern::Any) && (self.scope == scope || self.scope == Scope::Any)
    }

    /// Whether it allows exactly one command and nothing else.
    pub(super) fn is_exact_command(&self) -> bool {
        matches!(&self.pattern, Pattern::Words(words) if words.is_exact())
    }

    /// Whether its words occur in text that could not be parsed.
    pub(super) fn occurs_in(&self, tokens: &[&str]) -> bool {
        matches!(&self.pattern, Pattern::Words(words) if words.occurs_in(tokens))
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.decision, self.scope.word())?;
        self.written.as_ref().map_or(Ok(()), |inner| write!(f, "({inner})"))
    }
}

/// Reads what [`fmt::Display`] writes: `deny read(**/.env)`.
impl FromStr for Rule {
    type Err = PermissionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (decision, rest) = text.trim().split_once(' ').unwrap_or((text, ""));
        Self::parse(decision, rest)
    }
}

impl PartialEq for Rule {
    fn eq(&self, other: &Self) -> bool {
        (self.decision, self.scope, &self.written) == (other.decision, other.scope, &other.written)
    }
}

impl Eq for Rule {}
