use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rmcp::model::{ProgressNotificationParam, ProgressToken};
use tokio::sync::{Notify, mpsc};

use crate::tool::{People, ToolContext};
use crate::workspace::Live;

/// Characters of one progress line.
const LINE: usize = 200;

/// The calls of a server that are running.
#[derive(Debug, Default)]
pub(super) struct Calls(Mutex<Vec<Running>>);

#[derive(Debug)]
struct Running {
    token: ProgressToken,
    progress: mpsc::Sender<Live>,
    people: Arc<dyn People>,
    pulse: Arc<Pulse>,
}

/// Signs of life of a call.
#[derive(Debug, Default)]
pub(super) struct Pulse {
    pub(super) beat: Notify,
    questions: AtomicUsize,
}

impl Pulse {
    /// Whether somebody is thinking about an answer, so that nobody else is late.
    pub(super) fn waits_for_people(&self) -> bool {
        self.questions.load(Ordering::Relaxed) > 0
    }
}

/// A question of a running call that is open as long as this lives.
#[derive(Debug)]
pub(super) struct Asking {
    pub(super) people: Arc<dyn People>,
    pulse: Arc<Pulse>,
}

impl Drop for Asking {
    fn drop(&mut self) {
        self.pulse.questions.fetch_sub(1, Ordering::Relaxed);
        self.pulse.beat.notify_one();
    }
}

/// A running call; it is forgotten with this.
#[derive(Debug)]
pub(super) struct Registered {
    calls: Arc<Calls>,
    token: ProgressToken,
    pub(super) pulse: Arc<Pulse>,
}

impl Drop for Registered {
    fn drop(&mut self) {
        self.calls.lock().retain(|call| call.token != self.token);
    }
}

impl Calls {
    pub(super) fn register(self: &Arc<Self>, token: ProgressToken, context: &ToolContext) -> Registered {
        let pulse = Arc::new(Pulse::default());
        self.lock().push(Running {
            token: token.clone(),
            progress: context.progress.clone(),
            people: Arc::clone(&context.people),
            pulse: Arc::clone(&pulse),
        });
        Registered { calls: Arc::clone(self), token, pulse }
    }

    /// Shows how far a call is.
    pub(super) fn progress(&self, params: &ProgressNotificationParam) {
        let calls = self.lock();
        let Some(call) = calls.iter().find(|call| call.token == params.progress_token) else { return };
        let of = params.total.map(|total| format!(" of {total}")).unwrap_or_default();
        let said = params.message.as_deref().map(|text| format!(": {text}")).unwrap_or_default();
        let line = crate::tool::one_line(&format!("{}{of}{said}", params.progress), LINE);
        if call.progress.try_send(Live::Output(format!("{line}\n").into())).is_err() {
            tracing::trace!("progress is not shown: too much of it, or nobody looks");
        }
        call.pulse.beat.notify_one();
    }

    /// The people behind the call that began last: a server does not say which one it asks for.
    pub(super) fn asking(&self) -> Option<Asking> {
        let calls = self.lock();
        let call = calls.last()?;
        call.pulse.questions.fetch_add(1, Ordering::Relaxed);
        call.pulse.beat.notify_one();
        Some(Asking { people: Arc::clone(&call.people), pulse: Arc::clone(&call.pulse) })
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Running>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
