//! The instruction files that a person keeps for agents: their own, one per folder of the project, and one per further
//! root of the workspace.

use std::io::Read;
use std::path::{Path, PathBuf};

use crate::permission::INSTRUCTION_FILES;
use crate::workspace::{NotText, Place, Text, Workspace};

/// Bytes read of one file.
const LONGEST: u64 = 64 * 1024;
/// Files of a project, and bytes of them together; the nearest are those that count.
const FILES: usize = 16;
const ALL: usize = 256 * 1024;

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Instructions {
    pub(super) path: PathBuf,
    pub(super) text: String,
}

/// The user's file first, then one per folder of the project from its root down to the working directory, then one per
/// further root: in each the first name that is there counts, and no file is read twice. A file that cannot be read as
/// text is left out and logged.
pub(super) fn read(workspace: &Workspace, project: &[PathBuf], user: Option<&Path>) -> Vec<Instructions> {
    let cwd = workspace.cwd();
    let above = project.iter().map(PathBuf::as_path).filter(|folder| *folder != cwd);
    let folders: Vec<&Path> = above.chain(workspace.roots()).collect();
    let (mut found, mut places, mut bytes) = (Vec::new(), Vec::new(), 0);
    // The user's own is not one of the project's too.
    places.extend(user.and_then(|user| user.canonicalize().ok()));
    for folder in folders.into_iter().rev() {
        let read = INSTRUCTION_FILES.iter().find_map(|name| read_in(workspace, folder, name));
        let Some((place, instructions)) = read.filter(|(place, _)| !places.contains(place)) else { continue };
        bytes += instructions.text.len();
        if found.len() == FILES || bytes > ALL {
            tracing::warn!(path = %place.display(), "there are too many instruction files: it and those above it were left out");
            break;
        }
        places.push(place);
        found.push(instructions);
    }
    found.extend(user.and_then(read_user));
    found.reverse();
    found
}

fn read_user(path: &Path) -> Option<Instructions> {
    let mut bytes = Vec::new();
    std::fs::File::open(path).ok()?.take(LONGEST).read_to_end(&mut bytes).ok()?;
    decode(path, &bytes)
}

/// Through the jail, and where it really is: a link that leads out of the workspace is not followed, nor one that leads
/// out of its folder above the workspace.
fn read_in(workspace: &Workspace, folder: &Path, name: &str) -> Option<(PathBuf, Instructions)> {
    let path = folder.join(name);
    let above;
    let jail = if workspace.roots().any(|root| root == folder) {
        workspace
    } else {
        above = Workspace::open(folder, &[]).ok()?;
        &above
    };
    let place = jail.place(path.to_str()?).ok().filter(Place::exists)?;
    let mut bytes = Vec::new();
    jail.open_file(&place).ok()?.take(LONGEST).read_to_end(&mut bytes).ok()?;
    Some((place.path().to_owned(), decode(&path, &bytes)?))
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
