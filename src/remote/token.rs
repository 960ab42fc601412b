//! What a server wants to see, where a client of ours finds it.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::{Address, RemoteError};
use crate::config::{Environment, PrivateFile, Secret};

/// The variable that holds a token.
const VARIABLE: &str = "ADJUTANT_TOKEN";

/// What a server that listens has written down.
#[derive(Deserialize)]
pub(super) struct Note {
    /// `None`: it wants none.
    #[serde(default)]
    token: Option<String>,
    /// Of its certificate, if it encrypts.
    #[serde(default)]
    pub(super) fingerprint: Option<String>,
}

/// What a server of this person at that address has written down, if it is on this machine.
pub(super) fn note(address: &Address, environment: &Environment) -> Result<Option<Note>, RemoteError> {
    let Some(path) = place(address, environment).filter(|_| address.is_local()) else { return Ok(None) };
    let note = PrivateFile::at(path.clone()).read();
    let note = note.map_err(|e| RemoteError::TokenFile { path: path.clone(), reason: e.to_string() })?;
    let Some(note) = note else { return Ok(None) };
    let note = serde_json::from_str(&note);
    note.map(Some).map_err(|_| RemoteError::TokenFile { path, reason: "no server has written it".to_owned() })
}

/// Where it is: at that very address, else behind the port alone, else at any other address with that port, which may be
/// what stands behind a forwarded one.
fn place(address: &Address, environment: &Environment) -> Option<PathBuf> {
    let (paths, port) = (environment.paths(), address.port);
    let exact = address.host.parse().unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST));
    let known = [exact, Ipv4Addr::LOCALHOST.into()].map(|ip| paths.server(SocketAddr::new(ip, port)));
    let others = noted(environment).into_iter().filter_map(|name| name.parse::<SocketAddr>().ok());
    let others = others.filter(|other| other.port() == port).map(|other| paths.server(other));
    known.into_iter().chain(others).flatten().find(|path| path.exists())
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
    Ok(note?.and_then(|note| note.token).map(|token| Secret::new(&token)))
}

/// Servers of this person that run on this machine, or ended without a word: each a port, or an address with one.
pub fn noted(environment: &Environment) -> Vec<String> {
    let folder = environment.paths().servers().and_then(|folder| std::fs::read_dir(folder).ok());
    let names = folder.into_iter().flatten().flatten().map(|entry| entry.file_name());
    let names = names.filter_map(|name| name.to_str()?.strip_suffix(".json").map(str::to_owned));
    let mut servers: Vec<_> =
        names.filter(|it| it.parse::<u16>().is_ok() || it.parse::<SocketAddr>().is_ok()).collect();
    servers.sort_unstable();
    servers
}

/// A file that holds the token alone, or that a server has written.
fn named(path: &Path) -> Result<Secret, RemoteError> {
    let nothing = |reason: String| RemoteError::TokenFile { path: path.to_owned(), reason };
    let text = PrivateFile::at(path.to_owned()).read().map_err(|e| nothing(e.to_string()))?;
    let text = text.ok_or_else(|| nothing("there is no such file".to_owned()))?;
    let note = serde_json::from_str::<Note>(&text);
    let token = note.map_or_else(|_| text.trim().to_owned(), |note| note.token.unwrap_or_default());
    let fits = !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic());
    if fits { Ok(Secret::new(&token)) } else { Err(nothing("a token is one word".to_owned())) }
}
