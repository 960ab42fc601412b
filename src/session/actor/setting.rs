//! Mode and options: durable first, then in force, then shown.

use super::Actor;
use crate::agent::Settings;
use crate::event::EventKind;
use crate::permission::Mode;
use crate::session::SessionError;
use crate::store::{RecordChange, StoreError};

impl Actor {
    pub(super) async fn set_mode(&mut self, mode: Mode) -> Result<(), SessionError> {
        if self.start.settings.borrow().mode == mode {
            return Ok(());
        }
        let id = mode.id().to_owned();
        let change = RecordChange { mode: Some(id.clone()), ..RecordChange::default() };
        // In force before it is shown, so that whoever sees the change reads the new setting.
        let before = self.start.settings.send_replace(Settings { mode, ..self.settings() });
        let written = self.start.writer.commit(vec![EventKind::ModeChanged { mode: id }], change).await;
        self.keep_or_restore(written, before)
    }

    pub(super) async fn set_option(&mut self, option: String, value: String) -> Result<(), SessionError> {
        let change =
            RecordChange { option: Some((option.clone(), value.clone())), ..RecordChange::default() };
        let kind = EventKind::OptionChanged { option: option.clone(), value: value.clone() };
        let mut settings = self.settings();
        settings.options.retain(|(known, _)| *known != option);
        settings.options.push((option, value));
        let before = self.start.settings.send_replace(settings);
        let written = self.start.writer.commit(vec![kind], change).await;
        self.keep_or_restore(written, before.clone())?;
        self.tell_commands(&before).await;
        Ok(())
    }

    /// Says which commands there are where a choice changed that. The agent's side, once it is open, does so itself.
    async fn tell_commands(&mut self, before: &Settings) {
        if !self.is_unopened() {
            return;
        }
        let (backend, cwd) = (&self.start.backend, self.start.seed.workspace.cwd());
        let commands = backend.commands(cwd, &self.settings());
        if commands != backend.commands(cwd, before) {
            self.announce(EventKind::CommandsChanged { commands }).await;
        }
    }

    fn settings(&self) -> Settings {
        self.start.settings.borrow().clone()
    }

    fn keep_or_restore(
        &mut self,
        written: Result<(), StoreError>,
        before: Settings,
    ) -> Result<(), SessionError> {
        written.map_err(|e| {
            self.start.settings.send_replace(before);
            self.taken_over |= matches!(e, StoreError::Conflict(_));
            e.into()
        })
    }
}
