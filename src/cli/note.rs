//! How to reach a server, written down for clients of the same person while it runs.

use std::net::SocketAddr;

use serde_json::json;

use super::listen::homeless;
use crate::config::{ConfigError, Paths, PrivateFile};
use crate::serve::Token;
use crate::tls::Fingerprint;

/// What was written down, gone with the value. Meanwhile another server may have come to the same place and written its
/// own, which stays.
pub(super) struct Note {
    /// `None`: there is nowhere to keep it.
    file: Option<PrivateFile>,
    content: String,
    is_open: bool,
}

impl Note {
    pub(super) fn write(
        paths: &Paths,
        address: SocketAddr,
        token: Option<&Token>,
        fingerprint: Option<Fingerprint>,
    ) -> anyhow::Result<Self> {
        let mut content = json!({ "address": address, "pid": std::process::id() });
        if let Some(token) = token {
            content["token"] = token.expose().into();
        }
        if let Some(fingerprint) = fingerprint {
            content["fingerprint"] = fingerprint.to_string().into();
        }
        let note = Self {
            file: paths.server(address).map(PrivateFile::at),
            content: format!("{content}\n"),
            is_open: token.is_none(),
        };
        match note.keep() {
            // It only corrects what an earlier server left behind.
            Err(e) if note.is_open => tracing::warn!(error = %e, "clients may take this server for another"),
            kept => kept?,
        }
        Ok(note)
    }

    fn keep(&self) -> anyhow::Result<()> {
        let file = self.file.as_ref().ok_or_else(|| homeless("the token"))?;
        Ok(file.change::<ConfigError>(|_| Ok(self.content.clone().into_bytes()))?)
    }

    pub(super) fn text(&self) -> String {
        match &self.file {
            Some(file) if !self.is_open => format!("; the token is in {}", file.path().display()),
            _ => " WITHOUT A TOKEN: every program on this machine can use it".to_owned(),
        }
    }
}

impl Drop for Note {
    fn drop(&mut self) {
        if let Some(file) = &self.file
            && let Err(error) = file.remove(&self.content)
        {
            tracing::warn!(%error, "what was written down for clients stays");
        }
    }
}
