//! Changes of settings that this client asked for: it knows of them already, and is told only the rest.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::acp::SessionId;
use crate::event::Seq;
use crate::session::SessionHandle;

/// How the client asked for a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    /// By `session/set_mode`: it knows the mode, not the options.
    Mode,
    /// By `session/set_config_option`, whose reply holds all options: it does not know the mode.
    Option,
}

/// A value of an option of a session.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Setting {
    pub(super) session: SessionId,
    pub(super) option: String,
    pub(super) value: String,
}

/// The changes that may still come by: how each was asked for, and the last event that can be it.
#[derive(Debug, Default)]
pub(super) struct OwnChanges(Mutex<HashMap<Setting, (Asked, Seq)>>);

/// A change being asked for. When it is let go of, the change is in the journal, or it will not come.
#[derive(Debug)]
pub(super) struct Asking<'a> {
    changes: &'a OwnChanges,
    session: &'a SessionHandle,
    setting: Setting,
}

impl OwnChanges {
    /// Remembers a change; to be called before the session is told.
    pub(super) fn begin<'a>(
        &'a self,
        session: &'a SessionHandle,
        option: &str,
        value: &str,
        asked: Asked,
    ) -> Asking<'a> {
        let (option, value) = (option.to_owned(), value.to_owned());
        let setting = Setting { session: session.id().clone(), option, value };
        self.note(setting.clone(), asked, Seq::MAX);
        Asking { changes: self, session, setting }
    }

    /// The change is one of the events up to `until`, if it comes at all.
    pub(super) fn note(&self, setting: Setting, asked: Asked, until: Seq) {
        self.known().insert(setting, (asked, until));
    }

    /// How the client asked for the change that is event `seq`, if it did.
    pub(super) fn asked(&self, setting: &Setting, seq: Seq) -> Option<Asked> {
        let mut known = self.known();
        known.retain(|other, (_, until)| other.session != setting.session || seq <= *until);
        known.get(setting).map(|(asked, _)| *asked)
    }

    /// The session is not watched any more.
    pub(super) fn forget(&self, session: &SessionId) {
        self.known().retain(|known, _| known.session != *session);
    }

    fn known(&self) -> MutexGuard<'_, HashMap<Setting, (Asked, Seq)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Asking<'_> {
    fn drop(&mut self) {
        if let Some((_, until)) = self.changes.known().get_mut(&self.setting) {
            *until = self.session.head();
        }
    }
}
