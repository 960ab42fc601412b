//! What the doors open to: the engine, and where it comes from. Every door is given the same one.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use crate::config::Keys;
use crate::permission::Mode;
use crate::session::Sessions;
use crate::workspace::Commands;

/// What a door opens to.
#[derive(Debug, Clone)]
pub struct Engine {
    pub sessions: Sessions,
    /// Where commands run when the client has no terminals.
    pub commands: Arc<dyn Commands>,
    /// The mode of new sessions.
    pub mode: Mode,
    /// Whose keys there are, for whoever signs in or out.
    pub keys: Keys,
    /// What people should know about how it was set up; each is told once.
    pub warnings: Arc<[String]>,
}

/// Builds the engine when it is first needed, so that `initialize` waits for no disk. A failure is told to
/// whoever needed it, and tried again for the next.
#[derive(Clone)]
pub struct EngineSource {
    state: Arc<Mutex<Option<Engine>>>,
    build: Arc<dyn Fn() -> Result<Engine, String> + Send + Sync>,
}

impl EngineSource {
    pub fn new(build: impl Fn() -> Result<Engine, String> + Send + Sync + 'static) -> Self {
        Self { state: Arc::default(), build: Arc::new(build) }
    }

    /// The engine; `Err` says in one line why there is none.
    pub fn engine(&self) -> Result<Engine, String> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(engine) = state.as_ref() {
            return Ok(engine.clone());
        }
        Ok(state.insert((self.build)()?).clone())
    }

    /// The engine, if it was built.
    pub fn built(&self) -> Option<Engine> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl fmt::Debug for EngineSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("EngineSource").field(&self.built()).finish()
    }
}
