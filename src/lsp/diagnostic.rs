//! What a server says of a file, as a model reads it.

use std::path::{Path, PathBuf};

use serde_json::Value;

/// Findings of one file that are kept, and of all files that are told.
const KEPT: usize = 200;
const TOLD: usize = 20;
/// Characters of a finding's text.
const TEXT: usize = 300;

/// An error or a warning.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Finding {
    pub(super) severity: Severity,
    pub(super) path: PathBuf,
    /// Counted from 1; columns in the units of the protocol, which are UTF-16.
    pub(super) line: u64,
    pub(super) column: u64,
    pub(super) text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Severity {
    Error,
    Warning,
}

/// The errors and warnings in a list of diagnostics of the protocol. What is malformed is left out.
pub(super) fn read(path: &Path, diagnostics: &Value) -> Vec<Finding> {
    let diagnostics = diagnostics.as_array().map(Vec::as_slice).unwrap_or_default();
    diagnostics.iter().filter_map(|it| finding(path, it)).take(KEPT).collect()
}

fn finding(path: &Path, diagnostic: &Value) -> Option<Finding> {
    let severity = match diagnostic.get("severity").and_then(Value::as_u64) {
        // The client decides what one without a severity is.
        None | Some(1) => Severity::Error,
        Some(2) => Severity::Warning,
        Some(_) => return None,
    };
    let start = diagnostic.pointer("/range/start")?;
    let place = |name: &str| Some(start.get(name)?.as_u64()?.saturating_add(1));
    let message = diagnostic.get("message")?.as_str()?;
    let text: String = message.lines().next().unwrap_or_default().chars().take(TEXT).collect();
    let text = text.replace(char::is_control, " ").trim().to_owned();
    Some(Finding { severity, path: path.to_owned(), line: place("line")?, column: place("character")?, text })
}

/// `path:line:column: error: text`, errors first; paths relative to the working directory.
pub(super) fn list(findings: &[Finding], cwd: &Path) -> Vec<String> {
    let mut sorted: Vec<&Finding> = findings.iter().collect();
    sorted.sort_unstable();
    sorted.dedup();
    let mut lines: Vec<String> = sorted
        .iter()
        .take(TOLD)
        .map(|Finding { severity, path, line, column, text }| {
            let path =
                path.strip_prefix(cwd).unwrap_or(path).to_string_lossy().replace(char::is_control, "?");
            let severity = if *severity == Severity::Error { "error" } else { "warning" };
            format!("{path}:{line}:{column}: {severity}: {text}")
        })
        .collect();
    if sorted.len() > TOLD {
        lines.push(format!("… {} more", sorted.len() - TOLD));
    }
    lines
}
