use std::path::PathBuf;
use std::sync::Arc;

use futures_util::future::BoxFuture;

use crate::agent::GrantBook;
use crate::clock::Clock;
use crate::permission::Grant;
use crate::store::Store;

/// Remembered answers in the store, one JSON text each.
#[derive(Debug, Clone)]
pub struct StoredGrants {
    store: Arc<dyn Store>,
    clock: Clock,
}

impl StoredGrants {
    pub fn new(store: Arc<dyn Store>, clock: Clock) -> Self {
        Self { store, clock }
    }
}

impl GrantBook for StoredGrants {
    fn of(&self, workspace: PathBuf) -> BoxFuture<'_, Option<Vec<Grant>>> {
        Box::pin(async move {
            match self.store.grants(Some(workspace)).await {
                Ok(records) => {
                    Some(records.iter().filter_map(|it| serde_json::from_str(&it.text).ok()).collect())
                }
                Err(e) => {
                    tracing::warn!(error = %e, "remembered answers cannot be read");
                    None
                }
            }
        })
    }

    fn remember(&self, grant: Grant) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            let Ok(text) = serde_json::to_string(&grant) else { return };
            if let Err(e) = self.store.remember(grant.workspace.clone(), text, self.clock.now()).await {
                tracing::warn!(error = %e, "an answer cannot be remembered and will be asked again");
            }
        })
    }
}
