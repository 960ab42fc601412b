//! What a caller can do about a failure. Every folder has its own small error enum with a `kind()`;
//! doors translate kinds into their own codes, so nothing between the floors speaks in wire codes.

/// The seven things a failure can mean to the one who caused it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The request itself is wrong: mend it and send it again.
    Invalid,
    /// The thing named does not exist.
    NotFound,
    /// The thing exists but its state does not allow this now.
    Conflict,
    /// A rule or a person said no.
    Denied,
    /// Something outside is missing or down: try again later.
    Unavailable,
    /// A limit was reached.
    Exhausted,
    /// Our own fault.
    Internal,
}
