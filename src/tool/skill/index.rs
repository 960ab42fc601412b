//! Which skills there are.

use std::path::{Path, PathBuf};

use super::FILE;
use crate::tool::{label, limit};
use crate::workspace::{Kind, Text, Workspace, WorkspaceError};

/// Characters of a name and of a description.
const NAME: usize = 64;
const DESCRIPTION: usize = 200;

/// A skill, as the system prompt tells of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skill {
    pub name: String,
    /// When to use it: one line of at most 200 characters.
    pub description: String,
    /// Its `SKILL.md`, absolute, with links resolved.
    pub path: PathBuf,
}

impl Skill {
    /// What belongs to it lies here; to be given to a workspace and a policy as readable.
    pub fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(&self.path)
    }
}

/// The skills in these folders, each of which holds folders with a `SKILL.md`: at most 64, by name, and of those of
/// one name the first. What leads out of its folder by a symbolic link is left out, as is what cannot be read. Reads
/// files: not for async threads.
pub fn skills(folders: &[PathBuf]) -> Vec<Skill> {
    let mut found: Vec<Skill> = Vec::new();
    for folder in folders {
        if let Err(error) = take(folder, &mut found) {
            tracing::debug!(folder = %folder.display(), %error, "no skills are taken from here");
        }
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    found
}

/// Takes those of a folder, until there are enough.
fn take(folder: &Path, found: &mut Vec<Skill>) -> Result<(), WorkspaceError> {
    let jail = Workspace::open(folder, &[])?;
    let entries = jail.list(&jail.place(".")?)?;
    for entry in entries.iter().filter(|entry| matches!(entry.kind, Kind::Directory | Kind::Symlink)) {
        if found.len() >= limit::SKILLS {
            break;
        }
        let skill = entry.name.to_str().and_then(|name| read(&jail, name));
        found.extend(skill.filter(|skill| found.iter().all(|known| known.name != skill.name)));
    }
    Ok(())
}

fn read(jail: &Workspace, folder: &str) -> Option<Skill> {
    let place = jail.place(&format!("{folder}/{FILE}")).ok()?;
    let data = jail.read(&place, limit::SKILL).ok()?;
    let text = Text::decode(&data.bytes).ok()?;
    let (head, body) = front_matter(text.as_str());
    if value(head, "disable-model-invocation").is_some_and(|it| it == "true") {
        return None;
    }
    let name = value(head, "name").filter(|name| !name.is_empty()).unwrap_or_else(|| folder.to_owned());
    let first_line =
        || body.lines().map(|line| line.trim_start_matches(['#', ' '])).find(|line| !line.is_empty());
    let description =
        value(head, "description").or_else(|| first_line().map(str::to_owned)).unwrap_or_default();
    let words = description.split_whitespace().collect::<Vec<_>>().join(" ");
    Some(Skill {
        name: label::line(name.trim(), NAME),
        description: label::line(&words, DESCRIPTION - 1),
        path: place.path().to_owned(),
    })
}

/// What stands between the lines `---` at the beginning, and the rest.
pub(super) fn front_matter(text: &str) -> (&str, &str) {
    let Some(rest) = text.strip_prefix("---\n") else { return ("", text) };
    if let Some(body) = rest.strip_prefix("---\n") {
        return ("", body);
    }
    rest.split_once("\n---\n").or_else(|| Some((rest.strip_suffix("\n---")?, ""))).unwrap_or(("", text))
}

/// The text of a key at the beginning of a line: plain, quoted, or on the indented lines below.
fn value(head: &str, key: &str) -> Option<String> {
    let mut lines = head.lines();
    let first = lines.find_map(|line| line.strip_prefix(key)?.strip_prefix(':'))?.trim();
    let below = lines.take_while(|line| line.is_empty() || line.starts_with([' ', '\t'])).map(str::trim);
    let is_block = first.starts_with(['>', '|']);
    let parts = Some(first).filter(|_| !is_block).into_iter().chain(below);
    let joined = parts.filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ");
    let quoted = |quote: char| joined.strip_prefix(quote)?.strip_suffix(quote);
    Some(match (is_block, quoted('"'), quoted('\'')) {
        (false, Some(text), _) => text.replace("\\\"", "\"").replace("\\\\", "\\"),
        (false, None, Some(text)) => text.replace("''", "'"),
        _ => joined,
    })
}
