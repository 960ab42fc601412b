use std::fmt;
use std::path::Path;
use std::sync::Arc;

/// Which files may be read without asking, for tools that look at many files under one permission: what a
/// rule withholds from `read` must not come out of a search.
#[derive(Clone)]
pub struct Readable(Arc<dyn Fn(&Path) -> bool + Send + Sync>);

impl Readable {
    /// Files for which `allows` says so. Paths are absolute and resolved.
    pub fn new(allows: impl Fn(&Path) -> bool + Send + Sync + 'static) -> Self {
        Self(Arc::new(allows))
    }

    /// All of them.
    pub fn everything() -> Self {
        Self::new(|_| true)
    }

    pub(super) fn allows(&self, path: &Path) -> bool {
        (self.0)(path)
    }
}

impl fmt::Debug for Readable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Readable")
    }
}
