//! What a server wants to see, where a client of ours finds it.

use std::path::Path;

use serde::Deserialize;

use super::{Address, RemoteError};
use crate::config::{Environment, PrivateFile, Secret};

/// The variable that holds a token.
const VARIABLE: &str = "ADJUTANT_TOKEN";

/// What a server that listens has written down.
#[derive(Deserialize)]
pub(super) struct Note {
    token: String,
    /// Of its certificate, if it encrypts.
    #[serde(default)]
    pub(super) fingerprint: Option<String>,
}

/// What a server of this person at that address has written down, if it is on this machine.
pub(super) fn note(address: &Address, environment: &Environment) -> Result<Option<Note>, RemoteError> {
    let path = environment.paths().server(address.port).filter(|_| address.is_local());
    let Some(path) = path else { return Ok(None) };
    let note = PrivateFile::at(path.clone()).read();
    let note = note.map_err(|e| RemoteError::TokenFile { path: path.clone(), reason: e.to_string() })?;
    let Some(note) = note else { return Ok(None) };
    let note = serde_json::from_str(&note);
    note.map(Some).map_err(|_| RemoteError::TokenFile { path, reason: "no server has written it".to_owned() })
}

/// The token for that server; `None`: there is none that could be shown to it.
pub(super) fn find(
    file: Option<&Path>,
    environment: &Environment,
    note: Result<Option<Note>, RemoteError>,
) -> Result<Option<Secret>, RemoteError> {
    if let Some(path) = file {
        return named(path).map(Some);
    }
    if let Some(token) = environment.value(VARIABLE) {
        return Ok(Some(Secret::new(token.trim())));
    }
    Ok(note?.map(|note| Secret::new(&note.token)))
}

/// Ports of servers of this person that run on this machine, or ended without a word.
pub fn noted(environment: &Environment) -> Vec<u16> {
    let folder = environment.paths().servers().and_then(|folder| std::fs::read_dir(folder).ok());
    let names = folder.into_iter().flatten().flatten().map(|entry| entry.file_name());
    let ports = names.filter_map(|name| name.to_str()?.strip_suffix(".json")?.parse().ok());
    let mut ports: Vec<_> = ports.collect();
    ports.sort_unstable();
    ports
}

/// A file that holds the token alone, or that a server has written.
fn named(path: &Path) -> Result<Secret, RemoteError> {
    let nothing = |reason: String| RemoteError::TokenFile { path: path.to_owned(), reason };
    let text = PrivateFile::at(path.to_owned()).read().map_err(|e| nothing(e.to_string()))?;
    let text = text.ok_or_else(|| nothing("there is no such file".to_owned()))?;
    let token =
        serde_json::from_str::<Note>(&text).map_or_else(|_| text.trim().to_owned(), |note| note.token);
    let fits = !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic());
    if fits { Ok(Secret::new(&token)) } else { Err(nothing("a token is one word".to_owned())) }
}
