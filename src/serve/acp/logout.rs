use super::params::Reply;
use crate::acp::LogoutResponse;

/// `logout`: no credentials are held that could be dropped.
#[expect(clippy::unnecessary_wraps, reason = "handlers have one shape")]
pub(super) fn handle() -> Reply<LogoutResponse> {
    Ok(LogoutResponse::new())
}
