//! The files of a folder, and how they differ from those of another.

use std::collections::BTreeMap;
use std::path::Path;

/// Every file below a folder, by its path there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tree(BTreeMap<String, Vec<u8>>);

impl Tree {
    pub(super) fn read(folder: &Path) -> Self {
        let mut files = BTreeMap::new();
        gather(folder, "", &mut files);
        Self(files)
    }

    /// Writes the files below another folder.
    pub(super) fn write(&self, folder: &Path) {
        for (path, bytes) in &self.0 {
            let path = folder.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, bytes).unwrap();
        }
    }

    /// What became of it: `A`, `D` or `M` and a path each, sorted by path.
    pub(super) fn changes(&self, later: &Self) -> Vec<String> {
        let mut changes = BTreeMap::new();
        for (path, bytes) in &self.0 {
            match later.0.get(path) {
                None => changes.insert(path, "D"),
                Some(other) if other != bytes => changes.insert(path, "M"),
                Some(_) => None,
            };
        }
        changes.extend(later.0.keys().filter(|path| !self.0.contains_key(*path)).map(|path| (path, "A")));
        changes.into_iter().map(|(path, what)| format!("{what} {path}")).collect()
    }
}

fn gather(folder: &Path, below: &str, files: &mut BTreeMap<String, Vec<u8>>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let path = format!("{below}{}", entry.file_name().to_str().unwrap());
        if entry.file_type().unwrap().is_dir() {
            gather(&entry.path(), &format!("{path}/"), files);
        } else {
            files.insert(path, std::fs::read(entry.path()).unwrap());
        }
    }
}
