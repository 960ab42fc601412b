//! What a project's own files set, found from a folder upwards. Reading a project that has none costs a few looks at the
//! file system.

mod trust;

use std::path::{Path, PathBuf};

use super::agent::Project;
use super::import::Import;
use super::meaning::{Reading, rules};
use super::problem::Problems;
use super::tree::{self, Node, Source};
use super::{Config, file, layer, markdown};

/// Files in the words of other agents, the later the weightier.
const JSON: [&str; 4] = [".mcp.json", ".opencode.json", "opencode.json", "opencode.jsonc"];

/// A folder of one agent's settings.
struct Folder {
    name: &'static str,
    files: &'static [&'static str],
    has_markdown: bool,
    skills: &'static [&'static str],
}

/// All of them, the later the weightier.
#[rustfmt::skip]
const FOLDERS: [Folder; 4] = [
    Folder { name: ".opencode", files: &["opencode.json", "opencode.jsonc"], has_markdown: true, skills: &["skills", "skill"] },
    Folder { name: ".claude", files: &[], has_markdown: true, skills: &["skills"] },
    Folder { name: ".agents", files: &[], has_markdown: false, skills: &["skills"] },
    Folder { name: ".adjutant", files: &["config.toml"], has_markdown: true, skills: &["skills"] },
];

/// Folders upwards that are looked at.
const HIGHEST: usize = 64;

/// What the files of a project mean to the person whose settings these are.
pub(super) fn read(config: &Config, cwd: &Path) -> Project {
    let mut problems = Problems::default();
    let folders = upwards(cwd, config.paths.home.as_deref()).into_iter().rev().map(Path::to_owned).collect();
    let Some(found) = Found::at(config, cwd) else { return Project { folders, ..Project::default() } };
    let tree = found.tree(config, &mut problems);
    let mut reading = Reading {
        environment: &config.environment,
        home: config.paths.home.as_deref(),
        project: Some(&found.root),
        problems: &mut problems,
    };
    let mut project = Project {
        folders,
        agents: reading.agents(&tree),
        commands: reading.commands(&tree),
        servers: reading.servers(&tree),
        language_servers: reading.language_servers(&tree),
        model: tree.part("model").and_then(Node::as_text).map(super::known::model),
        skills: found.skills(&mut problems),
        ..Project::default()
    };
    let (rules, faults) = rules(&tree, "");
    project.rules = rules;
    for fault in &faults {
        problems.line(fault);
    }
    project.problems = problems.into_lines();
    project
}

/// The tree of a project, with what it may set; empty where there is none.
pub(super) fn tree(config: &Config, cwd: &Path, problems: &mut Problems) -> Node {
    let found = Found::at(config, cwd);
    found.map_or_else(|| Node::table(&Source::BuiltIn.whole()), |found| found.tree(config, problems))
}

/// The files of a project, those of its root first.
struct Found {
    /// Without links.
    root: PathBuf,
    json: Vec<PathBuf>,
    toml: Vec<PathBuf>,
    folders: Vec<PathBuf>,
    skills: Vec<PathBuf>,
}

impl Found {
    /// `None`: there is nothing.
    fn at(config: &Config, cwd: &Path) -> Option<Self> {
        let home = config.paths.home.as_deref();
        let mut found = Self {
            root: PathBuf::new(),
            json: Vec::new(),
            toml: Vec::new(),
            folders: Vec::new(),
            skills: Vec::new(),
        };
        let upwards = upwards(cwd, home);
        for folder in upwards.iter().rev() {
            found.look(folder, home == Some(folder));
        }
        // Of skills of one name the first counts.
        found.skills.reverse();
        let is_empty =
            [&found.json, &found.toml, &found.folders, &found.skills].iter().all(|it| it.is_empty());
        found.root = if is_empty { return None } else { file::real(upwards.last()?)? };
        Some(found)
    }

    /// Looks at one folder. In the home, the folders are the person's own and are read as such.
    fn look(&mut self, folder: &Path, is_home: bool) {
        self.json.extend(JSON.map(|name| folder.join(name)).into_iter().filter(|path| exists(path)));
        for Folder { name, files, has_markdown, skills } in FOLDERS {
            let folder = folder.join(name);
            if is_home || !folder.is_dir() {
                continue;
            }
            for file in files.iter().map(|name| folder.join(name)).filter(|path| exists(path)) {
                let is_toml = file.extension().is_some_and(|extension| extension == "toml");
                if is_toml { self.toml.push(file) } else { self.json.push(file) }
            }
            self.skills.extend(skills.iter().map(|name| folder.join(name)).filter(|path| path.is_dir()));
            self.folders.extend(has_markdown.then_some(folder));
        }
    }

    /// Everything in one tree, the nearest on top, without what a project may not set.
    fn tree(&self, config: &Config, problems: &mut Problems) -> Node {
        let fence = Some(self.root.as_path());
        let mut tree = Node::table(&Source::BuiltIn.whole());
        let mut import = Import::new(true, problems);
        for path in &self.json {
            if let Some(layer) = layer::json(path, fence, &mut import) {
                tree.overlay(layer);
            }
        }
        for folder in &self.folders {
            for layer in markdown::folders(folder, fence, &mut import) {
                tree.overlay(layer);
            }
        }
        for path in &self.toml {
            if let Some(layer) = toml(path, fence, problems) {
                tree.overlay(layer);
            }
        }
        trust::limit(&mut tree, config, problems);
        tree
    }

    fn skills(&self, problems: &mut Problems) -> Vec<PathBuf> {
        let within = |folder: &&PathBuf| {
            let within = file::real(folder).is_some_and(|real| real.starts_with(&self.root));
            if !within {
                problems.at(&Source::file(folder).whole(), "it leads out of the project, and is not read");
            }
            within
        };
        self.skills.iter().filter(within).cloned().collect()
    }
}

fn toml(path: &Path, fence: Option<&Path>, problems: &mut Problems) -> Option<Node> {
    let source = Source::file(path);
    let text = match file::text(path, fence) {
        Ok(text) => text?,
        Err(reason) => {
            problems.at(&source.whole(), &reason);
            return None;
        }
    };
    match tree::toml(&text, &source) {
        Ok(tree) => Some(layer::readable(tree, problems)),
        Err(e) => {
            problems.at(&e.place, &e.reason);
            None
        }
    }
}

/// Folders from the working directory to the root of its repository. Without a repository: up to below the home, and
/// elsewhere the folder alone, because what lies above it may be anybody's.
fn upwards<'a>(cwd: &'a Path, home: Option<&Path>) -> Vec<&'a Path> {
    let mut folders = Vec::new();
    for folder in cwd.ancestors().take(HIGHEST) {
        if home == Some(folder) && folder != cwd {
            return folders;
        }
        folders.push(folder);
        if exists(&folder.join(".git")) || home == Some(folder) {
            return folders;
        }
    }
    folders.truncate(1);
    folders
}

fn exists(path: &Path) -> bool {
    std::fs::metadata(path).is_ok()
}
