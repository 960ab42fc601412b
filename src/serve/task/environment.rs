//! Variables that the commands of one task are given.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::error::Failure;
use crate::workspace::{Command, Commands, Finished, Live, WorkspaceError};

/// Most variables of a task, and bytes of all of them.
const MOST: usize = 256;
const MOST_BYTES: usize = 128 * 1024;

/// Runs commands with more variables.
pub(super) struct WithVariables {
    inner: Arc<dyn Commands>,
    variables: Vec<(String, String)>,
}

impl WithVariables {
    pub(super) fn new(inner: Arc<dyn Commands>, variables: Vec<(String, String)>) -> Self {
        Self { inner, variables }
    }
}

/// Values may be secret.
impl fmt::Debug for WithVariables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.variables.iter().map(|(name, _)| name).collect();
        f.debug_struct("WithVariables").field("inner", &self.inner).field("variables", &names).finish()
    }
}

impl Commands for WithVariables {
    fn run(
        &self,
        mut command: Command,
        output: mpsc::Sender<Live>,
        cancel: CancellationToken,
    ) -> BoxFuture<'_, Result<Finished, WorkspaceError>> {
        // What the tool sets itself stands behind them, and wins.
        command.env.splice(0..0, self.variables.iter().cloned());
        self.inner.run(command, output, cancel)
    }
}

/// Variables as a client gives them; `Err` names the one that no process can have.
pub(super) fn variables(given: BTreeMap<String, String>) -> Result<Vec<(String, String)>, Failure> {
    let size: usize = given.iter().map(|(name, value)| name.len() + value.len()).sum();
    if given.len() > MOST || size > MOST_BYTES {
        let text = format!("context.environment: at most {MOST} variables of {MOST_BYTES} bytes together");
        return Err(Failure::invalid(&text));
    }
    let wrong = given
        .iter()
        .find(|(name, value)| name.is_empty() || name.contains(['=', '\0']) || value.contains('\0'));
    match wrong {
        Some((name, _)) => {
            Err(Failure::invalid(&format!("context.environment: {name:?} is no variable of a process")))
        }
        None => Ok(given.into_iter().collect()),
    }
}
