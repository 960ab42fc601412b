//! Who answers in a turn: the agent that the session chose, with its part of the prompt, its rules and its tools.

use std::sync::Arc;

use super::{BuiltinSession, choice, prompt};
use crate::agent::Settings;
use crate::config::{AgentProfile, AgentUse, Origin};
use crate::permission::{Decision, Mode};
use crate::tool::{Registry, Tool};

/// The agents there always are, beside the usual one that does the work.
pub(super) fn standard() -> [AgentProfile; 2] {
    let agent = |name: &str, description: &str, prompt: &str, use_as| AgentProfile {
        name: name.to_owned(),
        description: description.to_owned(),
        prompt: Some(prompt.to_owned()),
        model: None,
        mode: None,
        tools: None,
        without: Vec::new(),
        rules: Vec::new(),
        use_as,
        steps: None,
        origin: Origin::Client,
    };
    let plan = agent("plan", "Looks and plans, changes nothing", prompt::PLAN, AgentUse::Primary);
    let general = agent(
        "general",
        "Searches widely and does a task of several steps on its own",
        prompt::GENERAL,
        AgentUse::Sub,
    );
    [AgentProfile { mode: Some(Mode::Plan), ..plan }, general]
}

/// The agent of a session, made ready.
#[derive(Debug)]
pub(super) struct Role {
    /// `None`: the usual one.
    pub(super) profile: Option<AgentProfile>,
    /// Those that gave it its work: it has nothing that one of them has not.
    above: Vec<AgentProfile>,
    pub(super) system: Arc<str>,
}

impl Role {
    /// The mode that the agent has of its own.
    pub(super) fn own_mode(&self) -> Option<Mode> {
        self.profile.as_ref()?.mode
    }

    /// Whether the agent has that tool.
    fn has(&self, tool: &dyn Tool) -> bool {
        let named = |names: &[String]| names.iter().any(|name| covers(name, tool.name()));
        let mut agents = self.profile.iter().chain(&self.above);
        agents.all(|agent| agent.tools.as_deref().is_none_or(named) && !named(&agent.without))
    }

    /// Of these tools, those that the agent has.
    pub(super) fn tools(&self, all: &Registry) -> Registry {
        all.only(|tool| self.has(tool))
    }
}

/// The mode in force where the agent has one of its own. It is part of what the agent is, and binds it: one that
/// only looks does not begin to write because the session before it was allowed to. A session's usual mode is no
/// choice, and makes way for it; of any other the stricter one of both counts, as for a sub-agent.
pub(super) fn mode_in_force(session: Mode, own: Option<Mode>) -> Mode {
    match own {
        None => session,
        Some(own) if session == Mode::Default => own,
        Some(own) => session.stricter(own),
    }
}

/// A name as agents are given tools by: a `*` at its end stands for any rest.
fn covers(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(beginning) => name.starts_with(beginning),
        None => pattern == name,
    }
}

impl BuiltinSession {
    /// Takes the part of the agent that the settings name, if it is not played already.
    pub(super) fn take_role(&mut self, settings: &Settings) {
        let chosen = choice::agent(&self.parts, &self.project, settings);
        let known = self.role.as_ref().is_some_and(|role| {
            role.profile.as_ref().map(|known| &known.name) == chosen.as_ref().map(|agent| &agent.name)
        });
        if known {
            return;
        }
        let mut rules = self.rules.clone();
        rules.extend(chosen.iter().flat_map(|agent| agent.rules.iter().cloned()));
        let above = choice::above(&self.parts, &self.project, settings);
        let limits = above.iter().flat_map(|agent| &agent.rules);
        rules.extend(limits.filter(|rule| rule.decision() != Decision::Allow).cloned());
        self.policy = self.policy.clone().with_rules(rules);
        let system = prompt::system(
            &self.parts,
            &self.project,
            &self.aside.skills,
            &self.seed.workspace,
            chosen.as_ref(),
        );
        self.role = Some(Role { profile: chosen, above, system: system.into() });
    }
}
