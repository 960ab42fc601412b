//! What a session can choose, and what its choice comes to: model, thought level, agent.

use super::{Parts, role};
use crate::agent::{OptionKind, OptionValue, SessionOption, Settings};
use crate::config::{AgentProfile, AgentUse, Project};
use crate::provider::{Answerer, Effort, ModelInfo, ProviderError};

/// Ids of the options.
pub(super) const MODEL: &str = "model";
pub(super) const EFFORT: &str = "thought_level";
pub(super) const AGENT: &str = "agent";

/// The agents that gave a session its work, those nearest last, a line each. It is no option that anybody is offered:
/// a session is given it when it begins.
const ABOVE: &str = "above";

/// The usual agent.
pub(super) const BUILD: &str = "build";

/// Who answers in a session: its own choice, else the agent's, else the project's, else the default; where a key is
/// missing, what was set to fall back on.
pub(super) fn answerer(
    parts: &Parts,
    project: &Project,
    agent: Option<&AgentProfile>,
    settings: &Settings,
) -> Result<Answerer, ProviderError> {
    let agent = agent.and_then(|agent| agent.model.as_deref());
    let chosen = settings.option(MODEL).or(agent).or(project.model.as_deref());
    match (parts.models.open(chosen), &parts.config.fallback) {
        (Err(ProviderError::Unauthorized(_)), Some(fallback)) => parts.models.open(Some(fallback)),
        (opened, _) => opened,
    }
}

/// How hard a model is to think, if it can be told.
pub(super) fn effort(model: &ModelInfo, settings: &Settings) -> Option<Effort> {
    let chosen = settings.option(EFFORT).and_then(Effort::from_id);
    chosen.filter(|effort| model.efforts.contains(effort))
}

/// The agent of a session, if it is not the usual one.
pub(super) fn agent(parts: &Parts, project: &Project, settings: &Settings) -> Option<AgentProfile> {
    let chosen = settings.option(AGENT).unwrap_or(BUILD);
    agents(parts, project).into_iter().find(|agent| agent.name == chosen)
}

/// The agents above that of a session: it may do nothing that one of them may not.
pub(super) fn above(parts: &Parts, project: &Project, settings: &Settings) -> Vec<AgentProfile> {
    let mut agents = agents(parts, project);
    let names: Vec<_> = settings.option(ABOVE).unwrap_or_default().lines().collect();
    agents.retain(|agent| names.contains(&agent.name.as_str()));
    agents
}

/// Hands the part of the agent over to another one, which stands beneath it.
pub(super) fn hand_over(settings: &mut Settings, agent: &str) {
    let chosen = settings.option(AGENT).unwrap_or(BUILD);
    let above = settings.option(ABOVE).unwrap_or_default();
    let above = if above.is_empty() { chosen.to_owned() } else { format!("{above}\n{chosen}") };
    settings.choose(ABOVE, &above);
    settings.choose(AGENT, agent);
}

/// All agents but the usual one. The person's own and those there always are stand before those of the project, so that
/// a project cannot put its own in their place.
pub(super) fn agents(parts: &Parts, project: &Project) -> Vec<AgentProfile> {
    let mut agents: Vec<AgentProfile> = Vec::new();
    for agent in
        parts.config.agents.iter().cloned().chain(role::standard()).chain(project.agents.iter().cloned())
    {
        if agents.iter().all(|known| known.name != agent.name) {
            agents.push(agent);
        }
    }
    agents
}

pub(super) fn options(parts: &Parts, project: &Project, settings: &Settings) -> Vec<SessionOption> {
    let agent = agent(parts, project, settings);
    let answerer = answerer(parts, project, agent.as_ref(), settings);
    let mut options: Vec<_> = model(parts, answerer.as_ref().ok()).into_iter().collect();
    options.extend(answerer.ok().and_then(|answerer| thought_level(&answerer.model, settings)));
    options.push(which_agent(parts, project, settings));
    options
}

fn model(parts: &Parts, answerer: Option<&Answerer>) -> Option<SessionOption> {
    let value = |model: &ModelInfo| OptionValue {
        id: model.id.clone(),
        name: model.name.clone(),
        description: model.description.clone(),
        group: model.id.split_once('/').map_or_else(String::new, |(provider, _)| provider.to_owned()),
    };
    let usable = parts.models.usable();
    let mut values: Vec<_> = usable.iter().map(|model| value(model)).collect();
    let current = match answerer {
        Some(answerer) => value(&answerer.model),
        None => values.first()?.clone(),
    };
    if !values.iter().any(|known| known.id == current.id) {
        values.insert(0, current.clone());
    }
    let (id, name, description) = (MODEL, "Model", "Who answers");
    Some(SessionOption { id, name, description, kind: OptionKind::Model, current: current.id, values })
}

fn thought_level(model: &ModelInfo, settings: &Settings) -> Option<SessionOption> {
    let usual = OptionValue {
        id: "default".to_owned(),
        name: "Default".to_owned(),
        description: "As the model does by itself".to_owned(),
        group: String::new(),
    };
    let value = |effort: &Effort| OptionValue {
        id: effort.id().to_owned(),
        name: effort.name().to_owned(),
        description: String::new(),
        group: String::new(),
    };
    let values: Vec<_> = std::iter::once(usual).chain(model.efforts.iter().map(value)).collect();
    let current = effort(model, settings).map_or("default", Effort::id).to_owned();
    let (id, name, description) = (EFFORT, "Thinking", "How hard the model thinks before it speaks");
    let option = SessionOption { id, name, description, kind: OptionKind::ThoughtLevel, current, values };
    (!model.efforts.is_empty()).then_some(option)
}

fn which_agent(parts: &Parts, project: &Project, settings: &Settings) -> SessionOption {
    let usual = OptionValue {
        id: BUILD.to_owned(),
        name: "Build".to_owned(),
        description: "Does the work".to_owned(),
        group: String::new(),
    };
    let value = |agent: &AgentProfile| OptionValue {
        id: agent.name.clone(),
        name: agent.name.clone(),
        description: agent.description.clone(),
        group: String::new(),
    };
    let mut values = vec![usual];
    let agents = agents(parts, project);
    values.extend(
        agents.iter().filter(|agent| agent.use_as != AgentUse::Sub && agent.name != BUILD).map(value),
    );
    let current = agent(parts, project, settings).map_or_else(|| BUILD.to_owned(), |agent| agent.name);
    let (id, name, description) = (AGENT, "Agent", "Whose instructions and tools are used");
    SessionOption { id, name, description, kind: OptionKind::Agent, current, values }
}
