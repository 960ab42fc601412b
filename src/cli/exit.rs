//! Exit codes, after `sysexits.h`.

use super::print::PrintError;
use crate::config::ConfigError;
use crate::discovery::DiscoveryError;
use crate::error::ErrorKind;
use crate::mcp::McpError;
use crate::provider::ProviderError;
use crate::remote::RemoteError;
use crate::session::SessionError;
use crate::store::StoreError;
use crate::tls::TlsError;
use crate::workspace::WorkspaceError;

/// The command line is wrong.
pub(super) const USAGE: u8 = 64;
/// The data is damaged or of a newer version.
pub(super) const DATA: u8 = 65;
/// Something needed is not there.
pub(super) const UNAVAILABLE: u8 = 69;
/// Our own fault.
pub(super) const INTERNAL: u8 = 70;
/// A file cannot be created.
pub(super) const CANNOT_CREATE: u8 = 73;
/// Not now; later perhaps.
pub(super) const TEMPORARY: u8 = 75;
/// Whoever is to do it lets us not in.
pub(super) const DENIED: u8 = 77;
/// The person said no: what a shell reports of a program that `SIGINT` ended.
pub(super) const CANCELLED: u8 = 130;
/// Nobody reads the output: what a shell reports of a program that `SIGPIPE` ended.
pub(super) const CLOSED: u8 = 141;
/// The configuration is wrong.
pub(super) const CONFIG: u8 = 78;

/// The code of a failure, from what a caller can do about it.
pub(super) fn code(error: &anyhow::Error) -> u8 {
    if matches!(error.downcast_ref(), Some(ConfigError::Invalid(_) | ConfigError::Unreadable { .. })) {
        return CONFIG;
    }
    let remote = error.downcast_ref::<RemoteError>();
    if matches!(remote, Some(RemoteError::Refused { .. })) {
        return DENIED;
    }
    if error.downcast_ref::<TlsError>().is_some() {
        return CONFIG;
    }
    let store = error.downcast_ref::<StoreError>();
    if matches!(store, Some(StoreError::Damaged(_))) {
        return DATA;
    }
    let kind = store
        .map(StoreError::kind)
        .or_else(|| error.downcast_ref::<SessionError>().map(SessionError::kind))
        .or_else(|| error.downcast_ref::<WorkspaceError>().map(WorkspaceError::kind))
        .or_else(|| error.downcast_ref::<PrintError>().map(PrintError::kind))
        .or_else(|| error.downcast_ref::<McpError>().map(McpError::kind))
        .or_else(|| error.downcast_ref::<ProviderError>().map(ProviderError::kind))
        .or_else(|| remote.map(RemoteError::kind))
        .or_else(|| error.downcast_ref::<DiscoveryError>().map(DiscoveryError::kind))
        .or_else(|| error.downcast_ref::<ConfigError>().map(ConfigError::kind));
    match kind {
        Some(ErrorKind::Invalid) => USAGE,
        Some(ErrorKind::NotFound | ErrorKind::Unavailable | ErrorKind::Denied) => UNAVAILABLE,
        Some(ErrorKind::Conflict | ErrorKind::Exhausted) => TEMPORARY,
        Some(ErrorKind::Internal) | None => INTERNAL,
    }
}
