//! What can be chosen in a session, and its commands, in the words of version 2.

use super::super::opening::Opening;
use super::alike::{alike, all_alike};
use crate::acp::{
    AvailableCommand, AvailableCommandInput, SessionConfigKind, SessionConfigOption,
    SessionConfigSelectOptions, v2,
};
use crate::session::SessionHandle;

/// All options of a session and its commands: part of every reply that opens one.
pub(super) fn choices(
    opening: &Opening,
    session: &SessionHandle,
) -> (Vec<v2::SessionConfigOption>, Vec<v2::AvailableCommand>) {
    let (_, options) = opening.choices(session);
    let commands = opening.sessions().backend().commands(session.cwd(), &session.settings());
    (all_options(options), all_commands(commands))
}

pub(super) fn all_options(options: Vec<SessionConfigOption>) -> Vec<v2::SessionConfigOption> {
    options.into_iter().filter_map(option).collect()
}

fn option(option: SessionConfigOption) -> Option<v2::SessionConfigOption> {
    let SessionConfigOption { id, name, description, category, kind, .. } = option;
    let kind = match kind {
        SessionConfigKind::Select(select) => {
            let values = values(select.options)?;
            v2::SessionConfigKind::Select(v2::SessionConfigSelect::new(select.current_value.0, values))
        }
        SessionConfigKind::Boolean(boolean) => {
            v2::SessionConfigKind::Boolean(v2::SessionConfigBoolean::new(boolean.current_value))
        }
        _ => return None,
    };
    let category = category.as_ref().and_then(alike::<_, v2::SessionConfigOptionCategory>);
    Some(v2::SessionConfigOption::new(id.0, name, kind).description(description).category(category))
}

fn values(options: SessionConfigSelectOptions) -> Option<v2::SessionConfigSelectOptions> {
    match options {
        SessionConfigSelectOptions::Ungrouped(values) => {
            Some(v2::SessionConfigSelectOptions::Ungrouped(all_alike(&values)))
        }
        SessionConfigSelectOptions::Grouped(groups) => {
            let groups = groups.into_iter().map(|group| {
                v2::SessionConfigSelectGroup::new(group.group.0, group.name, all_alike(&group.options))
            });
            Some(v2::SessionConfigSelectOptions::Grouped(groups.collect()))
        }
        _ => None,
    }
}

pub(super) fn all_commands(commands: Vec<AvailableCommand>) -> Vec<v2::AvailableCommand> {
    commands.into_iter().map(command).collect()
}

fn command(command: AvailableCommand) -> v2::AvailableCommand {
    let input = command.input.and_then(|input| match input {
        AvailableCommandInput::Unstructured(it) => {
            Some(v2::AvailableCommandInput::Text(v2::TextCommandInput::new(it.hint)))
        }
        _ => None,
    });
    v2::AvailableCommand::Command(v2::Command::new(command.name, command.description).input(input))
}
