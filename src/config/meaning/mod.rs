//! What the raw structs mean: each kind of setting is read from its entry and from where it was written.

mod agent;
mod budget;
mod provider;
mod server;
mod text;

use std::path::{Path, PathBuf};

use super::environment::Environment;
use super::file;
use super::mcp::Origin;
use super::problem::Problems;
use super::tree::{Node, Place, read};

pub(super) use agent::{all_rules, rules};
pub(super) use budget::budgets;
pub(super) use text::{is_taken, sources};

/// Longest name of an agent, a command or a server.
const LONGEST_NAME: usize = 64;

/// What entries are read with.
pub(super) struct Reading<'a> {
    pub(super) environment: &'a Environment,
    pub(super) home: Option<&'a Path>,
    /// The root of the project that wrote the entries, without links; `None`: the person did.
    pub(super) project: Option<&'a Path>,
    pub(super) problems: &'a mut Problems,
}

impl Reading<'_> {
    /// Reads every entry of a section; one that is wrong is told, and as if it were not there.
    fn entries<R: serde::de::DeserializeOwned, T>(
        &mut self,
        tree: &Node,
        section: &str,
        mean: impl Fn(&mut Self, &str, R, &Node) -> Result<Option<T>, String>,
    ) -> Vec<T> {
        let mut found = Vec::new();
        let entries = tree.part(section).and_then(Node::as_table).into_iter().flatten();
        for (name, entry) in entries {
            let key = format!("{section}.{name}");
            let meant = name_of(name)
                .map_err(|fault| format!("{}: {key}: {fault}", entry.place))
                .and_then(|()| read(entry, &key))
                .and_then(|raw| mean(self, name, raw, entry));
            match meant {
                Ok(meant) => found.extend(meant),
                Err(fault) => self.problems.line(&fault),
            }
        }
        found
    }

    fn origin(&self, place: &Place) -> Origin {
        match self.project {
            Some(_) => Origin::Project(place.path()),
            None => Origin::User(place.path()),
        }
    }

    /// A path that was written in a file: `~` is the home, anything relative lies beside that file.
    fn path(&self, written: &str, place: &Place) -> PathBuf {
        if let (Some(rest), Some(home)) = (written.strip_prefix("~/"), self.home) {
            return home.join(rest);
        }
        let folder = place.file().and_then(Path::parent);
        folder.map_or_else(|| PathBuf::from(written), |folder| folder.join(written))
    }

    /// The text of a file that was named in another.
    fn file(&self, written: &str, place: &Place) -> Result<String, String> {
        let path = self.path(written, place);
        match file::text(&path, self.project) {
            Ok(Some(text)) => Ok(text),
            Ok(None) => Err(format!("{} is not there", path.display())),
            Err(reason) => Err(format!("{}: {reason}", path.display())),
        }
    }
}

/// Names become a part of commands, tools and lists: they are short and plain.
fn name_of(name: &str) -> Result<(), String> {
    let plain = |c: char| c.is_alphanumeric() || "-_.:".contains(c);
    if !name.is_empty() && name.len() <= LONGEST_NAME && name.chars().all(plain) {
        return Ok(());
    }
    Err(format!("a name has letters, digits, `-`, `_`, `.` and `:`, and at most {LONGEST_NAME} of them"))
}

fn fault(place: &Place, key: &str, what: &str) -> String {
    format!("{place}: {key}: {what}")
}
