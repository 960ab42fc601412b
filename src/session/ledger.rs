use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;

use crate::acp::SessionId;
use crate::agent::{Ledger, Spent, Totals};
use crate::clock::Clock;
use crate::store::{Spending, Store, Used};

/// What sessions use up, written down in the store.
#[derive(Debug, Clone)]
pub struct StoredLedger {
    store: Arc<dyn Store>,
    clock: Clock,
}

impl StoredLedger {
    pub fn new(store: Arc<dyn Store>, clock: Clock) -> Self {
        Self { store, clock }
    }

    fn spending(&self, session: &SessionId, more: Spent) -> Spending {
        let used = Used {
            tokens: more.tokens,
            micro_dollars: (more.money * 1e6).round() as u64,
            steps: more.steps,
            millis: more.time.as_millis() as u64,
        };
        Spending { session: session.clone(), at: self.clock.now(), used }
    }
}

impl Ledger for StoredLedger {
    fn spend(&self, session: &SessionId, more: Spent) -> BoxFuture<'static, Option<Totals>> {
        let totals = self.store.spend(self.spending(session, more));
        Box::pin(async move {
            match totals.await {
                Ok(totals) => Some(Totals { session: spent(totals.session), day: spent(totals.day) }),
                Err(e) => {
                    tracing::warn!(error = %e, "what was used up is not known");
                    None
                }
            }
        })
    }

    fn note(&self, session: &SessionId, more: Spent) {
        self.store.note(self.spending(session, more));
    }
}

fn spent(used: Used) -> Spent {
    Spent {
        money: used.micro_dollars as f64 / 1e6,
        tokens: used.tokens,
        steps: used.steps,
        time: Duration::from_millis(used.millis),
    }
}
