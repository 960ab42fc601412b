//! The instruction files that a person keeps for agents: their own, and one per root of the workspace.

use std::io::Read;
use std::path::{Path, PathBuf};

use crate::permission::INSTRUCTION_FILES;
use crate::workspace::{NotText, Place, Text, Workspace};

/// Bytes read of one file.
const LONGEST: u64 = 64 * 1024;

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Instructions {
    pub(super) path: PathBuf,
    pub(super) text: String,
}

/// The user's file first, then one per root: the first name that is there counts. A file that cannot be read
/// as text is left out and logged.
pub(super) fn read(workspace: &Workspace, user: Option<&Path>) -> Vec<Instructions> {
    let mut found: Vec<_> = user.and_then(read_user).into_iter().collect();
    for root in workspace.roots() {
        found.extend(INSTRUCTION_FILES.iter().find_map(|name| read_project(workspace, &root.join(name))));
    }
    found
}

fn read_user(path: &Path) -> Option<Instructions> {
    let mut bytes = Vec::new();
    std::fs::File::open(path).ok()?.take(LONGEST).read_to_end(&mut bytes).ok()?;
    decode(path, &bytes)
}

/// Through the jail: a link that leads out of the project is not followed.
fn read_project(workspace: &Workspace, path: &Path) -> Option<Instructions> {
    let place = workspace.place(path.to_str()?).ok().filter(Place::exists)?;
    let mut bytes = Vec::new();
    workspace.open_file(&place).ok()?.take(LONGEST).read_to_end(&mut bytes).ok()?;
    decode(path, &bytes)
}

fn decode(path: &Path, bytes: &[u8]) -> Option<Instructions> {
    // A cut at the limit may split a character.
    let whole = bytes.utf8_chunks().next().map_or(&b""[..], |chunk| chunk.valid().as_bytes());
    match Text::decode(if bytes.len() as u64 == LONGEST { whole } else { bytes }) {
        Ok(text) => Some(Instructions { path: path.to_owned(), text: text.as_str().to_owned() }),
        Err(NotText::Binary | NotText::Encoding(_)) => {
            tracing::warn!(path = %path.display(), "an instructions file is not UTF-8 text and was left out");
            None
        }
    }
}
