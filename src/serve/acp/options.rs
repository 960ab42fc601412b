//! A session's modes and options as clients choose from them. Both forms are published and kept in step:
//! some clients draw only modes, some only options.

use std::path::Path;

use crate::acp::{
    SessionConfigOption, SessionConfigOptionCategory, SessionConfigSelectOption, SessionMode,
    SessionModeState,
};
use crate::agent::{OptionKind, SessionOption, Settings};
use crate::permission::Mode;
use crate::session::Sessions;

/// Option ids.
pub(super) const MODE: &str = "mode";
pub(super) const MODEL: &str = "model";

pub(super) fn modes(settings: &Settings) -> SessionModeState {
    let all = Mode::ALL
        .iter()
        .map(|mode| SessionMode::new(mode.id(), mode.name()).description(mode.description().to_owned()));
    SessionModeState::new(settings.mode.id(), all.collect())
}

pub(super) fn options(cwd: &Path, settings: &Settings, sessions: &Sessions) -> Vec<SessionConfigOption> {
    let values: Vec<_> = Mode::ALL
        .iter()
        .map(|mode| {
            SessionConfigSelectOption::new(mode.id(), mode.name()).description(mode.description().to_owned())
        })
        .collect();
    let mode = SessionConfigOption::select(MODE, "Mode", settings.mode.id(), values)
        .description("What may be done without asking".to_owned())
        .category(SessionConfigOptionCategory::Mode);
    let chosen = sessions.backend().options(cwd, settings).into_iter().map(option);
    std::iter::once(mode).chain(chosen).collect()
}

fn option(option: SessionOption) -> SessionConfigOption {
    let category = match option.kind {
        OptionKind::Model => Some(SessionConfigOptionCategory::Model),
        OptionKind::ThoughtLevel => Some(SessionConfigOptionCategory::ThoughtLevel),
        OptionKind::Agent | OptionKind::Switch => None,
    };
    let values: Vec<_> = option
        .values
        .into_iter()
        .map(|value| SessionConfigSelectOption::new(value.id, value.name).description(value.description))
        .collect();
    SessionConfigOption::select(option.id, option.name, option.current, values)
        .description(option.description.to_owned())
        .category(category)
}
