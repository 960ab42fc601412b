mod capture;
mod environment;
mod file;
mod paths;
mod race;
mod replace;
mod report;
mod text;

use std::path::Path;

use tempfile::TempDir;

use super::Workspace;

/// A folder `work` (the root), a folder `work-secret` and a file `secret` beside it.
struct Site {
    dir: TempDir,
    workspace: Workspace,
}

const SECRET: &str = "the secret";

impl Site {
    fn new() -> Self {
        Self::within(tempfile::tempdir().unwrap())
    }

    /// On a file system in memory where there is one: for tests that write thousands of times.
    fn in_memory() -> Self {
        Self::within(tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap())
    }

    fn within(dir: TempDir) -> Self {
        std::fs::create_dir_all(dir.path().join("work/src")).unwrap();
        std::fs::create_dir(dir.path().join("work-secret")).unwrap();
        std::fs::write(dir.path().join("work-secret/file"), SECRET).unwrap();
        std::fs::write(dir.path().join("secret"), SECRET).unwrap();
        std::fs::write(dir.path().join("work/file"), "plain").unwrap();
        std::fs::write(dir.path().join("work/src/lib.rs"), "code").unwrap();
        let workspace = Workspace::open(&dir.path().join("work"), &[]).unwrap();
        Self { dir, workspace }
    }

    fn outer(&self) -> &Path {
        self.dir.path()
    }

    fn root(&self) -> &Path {
        self.workspace.cwd()
    }

    fn link(&self, name: &str, target: impl AsRef<Path>) {
        std::os::unix::fs::symlink(target, self.root().join(name)).unwrap();
    }

    fn content(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.root().join(name)).unwrap()
    }

    fn names(&self) -> Vec<String> {
        let place = self.workspace.place(".").unwrap();
        let entries = self.workspace.list(&place).unwrap();
        entries.into_iter().map(|entry| entry.name.into_string().unwrap()).collect()
    }
}
