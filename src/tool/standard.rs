use futures_util::future::BoxFuture;
use serde_json::Value;

use super::output::Failure;
use super::{Prepared, Tool, ToolContext, ToolOutput};
use crate::acp::ToolKind;

/// A tool that every session has, as a table row: each file of this folder has one.
#[derive(Debug)]
pub(super) struct Standard {
    pub(super) name: &'static str,
    pub(super) description: &'static str,
    pub(super) kind: ToolKind,
    pub(super) parallel: bool,
    pub(super) input: fn() -> Value,
    pub(super) prepare: Prepare,
}

/// As [`Tool::prepare`].
pub(super) type Prepare = fn(Value, ToolContext) -> BoxFuture<'static, Result<Prepared, Failure>>;

impl Tool for Standard {
    fn name(&self) -> &str {
        self.name
    }

    fn description(&self) -> &str {
        self.description
    }

    fn input(&self) -> Value {
        (self.input)()
    }

    fn kind(&self) -> ToolKind {
        self.kind
    }

    fn parallel(&self) -> bool {
        self.parallel
    }

    fn prepare(&self, input: Value, context: ToolContext) -> BoxFuture<'_, Result<Prepared, ToolOutput>> {
        Box::pin(async move { Ok((self.prepare)(input, context).await?) })
    }
}
