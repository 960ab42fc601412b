//! A session's modes and options as clients choose from them. Both forms are published and kept in step:
//! some clients draw only modes, some only options.

use std::path::Path;

use crate::acp::{
    SessionConfigOption, SessionConfigOptionCategory, SessionConfigSelectGroup, SessionConfigSelectOption,
    SessionConfigSelectOptions, SessionMode, SessionModeState,
};
use crate::agent::{OptionKind, OptionValue, SessionOption, Settings};
use crate::permission::Mode;
use crate::session::Sessions;

/// Option ids.
pub(super) const MODE: &str = "mode";
pub(super) const MODEL: &str = "model";

/// The value of an option that is on.
const ON: &str = "true";
/// The group of values that are in none, where others are.
const BUILT_IN: &str = "built-in";

pub(super) fn modes(settings: &Settings) -> SessionModeState {
    let all = Mode::ALL
        .iter()
        .map(|mode| SessionMode::new(mode.id(), mode.name()).description(mode.description().to_owned()));
    SessionModeState::new(settings.mode.id(), all.collect())
}

/// All options of a session with these settings. `switches`: the client draws what is on or off.
pub(super) fn options(
    cwd: &Path,
    settings: &Settings,
    sessions: &Sessions,
    switches: bool,
) -> Vec<SessionConfigOption> {
    let values: Vec<_> = Mode::ALL
        .iter()
        .map(|mode| {
            SessionConfigSelectOption::new(mode.id(), mode.name()).description(mode.description().to_owned())
        })
        .collect();
    let mode = SessionConfigOption::select(MODE, "Mode", settings.mode.id(), values)
        .description("What may be done without asking".to_owned())
        .category(SessionConfigOptionCategory::Mode);
    let chosen = sessions.backend().options(cwd, settings).into_iter().map(|it| option(it, switches));
    std::iter::once(mode).chain(chosen).collect()
}

pub(super) fn option(option: SessionOption, switches: bool) -> SessionConfigOption {
    let SessionOption { id, name, description, kind, current, values } = option;
    let category = match kind {
        OptionKind::Model => Some(SessionConfigOptionCategory::Model),
        OptionKind::ThoughtLevel => Some(SessionConfigOptionCategory::ThoughtLevel),
        OptionKind::Agent | OptionKind::Switch => None,
    };
    let drawn = if kind == OptionKind::Switch && switches {
        SessionConfigOption::boolean(id, name, current == ON)
    } else {
        SessionConfigOption::select(id, name, current, grouped(values))
    };
    drawn.description(description.to_owned()).category(category)
}

/// Values in groups, in the order of each group's first, where there is more than one group.
fn grouped(values: Vec<OptionValue>) -> SessionConfigSelectOptions {
    let mut groups: Vec<(String, Vec<SessionConfigSelectOption>)> = Vec::new();
    for OptionValue { id, name, description, group } in values {
        let description = Some(description).filter(|text| !text.is_empty());
        let value = SessionConfigSelectOption::new(id, name).description(description);
        match groups.iter_mut().find(|(known, _)| *known == group) {
            Some((_, values)) => values.push(value),
            None => groups.push((group, vec![value])),
        }
    }
    if groups.len() <= 1 {
        return groups.into_iter().flat_map(|(_, values)| values).collect::<Vec<_>>().into();
    }
    let named = |(group, values): (String, Vec<_>)| {
        let group = if group.is_empty() { BUILT_IN.to_owned() } else { group };
        SessionConfigSelectGroup::new(group.clone(), group, values)
    };
    groups.into_iter().map(named).collect::<Vec<_>>().into()
}
