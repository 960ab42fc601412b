//! The tree of a folder and its drawing.

use std::cmp::Reverse;
use std::collections::{HashMap, VecDeque};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use ignore::DirEntry;
use tokio_util::sync::CancellationToken;

use crate::tool::walk::Walk;
use crate::tool::{label, limit};

/// What was found below a folder.
#[derive(Debug)]
pub(super) struct Tree {
    folder: PathBuf,
    children: HashMap<PathBuf, Vec<Child>>,
    unreadable: usize,
    incomplete: bool,
}

/// An entry; folders come before everything else.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Child {
    is_folder: Reverse<bool>,
    name: OsString,
    is_link: bool,
}

/// A drawing, and what the tree holds as deep as it was drawn.
#[derive(Debug, Default)]
pub(super) struct Drawn {
    pub(super) page: limit::Page,
    pub(super) folders: usize,
    pub(super) files: usize,
    /// Whether something of it is not on the page.
    pub(super) cut: bool,
}

impl Tree {
    pub(super) fn grow(walk: &Walk, stop: &CancellationToken) -> Self {
        let mut tree = Self {
            folder: walk.folder().to_owned(),
            children: HashMap::new(),
            unreadable: 0,
            incomplete: false,
        };
        let mut seen = 0;
        for entry in walk.builder().build() {
            if stop.is_cancelled() || seen == limit::LISTED {
                tree.incomplete = true;
                break;
            }
            match entry {
                Ok(entry) if !walk.is_below(&entry) => {}
                Ok(entry) => {
                    seen += 1;
                    tree.add(&entry);
                }
                Err(_) => tree.unreadable += 1,
            }
        }
        tree.children.values_mut().for_each(|children| children.sort_unstable());
        tree
    }

    fn add(&mut self, entry: &DirEntry) {
        let Some(parent) = entry.path().parent() else { return };
        let is = |test: fn(&std::fs::FileType) -> bool| entry.file_type().as_ref().is_some_and(test);
        self.children.entry(parent.to_owned()).or_default().push(Child {
            is_folder: Reverse(is(std::fs::FileType::is_dir)),
            name: entry.file_name().to_owned(),
            is_link: is(std::fs::FileType::is_symlink),
        });
    }

    pub(super) fn unreadable(&self) -> usize {
        self.unreadable
    }

    /// Whether there were more entries, or less time, than a walk has.
    pub(super) fn incomplete(&self) -> bool {
        self.incomplete
    }

    /// Draws so many levels and entries, those further up first.
    pub(super) fn render(&self, levels: usize, entries: usize, page: limit::Page) -> Drawn {
        let mut drawing = Drawing { drawn: Drawn { page, ..Drawn::default() }, ..Drawing::default() };
        self.choose(levels, entries, &mut drawing);
        self.draw(&self.folder, levels, 0, &mut drawing);
        drawing.drawn
    }

    fn of(&self, folder: &Path) -> &[Child] {
        self.children.get(folder).map(Vec::as_slice).unwrap_or_default()
    }

    /// How many entries of each folder are shown: level by level, until the number is used up.
    fn choose(&self, levels: usize, mut left: usize, drawing: &mut Drawing) {
        let mut folders = VecDeque::from([(self.folder.clone(), 1)]);
        while let Some((folder, level)) = folders.pop_front() {
            let children = self.of(&folder);
            let shown = children.len().min(left);
            left -= shown;
            for child in children {
                let is_folder = child.is_folder.0;
                drawing.drawn.folders += usize::from(is_folder);
                drawing.drawn.files += usize::from(!is_folder);
                if is_folder && level < levels {
                    folders.push_back((folder.join(&child.name), level + 1));
                }
            }
            drawing.shown.insert(folder, shown);
        }
    }

    fn draw(&self, folder: &Path, levels: usize, indent: usize, drawing: &mut Drawing) {
        let children = self.of(folder);
        let shown = drawing.shown.get(folder).copied().unwrap_or(0);
        for child in children.iter().take(shown) {
            let name = label::visible(&child.name.to_string_lossy(), false);
            let below = folder.join(&child.name);
            let entries = match (child.is_folder.0, levels) {
                (false, _) if child.is_link => " (symbolic link)".to_owned(),
                (false, _) => String::new(),
                (true, 1) => format!("/ ({})", label::count(self.of(&below).len(), "entry", "entries")),
                (true, _) => "/".to_owned(),
            };
            drawing.line(indent, &format!("{name}{entries}"));
            if child.is_folder.0 && levels > 1 {
                self.draw(&below, levels - 1, indent + 1, drawing);
            }
        }
        if children.len() > shown {
            drawing.drawn.cut = true;
            drawing.line(indent, &format!("… {} more", children.len() - shown));
        }
    }
}

#[derive(Default)]
struct Drawing {
    /// How many entries of each folder are shown.
    shown: HashMap<PathBuf, usize>,
    drawn: Drawn,
}

impl Drawing {
    fn line(&mut self, indent: usize, text: &str) {
        self.drawn.cut |= !self.drawn.page.push(&format!("{}{text}", "  ".repeat(indent)));
    }
}
