//! What a person approved of the servers that projects name.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use super::{McpError, name};
use crate::config::{McpServer, McpTransport, Origin, PrivateFile, Secret};
use crate::permission::{MAX_SHOWN, escape_for_display, shell_word};

/// Verdicts kept; the oldest go first.
const MOST: usize = 1000;

/// The verdicts of a person, in a file that only they can read.
#[derive(Debug, Clone)]
pub struct Trust {
    file: Option<PrivateFile>,
    /// Where there is no file, for as long as this process lives.
    kept: Arc<Mutex<Vec<Record>>>,
}

/// What a person said about a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    Approved,
    Rejected,
    /// Nothing, or about something else than it is now.
    #[serde(skip)]
    Unknown,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Record {
    project: PathBuf,
    name: String,
    hash: String,
    verdict: Verdict,
}

impl Trust {
    /// Verdicts in that file; `None`: in memory.
    pub fn at(file: Option<PathBuf>) -> Self {
        Self { file: file.map(PrivateFile::at), kept: Arc::default() }
    }

    /// What was said about exactly this server.
    pub fn verdict(&self, server: &McpServer) -> Verdict {
        let records = self.records().unwrap_or_else(|error| {
            tracing::warn!(%error, "nothing counts as approved");
            Vec::new()
        });
        let (project, hash) = (project(server), fingerprint(server));
        let found = records.iter().rev().find(|it| it.project == project && it.name == server.name);
        found.filter(|it| it.hash == hash).map_or(Verdict::Unknown, |it| it.verdict)
    }

    /// Remembers what was said, in place of anything said before.
    pub fn record(&self, server: &McpServer, verdict: Verdict) -> Result<(), McpError> {
        let project = project(server).to_owned();
        let change = |records: &mut Vec<Record>| {
            records.retain(|it| it.project != project || it.name != server.name);
            if verdict != Verdict::Unknown {
                let (name, hash) = (server.name.clone(), fingerprint(server));
                records.push(Record { project, name, hash, verdict });
            }
            let excess = records.len().saturating_sub(MOST);
            records.drain(..excess);
        };
        let Some(file) = &self.file else {
            change(&mut self.kept.lock().unwrap_or_else(PoisonError::into_inner));
            return Ok(());
        };
        file.change(|text| {
            let mut records = parsed(file, text)?;
            change(&mut records);
            serde_json::to_vec_pretty(&records).map_err(|e| McpError::Storage(e.to_string()))
        })
    }

    fn records(&self) -> Result<Vec<Record>, McpError> {
        let Some(file) = &self.file else {
            return Ok(self.kept.lock().unwrap_or_else(PoisonError::into_inner).clone());
        };
        parsed(file, file.read()?)
    }
}

/// The records in what a file holds.
fn parsed(file: &PrivateFile, text: Option<String>) -> Result<Vec<Record>, McpError> {
    let Some(text) = text else { return Ok(Vec::new()) };
    serde_json::from_str(&text).map_err(|e| McpError::Storage(format!("{}: {e}", file.path().display())))
}

/// The file that names the server: approval holds there only.
fn project(server: &McpServer) -> &Path {
    match &server.origin {
        Origin::Project(file) | Origin::User(file) => file,
        Origin::Client => Path::new(""),
    }
}

/// A hash of everything that decides what runs, and what goes where under which names. Headers run nothing and count as
/// they are written, so that a token may change, and no other one take its place.
fn fingerprint(server: &McpServer) -> String {
    let mut parts = vec![project(server).to_string_lossy().into_owned(), line(server)];
    match &server.transport {
        McpTransport::Stdio { env, cwd, .. } => {
            parts.extend(written(env));
            parts.extend(env.iter().map(|(_, value)| value.expose().to_owned()));
            parts.extend(cwd.iter().map(|cwd| cwd.to_string_lossy().into_owned()));
        }
        McpTransport::Http { headers, .. } | McpTransport::Sse { headers, .. } => {
            parts.extend(written(headers));
        }
    }
    name::hash(&parts.iter().map(String::as_str).collect::<Vec<_>>())
}

/// A hash of the command line or the URL: what it comes to, and as it is written where that is something else.
fn line(server: &McpServer) -> String {
    let identity = identity(server);
    let words = words(server);
    if words.iter().all(|word| word.written().is_none()) {
        return identity;
    }
    name::hash(&std::iter::once(&*identity).chain(words.iter().map(|it| it.as_written())).collect::<Vec<_>>())
}

/// The command line or the URL.
fn words(server: &McpServer) -> Vec<&Secret> {
    match &server.transport {
        McpTransport::Stdio { command, args, .. } => std::iter::once(command).chain(args).collect(),
        McpTransport::Http { url, .. } | McpTransport::Sse { url, .. } => vec![url],
    }
}

/// The names and values of a list, as the file has them.
fn written(list: &[(String, Secret)]) -> impl Iterator<Item = String> {
    let pair = |(name, value): &(String, Secret)| [name.clone(), value.as_written().to_owned()];
    list.iter().flat_map(pair)
}

/// A hash of the command line or the URL.
pub(super) fn identity(server: &McpServer) -> String {
    let mut parts = Vec::new();
    match &server.transport {
        McpTransport::Stdio { command, args, .. } => {
            parts.extend(["stdio", command.expose()]);
            parts.extend(args.iter().map(Secret::expose));
        }
        McpTransport::Http { url, .. } => parts.extend(["http", url.expose()]),
        McpTransport::Sse { url, .. } => parts.extend(["sse", url.expose()]),
    }
    name::hash(&parts)
}

/// Under which name a value is given, and from where it is taken: never what it is.
fn given(name: &str, value: &Secret) -> String {
    match value.sources().as_slice() {
        [] => name.to_owned(),
        sources => format!("{name} (from {})", sources.join(" and ")),
    }
}

/// What a server runs or reaches, for a person to judge: the whole command line as it is written, what it takes from
/// elsewhere, and the names of what it is given.
pub fn describe(server: &McpServer) -> String {
    let list = |label: &str, list: &[(String, Secret)]| {
        let names: Vec<String> = list.iter().map(|(name, value)| shown(&given(name, value))).collect();
        (!names.is_empty()).then(|| format!("with {label}: {}", names.join(", ")))
    };
    let mut sources: Vec<String> = words(server).into_iter().flat_map(Secret::sources).collect();
    let mut known = HashSet::new();
    sources.retain(|source| known.insert(source.clone()));
    let taken = (!sources.is_empty()).then(|| format!("with values from: {}", shown(&sources.join(", "))));
    let lines = match &server.transport {
        McpTransport::Stdio { command, args, env, cwd } => {
            let words = std::iter::once(command).chain(args);
            let words: Vec<String> = words.map(|word| shell_word(&shown(word.as_written()))).collect();
            let within = cwd.as_ref().map(|cwd| format!("in: {}", shown(&cwd.to_string_lossy())));
            [Some(format!("runs: {}", words.join(" "))), taken, within, list("variables", env)]
        }
        McpTransport::Http { url, headers } | McpTransport::Sse { url, headers } => {
            [Some(format!("reaches: {}", shown(url.as_written()))), taken, None, list("headers", headers)]
        }
    };
    lines.into_iter().flatten().collect::<Vec<_>>().join("\n")
}

/// The whole text on one line, with everything made visible that hides.
fn shown(text: &str) -> String {
    let characters: Vec<char> = text.chars().collect();
    // In pieces, because a longer text would lose its middle.
    let pieces =
        characters.chunks(MAX_SHOWN).map(|piece| escape_for_display(&piece.iter().collect::<String>()));
    pieces.collect::<String>().replace('\n', "<U+000A>")
}
