//! Which version of the protocol a connection speaks: settled by its first `initialize`.

/// A version that is spoken here.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Version {
    #[default]
    V1,
    /// A draft, spoken only where it is switched on.
    V2,
}

impl Version {
    /// What is spoken with a client that asks for version `asked`, where `newest` is the newest there is.
    pub(super) fn negotiate(asked: u64, newest: Self) -> Self {
        if asked >= 2 { newest } else { Self::V1 }
    }
}
