//! The nine bits that say who may read, write and run a file.

use std::os::fd::AsFd;
use std::os::unix::fs::PermissionsExt;

use rustix::fs::Mode;

use super::file::failed;
use super::{Place, Workspace, WorkspaceError};

const BITS: u32 = 0o777;

impl Workspace {
    /// The permission bits of a plain file.
    pub fn permission_bits(&self, place: &Place) -> Result<u32, WorkspaceError> {
        let metadata = self.open_file(place)?.metadata();
        let io = |source| WorkspaceError::Io { path: place.path().to_owned(), doing: "look up", source };
        metadata.map(|metadata| metadata.permissions().mode() & BITS).map_err(io)
    }

    /// Gives a plain file other permission bits.
    pub fn set_permission_bits(&self, place: &Place, bits: u32) -> Result<(), WorkspaceError> {
        self.changeable_root_of(place)?;
        let file = self.open_file(place)?;
        rustix::fs::fchmod(file.as_fd(), Mode::from_raw_mode(bits & BITS))
            .map_err(|error| failed(place, "set the permissions of", error))
    }
}
