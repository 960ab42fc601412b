//! A session's modes and options as clients choose from them. Both forms are published and kept in step:
//! some clients draw only modes, some only options.

use crate::acp::{
    SessionConfigOption, SessionConfigOptionCategory, SessionConfigSelectOption, SessionMode,
    SessionModeState,
};
use crate::agent::Settings;
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

pub(super) fn options(settings: &Settings, sessions: &Sessions) -> Vec<SessionConfigOption> {
    let values: Vec<_> = Mode::ALL
        .iter()
        .map(|mode| {
            SessionConfigSelectOption::new(mode.id(), mode.name()).description(mode.description().to_owned())
        })
        .collect();
    let mode = SessionConfigOption::select(MODE, "Mode", settings.mode.id(), values)
        .description("What may be done without asking".to_owned())
        .category(SessionConfigOptionCategory::Mode);
    let known = sessions.backend().models();
    let chosen = settings.options.iter().find(|(id, _)| id == MODEL).map(|(_, value)| value.as_str());
    let current = known.iter().map(|(id, ..)| id.as_str()).find(|id| chosen == Some(*id));
    let Some(current) = current.or_else(|| known.first().map(|(id, ..)| id.as_str())).map(ToOwned::to_owned)
    else {
        return vec![mode];
    };
    let values: Vec<_> = known
        .into_iter()
        .map(|(id, name, description)| SessionConfigSelectOption::new(id, name).description(description))
        .collect();
    let answerer = SessionConfigOption::select(MODEL, "Model", current, values)
        .description("Who answers".to_owned())
        .category(SessionConfigOptionCategory::Model);
    vec![mode, answerer]
}
