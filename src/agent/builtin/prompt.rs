//! What a model is told about itself and its place.

use std::fmt::Write as _;
use std::path::Path;

use super::instructions;
use crate::workspace::Workspace;

const WHO: &str = "You are a careful coding agent working in a person's project through an editor. \
Use the tools to look before you change anything, keep changes small, and say plainly what you did and what you could not do.";

/// The system prompt of a session: who, where, and what the project's instruction files say.
pub(super) fn system(workspace: &Workspace, user: Option<&Path>) -> String {
    let mut text = String::from(WHO);
    let _infallible = write!(text, "\n\nWorking directory: {}", workspace.cwd().display());
    for root in workspace.roots().skip(1) {
        let _infallible = write!(text, "\nFurther directory: {}", root.display());
    }
    for file in instructions::read(workspace, user) {
        let _infallible = write!(text, "\n\n# Instructions from {}\n\n{}", file.path.display(), file.text);
    }
    text
}
