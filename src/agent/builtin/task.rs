//! `task`: hands a piece of work to a sub-agent, which does one turn in a session of its own.

use std::fmt::Write as _;
use std::sync::Arc;

use futures_util::future::{BoxFuture, join};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::{Semaphore, mpsc};

use super::role::mode_in_force;
use super::{BuiltinSession, choice};
use crate::acp::{SessionId, StopReason, ToolKind};
use crate::agent::{Child, ChildReport, Children, Hands, Settings, Turn};
use crate::config::{AgentProfile, AgentUse};
use crate::event::TurnStop;
use crate::permission::{Action, Mode, escape_for_display};
use crate::tool::{Prepared, Tool, ToolContext, ToolOutput};
use crate::workspace::Live;

/// The tool's name.
pub(super) const NAME: &str = "task";

/// How deep sub-agents may go beneath the session of a person.
const DEEPEST: u32 = 3;
/// Sub-agents of one turn that work at once; more wait.
const AT_ONCE: usize = 8;
/// Lines about a sub-agent's work that may wait to be shown.
const LINES: usize = 64;
/// Characters of a description.
const DESCRIPTION: usize = 200;

/// Who does the work unless it is said.
const GENERAL: &str = "general";

const EXAMPLE: &str =
    r#"{"description": "Find the parser", "prompt": "Find where commands are parsed. Answer with paths."}"#;

/// The tool for a turn; `None` for a sub-agent that may have none of its own.
pub(super) fn tool(session: &BuiltinSession, turn: &Turn, hands: &Hands) -> Option<Arc<dyn Tool>> {
    let seed = &session.seed;
    if seed.depth >= DEEPEST {
        return None;
    }
    let agents = subagents(choice::agents(&session.parts, &session.project));
    if agents.is_empty() {
        return None;
    }
    Some(Arc::new(Task {
        description: describe(&agents),
        agents,
        children: Arc::clone(&seed.children),
        parent: seed.session.clone(),
        depth: seed.depth + 1,
        own_mode: session.own_mode(),
        turn: turn.clone(),
        hands: hands.clone(),
        room: Arc::new(Semaphore::new(AT_ONCE)),
    }))
}

/// An agent that can be given work.
#[derive(Debug, Clone)]
pub(super) struct Subagent {
    pub(super) name: String,
    pub(super) about: String,
    pub(super) mode: Option<Mode>,
    /// Whether it answers with a model of its own.
    pub(super) has_model: bool,
}

/// Those that a model may call.
pub(super) fn subagents(agents: Vec<AgentProfile>) -> Vec<Subagent> {
    let callable = agents.into_iter().filter(|agent| agent.use_as != AgentUse::Primary);
    let subagent = |agent: AgentProfile| Subagent {
        name: agent.name,
        about: agent.description,
        mode: agent.mode,
        has_model: agent.model.is_some(),
    };
    callable.map(subagent).collect()
}

fn describe(agents: &[Subagent]) -> String {
    let mut text = String::from(
        "Gives a piece of work to a sub-agent, which works on its own and answers once. It knows nothing of this \
         conversation: say in the prompt all that it needs, and what to answer with. Good for searches and for work \
         that stands alone; several calls at once work side by side. The sub-agents:",
    );
    for agent in agents {
        let _infallible = write!(text, "\n- {}: {}", agent.name, agent.about);
    }
    text
}

/// The tool, for the length of one turn.
#[derive(Debug)]
struct Task {
    description: String,
    agents: Vec<Subagent>,
    children: Arc<dyn Children>,
    parent: SessionId,
    depth: u32,
    /// The mode of the agent that calls.
    own_mode: Option<Mode>,
    turn: Turn,
    hands: Hands,
    room: Arc<Semaphore>,
}

#[derive(Debug, Deserialize)]
struct Input {
    #[serde(default)]
    description: String,
    prompt: String,
    #[serde(default, alias = "subagent_type", alias = "name")]
    agent: Option<String>,
}

impl Tool for Task {
    fn name(&self) -> &'static str {
        NAME
    }

    fn description(&self) -> &str {
        &self.description
    }

    fn input(&self) -> Value {
        let names: Vec<_> = self.agents.iter().map(|agent| agent.name.as_str()).collect();
        json!({
            "type": "object",
            "properties": {
                "description": {"type": "string", "description": "The work in three to seven words, for people"},
                "prompt": {"type": "string", "description": "All that the sub-agent is told"},
                "agent": {"enum": names, "description": format!("Who does it; {GENERAL} unless it is said")},
            },
            "required": ["description", "prompt"],
            "additionalProperties": false,
        })
    }

    fn kind(&self) -> ToolKind {
        ToolKind::Other
    }

    fn parallel(&self) -> bool {
        true
    }

    fn prepare(&self, input: Value, context: ToolContext) -> BoxFuture<'_, Result<Prepared, ToolOutput>> {
        Box::pin(async move { self.prepared(input, context).map_err(ToolOutput::failed) })
    }
}

impl Task {
    /// Those of the session that calls, with the mode that is in force there.
    fn settings(&self) -> Settings {
        let mut settings = self.turn.settings();
        settings.mode = mode_in_force(settings.mode, self.own_mode);
        settings
    }

    fn prepared(&self, input: Value, context: ToolContext) -> Result<Prepared, String> {
        let input: Input =
            serde_json::from_value(input).map_err(|e| format!("{e}; for example: {EXAMPLE}"))?;
        let name = input.agent.as_deref().unwrap_or(GENERAL);
        let agent = self.agents.iter().find(|agent| agent.name == name).ok_or_else(|| {
            let known: Vec<_> = self.agents.iter().map(|agent| agent.name.as_str()).collect();
            format!("There is no sub-agent named {name:?}. The sub-agents are: {}.", known.join(", "))
        })?;
        if input.prompt.trim().is_empty() {
            return Err(format!("`prompt` is empty; for example: {EXAMPLE}"));
        }
        let name = escape_for_display(&agent.name);
        let title = format!("{name}: {}", about_work(&input.description, &input.prompt));
        let child = Errand {
            children: Arc::clone(&self.children),
            room: Arc::clone(&self.room),
            context: context.clone(),
            agent: agent.name.clone(),
        };
        let (progress, lines) = mpsc::channel(LINES);
        let work = Child {
            parent: self.parent.clone(),
            depth: self.depth,
            title: title.clone(),
            agent: name,
            prompt: vec![input.prompt.clone().into()],
            settings: settings(self.settings(), agent),
            own_mode: [self.own_mode, agent.mode].into_iter().flatten().reduce(Mode::stricter),
            hands: self.hands.clone(),
            turn: self.turn.until(context.cancel),
            progress,
        };
        Ok(Prepared {
            title,
            action: Action::Note,
            locations: Vec::new(),
            preview: vec![input.prompt.into()],
            work: Box::new(move || Box::pin(child.run(work, lines))),
        })
    }
}

/// One line for people about the work.
pub(super) fn about_work(description: &str, prompt: &str) -> String {
    let given = if description.trim().is_empty() { prompt } else { description };
    let line = given.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    escape_for_display(&line.chars().take(DESCRIPTION).collect::<String>())
}

/// What a sub-agent begins with: as the session it works for, with its own model if it has one, and never with more
/// rights.
pub(super) fn settings(mut settings: Settings, agent: &Subagent) -> Settings {
    if agent.has_model {
        settings.options.retain(|(option, _)| ![choice::MODEL, choice::EFFORT].contains(&option.as_str()));
    }
    choice::hand_over(&mut settings, &agent.name);
    if let Some(mode) = agent.mode {
        settings.mode = settings.mode.stricter(mode);
    }
    settings
}

/// A piece of work on its way to a sub-agent.
struct Errand {
    children: Arc<dyn Children>,
    room: Arc<Semaphore>,
    context: ToolContext,
    agent: String,
}

impl Errand {
    async fn run(self, work: Child, mut lines: mpsc::Receiver<String>) -> ToolOutput {
        let Self { children, room, context, agent } = self;
        let waiting = context.cancel.run_until_cancelled(room.acquire_owned()).await;
        let Some(Ok(_place)) = waiting else {
            return ToolOutput::failed("Cancelled before the sub-agent began.");
        };
        let shown = async {
            while let Some(line) = lines.recv().await {
                // Full means skip: it is for display only.
                let _skipped =
                    context.progress.try_send(Live::Output(format!("{line}\n").into_bytes().into()));
            }
        };
        let (report, ()) = join(children.run(work), shown).await;
        match report {
            Ok(report) => {
                let output = told(&agent, report);
                ToolOutput { text: context.fit(output.text).await, ..output }
            }
            Err(why) => ToolOutput::failed(format!("The sub-agent {agent} could not begin: {why}.")),
        }
    }
}

/// What a sub-agent has used, by what its call put out: tokens, and US dollars.
pub(super) fn used(output: &ToolOutput) -> Option<(u64, f64)> {
    let raw = output.raw.as_ref()?;
    Some((raw.get("spent")?.as_u64()?, raw.get("cost")?.as_f64()?))
}

/// What came of the work, as the model reads it where it is not too long.
pub(super) fn told(agent: &str, report: ChildReport) -> ToolOutput {
    let raw = json!({ "session": report.session, "cost": report.cost, "spent": report.spent });
    let (end, failed) = match report.stop {
        TurnStop::Finished { reason: StopReason::EndTurn } => (None, false),
        TurnStop::Finished { reason: StopReason::Cancelled } => (Some("was cancelled".to_owned()), true),
        TurnStop::Finished { reason: StopReason::Refusal } => (Some("refused".to_owned()), true),
        TurnStop::Finished { .. } => (Some("stopped early: it used up what a turn may".to_owned()), false),
        TurnStop::Failed { message } => (Some(format!("failed: {message}")), true),
        TurnStop::Interrupted => (Some("was interrupted".to_owned()), true),
    };
    let text = match (end, report.text.trim()) {
        (None, "") => format!("(The sub-agent {agent} said nothing.)"),
        (None, text) => text.to_owned(),
        (Some(end), "") => format!("The sub-agent {agent} {end}."),
        (Some(end), text) => format!("The sub-agent {agent} {end}. It had said:\n\n{text}"),
    };
    ToolOutput { failed, ..ToolOutput::done(text) }.raw(raw)
}
