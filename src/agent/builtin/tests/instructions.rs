use std::os::unix::fs::symlink;
use std::path::PathBuf;

use crate::agent::builtin::instructions::read;
use crate::workspace::Workspace;

/// A project `/a/b` in a home, whose working directory is `b`.
struct Site {
    dir: tempfile::TempDir,
}

impl Site {
    fn new(files: &[(&str, &str)]) -> Self {
        let site = Self { dir: tempfile::tempdir().unwrap() };
        std::fs::create_dir_all(site.path("a/b")).unwrap();
        for (path, text) in files {
            let path = site.path(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        site
    }

    fn path(&self, path: &str) -> PathBuf {
        self.dir.path().canonicalize().unwrap().join(path)
    }

    /// The texts that are read, with further roots.
    fn texts(&self, further: &[&str]) -> Vec<String> {
        let further: Vec<_> = further.iter().map(|path| self.path(path)).collect();
        let workspace = Workspace::open(&self.path("a/b"), &further).unwrap();
        let found = read(&workspace, &[self.path("a"), self.path("a/b")], Some(&self.path("home.md")));
        found.into_iter().map(|found| found.text).collect()
    }
}

#[test]
fn instructions_are_read_from_the_repository_down_to_the_working_directory() {
    let site = Site::new(&[
        ("home.md", "own"),
        ("AGENTS.md", "of nobody"),
        ("a/AGENTS.md", "root"),
        ("a/CLAUDE.md", "the same in other words"),
        ("a/b/CLAUDE.md", "near"),
        ("a/b/c/AGENTS.md", "below"),
        ("d/AGENTS.md", "further"),
    ]);
    assert_eq!(site.texts(&["d"]), ["own", "root", "near", "further"]);
}

#[test]
fn a_file_is_read_once_and_no_link_leads_out() {
    let site = Site::new(&[("home.md", "own"), ("a/AGENTS.md", "root"), ("secret", "s"), ("a/secret", "t")]);
    symlink(site.path("a/AGENTS.md"), site.path("a/b/AGENTS.md")).unwrap();
    assert_eq!(site.texts(&["a"]), ["own", "root"], "by a link, as a root, and as a folder above");
    symlink(site.path("a/secret"), site.path("a/b/CLAUDE.md")).unwrap();
    assert_eq!(site.texts(&[]), ["own", "root"], "out of the workspace, though not of the repository");
    std::fs::remove_file(site.path("a/AGENTS.md")).unwrap();
    symlink(site.path("secret"), site.path("a/AGENTS.md")).unwrap();
    assert_eq!(site.texts(&[]), ["own"], "out of the repository");
}

#[test]
fn many_and_long_instructions_end_at_the_nearest() {
    let site = Site::new(&[]);
    let mut folders = vec![site.path("a")];
    for depth in 0..20 {
        folders.push(folders[depth].join("x"));
    }
    for (depth, folder) in folders.iter().enumerate() {
        std::fs::create_dir_all(folder).unwrap();
        std::fs::write(folder.join("AGENTS.md"), depth.to_string()).unwrap();
    }
    let workspace = Workspace::open(&folders[20], &[]).unwrap();
    let texts =
        || -> Vec<String> { read(&workspace, &folders, None).into_iter().map(|found| found.text).collect() };
    let nearest: Vec<_> = (5..=20).map(|depth| depth.to_string()).collect();
    assert_eq!(texts(), nearest);
    for folder in &folders {
        std::fs::write(folder.join("AGENTS.md"), "x".repeat(100_000)).unwrap();
    }
    let lengths: Vec<_> = texts().iter().map(String::len).collect();
    assert_eq!(lengths, [64 * 1024; 4]);
}
