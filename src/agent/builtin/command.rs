//! Slash commands: those of the agent itself, and templates that a person or a project keeps in files.

use super::{BuiltinSession, Parts, choice, undo};
use crate::acp::{AvailableCommand, AvailableCommandInput, ContentBlock, UnstructuredCommandInput};
use crate::agent::{Settings, Turn};
use crate::config::{CommandTemplate, Project};

/// Bytes of a template with its arguments.
const EXPANDED: usize = 256 * 1024;

/// What a prompt asks for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Request {
    /// The model is to answer.
    Model,
    /// Make the conversation shorter, with this in mind.
    Compact { focus: String },
    /// Take file changes back.
    Undo(undo::Command),
    /// Nothing more: this is the answer.
    Answered { text: String },
}

impl BuiltinSession {
    /// Who answers this one turn, where the prompt is a command that says so.
    pub(super) fn cast(&self, turn: &mut Turn, content: &[ContentBlock]) -> Result<(), String> {
        if self.is_typed_to() {
            let choices = choices(content, &self.parts, &self.project, &turn.settings())?;
            *turn = turn.choosing(choices);
        }
        Ok(())
    }

    /// What a prompt asks for, where it is a command of the agent or of a file, and what that stands for.
    pub(super) fn consult(&self, content: &[ContentBlock]) -> (Request, Vec<ContentBlock>) {
        if self.is_typed_to() { read(content, &self.templates()) } else { (Request::Model, Vec::new()) }
    }
}

/// Whether a prompt is nothing but words for the model: no command, and nothing that is read for it.
pub(super) fn is_plain(content: &[ContentBlock]) -> bool {
    let plain = |text: &str| !text.trim_start().starts_with('/') && !text.contains('@');
    content.iter().all(|block| matches!(block, ContentBlock::Text(it) if plain(&it.text)))
}

/// The agent's own commands: name, description, what to type behind it.
const OWN: [(&str, &str, Option<&str>); 3] = [
    (
        COMPACT,
        "Put a summary in the place of the older part of the conversation",
        Some("what to keep above all"),
    ),
    (
        "undo",
        "Take the file changes of the last turn back",
        Some("all, or the number of a turn; empty: the last turn"),
    ),
    ("redo", "Make the file changes again that were taken back last", None),
];

/// The one that needs a language model.
const COMPACT: &str = "compact";

/// Every command of a session with these settings. The agent's own stand before those of files, which stand before
/// those the model understands by itself.
pub(super) fn available(parts: &Parts, project: &Project, settings: &Settings) -> Vec<AvailableCommand> {
    let command = |name: &str, description: &str, hint: Option<&str>| {
        let input = hint.map(|hint| AvailableCommandInput::Unstructured(UnstructuredCommandInput::new(hint)));
        AvailableCommand::new(name, description).input(input)
    };
    let offline = is_offline(parts, project, settings);
    let mut commands = if offline { parts.commands.clone() } else { Vec::new() };
    let own = OWN.iter().filter(|(name, ..)| !offline || *name != COMPACT);
    commands.extend(own.map(|(name, description, hint)| command(name, description, *hint)));
    for it in templates(parts, project) {
        if commands.iter().all(|known| known.name != it.name) {
            commands.push(command(&it.name, &it.description, it.hint.as_deref()));
        }
    }
    commands
}

fn is_offline(parts: &Parts, project: &Project, settings: &Settings) -> bool {
    choice::answerer(parts, project, None, settings).is_ok_and(|answerer| answerer.model.context == 0)
}

/// The templates; the person's own stand for those of the project of the same name.
pub(super) fn templates<'a>(parts: &'a Parts, project: &'a Project) -> Vec<&'a CommandTemplate> {
    let mut templates: Vec<&CommandTemplate> = Vec::new();
    for template in parts.config.commands.iter().chain(&project.commands) {
        if templates.iter().all(|known| known.name != template.name) {
            templates.push(template);
        }
    }
    templates
}

/// Reads a prompt: what it asks for, and what a template makes of it for the model.
pub(super) fn read(content: &[ContentBlock], templates: &[&CommandTemplate]) -> (Request, Vec<ContentBlock>) {
    let Some((name, arguments)) = parse(content) else { return (Request::Model, Vec::new()) };
    if name == COMPACT {
        return (Request::Compact { focus: arguments.to_owned() }, Vec::new());
    }
    if let Some(command) = undo::Command::read(name, arguments) {
        return (Request::Undo(command), Vec::new());
    }
    let Some(template) = template(content, templates) else { return (Request::Model, Vec::new()) };
    let text = fill(&template.template, arguments);
    let text = format!("(The command /{name} stands for this request:)\n\n{text}");
    (Request::Model, vec![text.into()])
}

/// The template that a prompt names.
fn template<'a>(content: &[ContentBlock], templates: &[&'a CommandTemplate]) -> Option<&'a CommandTemplate> {
    let (name, _) = parse(content)?;
    let own = OWN.iter().any(|(own, ..)| *own == name);
    templates.iter().copied().find(|template| !own && template.name == name)
}

/// The agent and the model that the command of a prompt names, as choices of its turn. `Err` says which of them there
/// is not.
pub(super) fn choices(
    content: &[ContentBlock],
    parts: &Parts,
    project: &Project,
    settings: &Settings,
) -> Result<Vec<(&'static str, String)>, String> {
    let Some(template) = template(content, &templates(parts, project)) else { return Ok(Vec::new()) };
    let (mut settings, mut choices) = (settings.clone(), Vec::new());
    for (option, value) in [(choice::AGENT, &template.agent), (choice::MODEL, &template.model)] {
        if let Some(value) = value {
            settings.choose(option, value);
            choices.push((option, value.clone()));
        }
    }
    let cannot = |what: String| format!("The command /{} was not run: {what}.", template.name);
    let agent = choice::agent(parts, project, &settings);
    if let Some(name) = &template.agent
        && agent.is_none()
        && name != choice::BUILD
    {
        let known = choice::agents(parts, project);
        let known = known.iter().map(|agent| agent.name.as_str());
        let known: Vec<_> = std::iter::once(choice::BUILD).chain(known).collect();
        return Err(cannot(format!("there is no agent {name:?}; the agents are {}", known.join(", "))));
    }
    if template.model.is_some() {
        choice::answerer(parts, project, agent.as_ref(), &settings).map_err(|e| cannot(e.to_string()))?;
    }
    Ok(choices)
}

/// The name of the command that a prompt begins with, and what was typed behind it.
pub(super) fn parse(content: &[ContentBlock]) -> Option<(&str, &str)> {
    let Some(ContentBlock::Text(text)) = content.first() else { return None };
    let rest = text.text.trim().strip_prefix('/')?;
    let (name, arguments) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    (!name.is_empty() && !name.contains('/')).then_some((name, arguments.trim()))
}

/// Puts the arguments into a template: `$ARGUMENTS` for all of them, `$1` … `$9` for the words. A template that names
/// none of these is followed by them.
pub(super) fn fill(template: &str, arguments: &str) -> String {
    let words: Vec<&str> = arguments.split_whitespace().collect();
    let (mut text, mut rest, mut used) = (String::with_capacity(template.len()), template, false);
    while let Some(at) = rest.find('$') {
        text.push_str(&rest[..at]);
        rest = &rest[at..];
        let digit = rest[1..].chars().next().and_then(|char| char.to_digit(10)).filter(|digit| *digit > 0);
        if let Some(behind) = rest.strip_prefix("$ARGUMENTS") {
            text.push_str(arguments);
            rest = behind;
            used = true;
        } else if let Some(digit) = digit {
            text.push_str(words.get(digit as usize - 1).copied().unwrap_or_default());
            rest = &rest[2..];
            used = true;
        } else {
            text.push('$');
            rest = &rest[1..];
        }
        if text.len() > EXPANDED {
            break;
        }
    }
    text.push_str(rest);
    if !used && !arguments.is_empty() {
        text.push_str("\n\n");
        text.push_str(arguments);
    }
    text.truncate(text.floor_char_boundary(EXPANDED));
    text
}
