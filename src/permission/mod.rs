//! What an action is, and what the rules say about it. [`Policy::judge`] is a pure function of the
//! action, the rules, the grants and the mode; the session asks people and remembers their answers.
//!
//! What may not live here: input, output, async, clocks, globals, anything from a higher floor, and
//! any text from the model or a client other than the command, path or URL that will really be used.
//!
//! What always holds: hard denials come first and survive every mode and rule; then deny beats ask
//! beats allow; protected files and destructive commands are asked about in every mode; a command line
//! that is not fully understood is never allowed by a rule, a grant or a table; reasons hold no
//! character that does not show.
//!
//! To add a rule form, extend `pattern`; a protected file, `protected`; a read-only program, a row in
//! `shell/readonly`; an interpreter, a row in `interpreter`; a destructive command, a row in
//! `shell/destructive`; each with its line in `fixtures/permission/`.

mod action;
mod decision;
mod display;
mod execute;
mod grant;
mod interpreter;
mod mode;
mod path;
mod pattern;
mod policy;
mod protected;
mod rule;
mod shell;
#[cfg(test)]
mod tests;
mod url;

pub use action::Action;
pub use decision::{Decision, Judgement};
pub use display::{MAX_SHOWN, escape_for_display};
pub use grant::{Answer, CommandPattern, Grant, GrantKind, shell_word};
pub use mode::Mode;
pub use policy::Policy;
pub use protected::INSTRUCTION_FILES;
pub use rule::{Rule, Scope};
pub use shell::{Clarity, Reading, SimpleCommand, read as read_command};

use crate::error::ErrorKind;

/// What is wrong with a rule or a mode someone wrote.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PermissionError {
    /// Not one of `allow`, `ask`, `deny`.
    #[error("unknown decision `{0}`: write allow, ask or deny")]
    UnknownDecision(String),
    /// Not a tool that rules can speak of.
    #[error("unknown tool `{0}` in a rule: write read, search, edit, bash, fetch, mcp or *")]
    UnknownTool(String),
    /// The part in parentheses cannot be understood.
    #[error("the pattern of rule `{rule}` cannot be used: {reason}")]
    BadPattern {
        /// The rule as written.
        rule: String,
        /// What is wrong and how to write it.
        reason: String,
    },
    /// Not the id of a mode.
    #[error("unknown mode `{0}`: write default, accept-edits, plan or full")]
    UnknownMode(String),
}

impl PermissionError {
    /// What the caller can do about it.
    pub const fn kind(&self) -> ErrorKind {
        match self {
            Self::UnknownDecision(_)
            | Self::UnknownTool(_)
            | Self::BadPattern { .. }
            | Self::UnknownMode(_) => ErrorKind::Invalid,
        }
    }
}
