//! How much the agent may do when no rule speaks.

use super::PermissionError;
use serde::{Deserialize, Serialize};

/// What happens to actions that no rule and no grant covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// Reading is free; everything else is asked.
    #[default]
    Default,
    /// Reading and editing in the workspace are free; everything else is asked.
    AcceptEdits,
    /// Reading only: nothing is changed, whatever rules and grants allow.
    Plan,
    /// Nothing is asked but what is protected or destructive; hard denials stay.
    Full,
}

impl Mode {
    /// Every mode, in the order people should see them.
    pub const ALL: [Self; 4] = [Self::Default, Self::AcceptEdits, Self::Plan, Self::Full];

    /// The name on the wire and in configuration.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::AcceptEdits => "accept-edits",
            Self::Plan => "plan",
            Self::Full => "full",
        }
    }

    /// The name for people.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Default => "Default",
            Self::AcceptEdits => "Accept edits",
            Self::Plan => "Plan",
            Self::Full => "Full access",
        }
    }

    /// One line for people.
    pub const fn description(self) -> &'static str {
        match self {
            Self::Default => "Reads freely; asks before edits, commands, fetches and remote tools",
            Self::AcceptEdits => "Reads and edits the workspace freely; asks before commands and the rest",
            Self::Plan => "Reads only; edits, commands and remote tools are refused",
            Self::Full => "Asks only before protected files and destructive commands",
        }
    }

    /// The one of both that allows less without asking.
    pub fn stricter(self, other: Self) -> Self {
        let freedom = |mode| match mode {
            Self::Plan => 0,
            Self::Default => 1,
            Self::AcceptEdits => 2,
            Self::Full => 3,
        };
        if freedom(other) < freedom(self) { other } else { self }
    }

    /// The mode with this id.
    pub fn from_id(id: &str) -> Result<Self, PermissionError> {
        Self::ALL
            .into_iter()
            .find(|mode| mode.id() == id)
            .ok_or_else(|| PermissionError::UnknownMode(id.to_owned()))
    }
}
