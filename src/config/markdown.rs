//! Folders of Markdown files: agents and commands.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};

use super::file;
use super::import::Import;
use super::layer::readable;
use super::tree::{self, Node, Source};

/// Files of one folder, with the folders in it.
const MOST_FILES: usize = 256;

/// Entries of folders that are looked at.
const MOST_ENTRIES: usize = 4_096;

/// Folders in folders.
const DEEPEST: usize = 4;

/// What is read from a file: by its name, its front matter and its body, the name and the entry it stands for.
type Read = fn(&mut Import<'_>, &str, &Node, &str) -> (String, Node);

/// What the files become: their section, their folders, and how they are read.
const KINDS: [(&str, [&str; 2], Read); 2] = [
    ("agent", ["agent", "agents"], |import, name, front, body| import.agent_file(name, front, body)),
    ("command", ["command", "commands"], |import, name, front, body| import.command_file(name, front, body)),
];

/// The agents and commands in the folders of one agent, such as `.claude`.
pub(super) fn folders(parent: &Path, fence: Option<&Path>, import: &mut Import<'_>) -> Vec<Node> {
    let mut layers = Vec::new();
    for (section, names, read) in KINDS {
        for folder in names.map(|name| parent.join(name)) {
            if !folder.is_dir() {
                continue;
            }
            let mut entries = Node::table(&Source::file(&folder).whole());
            for (name, path) in files(&folder, fence, import) {
                if let Some((name, entry)) = one(&name, &path, fence, import, read) {
                    entries.put(&name, entry);
                }
            }
            let mut layer = Node::table(&entries.place);
            layer.put(section, entries);
            layers.push(readable(layer, import.problems));
        }
    }
    layers
}

fn one(
    name: &str,
    path: &Path,
    fence: Option<&Path>,
    import: &mut Import<'_>,
    read: Read,
) -> Option<(String, Node)> {
    let source = Source::file(path);
    let text = match file::text(path, fence) {
        Ok(text) => text?,
        Err(reason) => {
            import.problems.at(&source.whole(), &reason);
            return None;
        }
    };
    if !import.takes(&text) {
        import.problems.line("there are too many agents and commands: the others are not read");
        return None;
    }
    match tree::front_matter(&text, &source) {
        Ok((front, body)) => Some(read(import, name, &front, body)),
        Err(e) => {
            import.problems.at(&e.place, &e.reason);
            None
        }
    }
}

/// Markdown files with their names: a folder's name stands before a colon.
fn files(folder: &Path, fence: Option<&Path>, import: &mut Import<'_>) -> Vec<(String, PathBuf)> {
    let mut found = Vec::new();
    let mut looked_at = 0;
    let mut folders = VecDeque::from([(String::new(), folder.to_owned(), 0)]);
    while let Some((before, folder, depth)) = folders.pop_front() {
        let outside = fence.is_some_and(|fence| !file::real(&folder).is_some_and(|it| it.starts_with(fence)));
        if outside {
            import
                .problems
                .at(&Source::file(&folder).whole(), "it leads out of the project, and is not read");
            continue;
        }
        let entries = std::fs::read_dir(&folder).into_iter().flatten().filter_map(Result::ok);
        let mut entries: Vec<PathBuf> = entries.take(MOST_ENTRIES).map(|entry| entry.path()).collect();
        entries.sort();
        for path in entries {
            looked_at += 1;
            if looked_at > MOST_ENTRIES || found.len() == MOST_FILES {
                let what = format!("it has more than {MOST_FILES} files: the others are not read");
                import.problems.at(&Source::file(&folder).whole(), &what);
                return found;
            }
            let Some(stem) = path.file_stem().and_then(|stem| stem.to_str()) else { continue };
            if stem.starts_with('.') {
                continue;
            }
            if path.extension().is_some_and(|extension| extension == "md") {
                if stem != "README" {
                    found.push((format!("{before}{stem}"), path));
                }
            } else if depth < DEEPEST && path.is_dir() {
                folders.push_back((format!("{before}{stem}:"), path, depth + 1));
            }
        }
    }
    found
}
