//! A document as text, by its type.

use serde_json::Value;

use super::charset;
use super::html;
use super::load::Loaded;
use crate::tool::label;

/// Bytes of JSON that is indented, which may make it a hundred times as long.
const INDENTED: usize = 256 * 1024;
/// How far a NUL byte is looked for, as in files.
const SNIFF: usize = 8000;

/// Types that are text without being called so.
const TEXTS: [&str; 8] = [
    "application/xml",
    "application/javascript",
    "application/ecmascript",
    "application/x-sh",
    "application/yaml",
    "application/x-yaml",
    "application/toml",
    "application/x-www-form-urlencoded",
];

/// The document as a model reads it; or why it cannot be: `is …`.
pub(super) fn text(loaded: &Loaded) -> Result<String, String> {
    let kind = loaded.media_type.as_str();
    let decoded = || charset::decode(&loaded.body, loaded.charset.as_deref());
    let binary = || loaded.body.iter().take(SNIFF).any(|byte| *byte == 0) && !is_utf16(loaded);
    match kind {
        "text/html" | "application/xhtml+xml" => html::markdown(&decoded(), loaded.url.url()),
        _ if kind == "application/json" || kind.ends_with("+json") => Ok(indented(&decoded())),
        _ if kind.starts_with("text/")
            || kind.ends_with("+xml") && kind != "image/svg+xml"
            || TEXTS.contains(&kind) =>
        {
            Ok(decoded())
        }
        "" | "application/octet-stream" | "unknown/unknown" if !binary() => {
            let text = decoded();
            let start = text.trim_start().get(..14).unwrap_or_default().to_ascii_lowercase();
            let is_html = start.starts_with("<!doctype html") || start.starts_with("<html");
            if is_html { html::markdown(&text, loaded.url.url()) } else { Ok(text) }
        }
        _ => {
            let size = label::size(loaded.body.len() as u64);
            let kind = if kind.is_empty() { "binary" } else { kind };
            Err(format!("is no text but {} ({size}), which is not shown", label::line(kind, 80)))
        }
    }
}

fn is_utf16(loaded: &Loaded) -> bool {
    let declared = loaded.charset.as_deref().is_some_and(|it| it.to_ascii_lowercase().starts_with("utf-16"));
    declared || loaded.body.starts_with(b"\xff\xfe") || loaded.body.starts_with(b"\xfe\xff")
}

fn indented(text: &str) -> String {
    let value = (text.len() <= INDENTED).then(|| serde_json::from_str::<Value>(text).ok()).flatten();
    value.and_then(|value| serde_json::to_string_pretty(&value).ok()).unwrap_or_else(|| text.to_owned())
}
