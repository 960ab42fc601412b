//! The roots of a session, opened once and held by descriptor.

use std::fs::File;
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{Mode, OFlags};

use super::place::Place;
use super::{WorkspaceError, beneath, resolve};

/// The folders a session may touch: the working directory first, then the additional ones. Cheap to clone.
///
/// Every root is held open, so renaming it away or putting something else in its place changes nothing
/// about where operations land; such a swap is reported as [`WorkspaceError::Changed`].
#[derive(Debug, Clone)]
pub struct Workspace {
    roots: Arc<[Arc<Root>]>,
}

/// One folder, as named and as found.
#[derive(Debug)]
pub(super) struct Root {
    /// The paths the client named, which may pass through symbolic links.
    named: Vec<PathBuf>,
    /// The same folder with every link resolved, at the time it was opened.
    pub(super) path: PathBuf,
    pub(super) dir: OwnedFd,
    identity: Identity,
    /// Whether nothing below it is ever changed.
    read_only: bool,
}

type Identity = (u64, u64);

impl Workspace {
    /// Opens the roots. Each must be the absolute path of an existing folder other than `/`.
    pub fn open(cwd: &Path, additional: &[PathBuf]) -> Result<Self, WorkspaceError> {
        let mut roots = vec![Root::open(cwd)?];
        for path in additional {
            let root = Root::open(path)?;
            match roots.iter_mut().find(|known| known.identity == root.identity) {
                Some(known) => known.named.extend(root.named),
                None => roots.push(root),
            }
        }
        Ok(Self { roots: roots.into_iter().map(Arc::new).collect() })
    }

    /// The same with further folders whose files can be read and searched, and never changed. They must exist
    /// and may not contain a root; they are no [`roots`](Self::roots).
    pub fn with_readable(&self, folders: &[PathBuf]) -> Result<Self, WorkspaceError> {
        let mut roots = self.roots.to_vec();
        for folder in folders {
            let mut root = Root::open(folder)?;
            if roots.iter().any(|known| known.path != root.path && known.path.starts_with(&root.path)) {
                let reason = "it contains a folder of the session";
                return Err(WorkspaceError::Invalid { path: folder.to_string_lossy().into_owned(), reason });
            }
            if roots.iter().all(|known| known.identity != root.identity) {
                root.read_only = true;
                roots.push(Arc::new(root));
            }
        }
        Ok(Self { roots: roots.into() })
    }

    /// The working directory, with symbolic links resolved.
    pub fn cwd(&self) -> &Path {
        self.roots.first().map_or(Path::new("/"), |root| &root.path)
    }

    /// Every root with symbolic links resolved, the working directory first.
    pub fn roots(&self) -> impl Iterator<Item = &Path> {
        self.roots.iter().filter(|root| !root.read_only).map(|root| root.path.as_path())
    }

    /// Whether the place lies in a folder that is only read.
    pub fn is_read_only(&self, place: &Place) -> bool {
        self.root_of(place).is_ok_and(|root| root.read_only)
    }

    /// Resolves a path that a model or a client named to the object it means.
    ///
    /// Relative paths start at [`cwd`](Self::cwd). Nothing is decoded or expanded: `%2e` and a trailing space
    /// are part of a name, `file://` and `~` are refused. Symbolic links are followed as long as they lead to
    /// a place inside a root, absolute ones too. A missing file in missing folders is a place as well, one
    /// that can be created.
    pub fn place(&self, path: &str) -> Result<Place, WorkspaceError> {
        let place = resolve::resolve(&self.roots, path)?;
        self.root_of(&place)?.check_identity()?;
        Ok(place)
    }

    pub(super) fn root_of(&self, place: &Place) -> Result<&Root, WorkspaceError> {
        let root = self.roots.get(place.root).filter(|root| place.path().starts_with(&root.path));
        root.map(Arc::as_ref).ok_or_else(|| WorkspaceError::Outside {
            path: place.path().display().to_string(),
            root: self.cwd().to_owned(),
        })
    }

    /// The same for one that is to be changed.
    pub(super) fn changeable_root_of(&self, place: &Place) -> Result<&Root, WorkspaceError> {
        let root = self.root_of(place)?;
        if root.read_only {
            let path = place.path().display().to_string();
            return Err(WorkspaceError::Invalid { path, reason: "its folder can be read and not changed" });
        }
        Ok(root)
    }
}

impl Root {
    fn open(named: &Path) -> Result<Self, WorkspaceError> {
        let invalid = |reason| WorkspaceError::Invalid { path: named.to_string_lossy().into_owned(), reason };
        if !named.is_absolute() {
            return Err(invalid("the path of a folder must be absolute"));
        }
        let path = named.canonicalize().map_err(|error| invalid(reason(&error)))?;
        if path.parent().is_none() {
            return Err(invalid("the whole file system cannot be a workspace"));
        }
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let dir = rustix::fs::open(&path, flags, Mode::empty())
            .map_err(|error| invalid(reason(&std::io::Error::from(error))))?;
        let found = File::from(dir);
        let metadata = found.metadata().map_err(|error| invalid(reason(&error)))?;
        Ok(Self {
            named: vec![named.to_owned()],
            path,
            identity: (metadata.dev(), metadata.ino()),
            dir: found.into(),
            read_only: false,
        })
    }

    /// Whether the path still leads to the folder that was opened.
    fn check_identity(&self) -> Result<(), WorkspaceError> {
        match std::fs::metadata(&self.path) {
            Ok(now) if (now.dev(), now.ino()) == self.identity => Ok(()),
            _ => Err(WorkspaceError::Changed {
                path: self.path.clone(),
                how: "another folder has taken the place of this root",
            }),
        }
    }

    pub(super) fn is_named(&self, path: &Path) -> bool {
        self.path == path || self.named.iter().any(|name| name == path)
    }

    pub(super) fn directory(&self, relative: &Path) -> rustix::io::Result<OwnedFd> {
        beneath::open(&self.dir, relative, beneath::SEARCH)
    }
}

fn reason(error: &std::io::Error) -> &'static str {
    use std::io::ErrorKind as Kind;
    if error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error()) {
        return "its symbolic links form a loop";
    }
    match error.kind() {
        Kind::NotFound => "there is no such folder",
        Kind::NotADirectory => "it is not a folder",
        Kind::PermissionDenied => "permission to open it was denied",
        Kind::InvalidInput => "it holds a NUL character",
        Kind::InvalidFilename => "it is too long",
        _ => "it could not be opened",
    }
}
