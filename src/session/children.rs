//! Sessions beneath a session, for sub-agents.

use futures_util::future::BoxFuture;

use super::Sessions;
use crate::agent::{Child, ChildReport, Children};

impl Children for Sessions {
    fn run(&self, _child: Child) -> BoxFuture<'static, Result<ChildReport, String>> {
        Box::pin(async { Err("child sessions cannot be opened here".to_owned()) })
    }
}
