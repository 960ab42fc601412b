//! What the rules say about an action.

use super::{Grant, PermissionError};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Ordered by rank: a denial outranks an ask, an ask outranks an allowance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Decision {
    /// Do it.
    Allow,
    /// A person decides.
    Ask,
    /// Do not do it, and do not ask.
    Deny,
}

impl Decision {
    /// The word used in configuration.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Ask => "ask",
            Self::Deny => "deny",
        }
    }

    /// The decision a word of configuration names.
    pub fn from_word(word: &str) -> Result<Self, PermissionError> {
        let all = [Self::Allow, Self::Ask, Self::Deny];
        all.into_iter()
            .find(|decision| decision.word() == word)
            .ok_or_else(|| PermissionError::UnknownDecision(word.to_owned()))
    }
}

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// A decision, why, and what a lasting answer may remember.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    /// What to do.
    pub decision: Decision,
    /// One line for people, with nothing hidden in it.
    pub reason: String,
    /// What an "always" answer may remember, narrowest first; each is a choice of its own. Empty: never
    /// offer "always".
    pub grants: Vec<Grant>,
}

impl Judgement {
    pub(super) fn allow(reason: impl Into<String>) -> Self {
        Self { decision: Decision::Allow, reason: reason.into(), grants: Vec::new() }
    }

    pub(super) fn ask(reason: impl Into<String>) -> Self {
        Self { decision: Decision::Ask, reason: reason.into(), grants: Vec::new() }
    }

    pub(super) fn deny(reason: impl Into<String>) -> Self {
        Self { decision: Decision::Deny, reason: reason.into(), grants: Vec::new() }
    }

    pub(super) fn offering(mut self, grants: Vec<Grant>) -> Self {
        self.grants = grants;
        self
    }
}
