//! The built-in agent: a pure machine that decides (`machine`), a driver that does it (`driver`), and what
//! the model is told (`transcript`, `prompt`, `instructions`).
//!
//! No client, no wire and no store lives here; whom to ask and where to write is the turn's business.
//!
//! What always holds: a tool runs only after the rules, or a person, allowed what was shown, and after
//! its start is durable; a call of the model is answered exactly once; a turn ends with words.
//!
//! To add an input of the loop: a variant of `Input`, its arms in the machine, and its source in the driver.

mod driver;
mod instructions;
mod machine;
mod progress;
mod prompt;
mod report;
mod transcript;

#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;

use super::{AgentBackend, AgentSession, GrantBook, Prompt, Seed, Turn};
use crate::acp::AvailableCommand;
use crate::clock::Clock;
use crate::event::{EventKind, Seq, TurnStop};
use crate::permission::{Policy, Rule};
use crate::provider::Provider;
use crate::tool::{Registry, SeenFiles};
use transcript::Transcript;

/// What a turn may use up.
#[derive(Debug, Clone, Copy)]
pub struct Caps {
    /// Model calls in one turn.
    pub steps: usize,
    /// Time of one turn.
    pub time: Duration,
}

impl Default for Caps {
    fn default() -> Self {
        Self { steps: 100, time: Duration::from_hours(2) }
    }
}

/// Everything the built-in agent is made of.
#[derive(Debug, Clone)]
pub struct Parts {
    pub provider: Arc<dyn Provider>,
    pub tools: Registry,
    pub rules: Vec<Rule>,
    pub grants: Arc<dyn GrantBook>,
    pub clock: Clock,
    pub caps: Caps,
    pub home: Option<PathBuf>,
    /// Our own folders, which no tool may write.
    pub protected: Vec<PathBuf>,
    /// The user's own instructions file, outside any workspace.
    pub instructions: Option<PathBuf>,
    pub commands: Vec<AvailableCommand>,
}

/// The built-in agent.
#[derive(Debug, Clone)]
pub struct Builtin {
    parts: Arc<Parts>,
}

impl Builtin {
    pub fn new(parts: Parts) -> Self {
        Self { parts: Arc::new(parts) }
    }
}

impl AgentBackend for Builtin {
    fn open(&self, seed: Seed) -> Box<dyn AgentSession> {
        let parts = Arc::clone(&self.parts);
        let roots: Vec<_> = seed.workspace.roots().map(ToOwned::to_owned).collect();
        let mut policy = Policy::new(seed.workspace.cwd().to_owned(), parts.home.clone())
            .with_roots(roots)
            .with_rules(parts.rules.clone());
        policy.protect(parts.protected.iter().cloned());
        Box::new(BuiltinSession {
            parts,
            seed,
            policy,
            transcript: Transcript::default(),
            taken: 0,
            seen: Arc::default(),
            system: None,
        })
    }

    fn commands(&self) -> Vec<AvailableCommand> {
        self.parts.commands.clone()
    }

    fn models(&self) -> Vec<(String, String, String)> {
        let (name, description) = match self.parts.provider.id() {
            "offline" => ("Offline", "The command agent: no language model, works without a network"),
            "scripted" => ("Scripted", "Answers from a script, for tests"),
            other => (other, ""),
        };
        vec![(self.parts.provider.id().to_owned(), name.to_owned(), description.to_owned())]
    }
}

/// The built-in agent's side of one session.
#[derive(Debug)]
struct BuiltinSession {
    parts: Arc<Parts>,
    seed: Seed,
    policy: Policy,
    transcript: Transcript,
    /// Number of the last event of the journal that the transcript knows.
    taken: Seq,
    seen: Arc<SeenFiles>,
    /// Built once, when it is first needed.
    system: Option<String>,
}

impl AgentSession for BuiltinSession {
    fn run(&mut self, turn: Turn, prompt: Prompt) -> BoxFuture<'_, TurnStop> {
        Box::pin(async move {
            if let Err(message) = self.catch_up(prompt.seq).await {
                return TurnStop::Failed { message };
            }
            let kind = EventKind::PromptAccepted {
                turn: prompt.turn,
                message: crate::acp::MessageId::new(""),
                content: prompt.content.clone(),
            };
            self.transcript.take(&kind);
            if self.system.is_none() {
                self.system = Some(prompt::system(&self.seed.workspace, self.parts.instructions.as_deref()));
            }
            driver::Driver::new(self, turn, prompt).run().await
        })
    }
}

impl BuiltinSession {
    /// Reads the journal up to the prompt's place, once: a turn's own events are taken in as they happen.
    async fn catch_up(&mut self, prompt: Seq) -> Result<(), String> {
        if self.taken > 0 {
            return Ok(());
        }
        while self.taken + 1 < prompt {
            let page = self.seed.history.read(self.taken).await?;
            let Some(last) = page.last() else { break };
            self.taken = last.seq;
            page.iter()
                .filter(|event| event.seq < prompt)
                .for_each(|event| self.transcript.take(&event.kind));
        }
        self.taken = self.taken.max(1);
        Ok(())
    }
}
