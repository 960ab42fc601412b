//! The part of a rule in parentheses: what it matches.

use super::{path::Place, shell::SimpleCommand, url::Url};
use globset::{GlobBuilder, GlobMatcher};
use std::path::Path;

/// Files: a glob below the workspace, the home (`~/…`), the root (`/…`), or anywhere (`**/…`). `*` and
/// `?` stay within one path component, `**` crosses them.
#[derive(Debug, Clone)]
pub(super) struct FilePattern {
    anchor: Anchor,
    glob: GlobMatcher,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Anchor {
    Root,
    Home,
    Workspace,
}

impl FilePattern {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let (anchor, rest) = match text.strip_prefix("~/") {
            Some(rest) => (Anchor::Home, rest),
            None if text.starts_with('/') || text.starts_with("**") => (Anchor::Root, text),
            None => (Anchor::Workspace, text.strip_prefix("./").unwrap_or(text)),
        };
        if rest.split('/').any(|part| part == "..") {
            return Err("write the path without `..`".to_owned());
        }
        let glob = GlobBuilder::new(rest).literal_separator(true).backslash_escape(true).build();
        Ok(Self { anchor, glob: glob.map_err(|fault| fault.kind().to_string())?.compile_matcher() })
    }

    /// `place.cwd` is the workspace here.
    pub(super) fn matches(&self, path: &Path, place: &Place<'_>) -> bool {
        let relative = match self.anchor {
            Anchor::Root => Some(path),
            Anchor::Workspace => path.strip_prefix(place.cwd).ok(),
            Anchor::Home => place.home.and_then(|home| path.strip_prefix(home).ok()),
        };
        relative.is_some_and(|path| self.glob.is_match(path))
    }
}

/// Words of a command. `*` inside a word stands for any characters of that word; a final ` *` or `:*`
/// for any further words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct WordsPattern {
    words: Vec<String>,
    open: bool,
}

impl WordsPattern {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let closed = text.strip_suffix(":*").or_else(|| text.strip_suffix(" *"));
        let words: Vec<String> = closed.unwrap_or(text).split_whitespace().map(str::to_owned).collect();
        if words.is_empty() {
            return Err("name a command, as in bash(cargo test:*)".to_owned());
        }
        Ok(Self { words, open: closed.is_some() })
    }

    /// The command as written, its name included.
    pub(super) fn matches(&self, command: &SimpleCommand) -> bool {
        let count = command.argv.len();
        let fits = if self.open { count >= self.words.len() } else { count == self.words.len() };
        fits && self.words.iter().zip(&command.argv).all(|(pattern, word)| wildcard(pattern, word))
    }

    /// As [`Self::matches`], but `/bin/rm` counts as `rm`: for rules that restrict.
    pub(super) fn matches_program(&self, command: &SimpleCommand) -> bool {
        self.matches(command) || self.matches(&command.bare())
    }

    /// One command only, nothing left open.
    pub(super) fn is_exact(&self) -> bool {
        !self.open && !self.words.iter().any(|word| word.contains('*'))
    }

    /// Whether the literal words occur in this order among `tokens`: the last resort for text that
    /// cannot be parsed.
    pub(super) fn occurs_in(&self, tokens: &[&str]) -> bool {
        let mut tokens = tokens.iter();
        self.words.iter().filter(|word| !word.contains('*')).all(|word| tokens.any(|token| token == word))
    }
}

/// `scheme://host[:port]/path`: the host is exact or `*.domain`, the path a wildcard (`*` and `**` cross
/// slashes). Without a path, every path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct UrlPattern {
    url: Url,
    subdomains: bool,
}

impl UrlPattern {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let (plain, subdomains) = match text.split_once("://*.") {
            Some((scheme, rest)) => (format!("{scheme}://{rest}"), true),
            None => (text.to_owned(), false),
        };
        let has_path = plain.split_once("://").is_some_and(|(_, rest)| rest.contains('/'));
        let mut url = Url::parse(&plain).map_err(|why| format!("{why}; write https://host/**"))?;
        if !has_path {
            url.path = String::from("/**");
        }
        Ok(Self { url, subdomains })
    }

    pub(super) fn matches(&self, url: &Url) -> bool {
        let host = if self.subdomains {
            url.host.strip_suffix(self.url.host.as_str()).is_some_and(|front| front.ends_with('.'))
        } else {
            url.host == self.url.host
        };
        let same = url.scheme == self.url.scheme && url.port == self.url.port;
        host && same && wildcard(&self.url.path, &url.path)
    }
}

/// `server/tool`, with `*` for any part of a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RemotePattern {
    server: String,
    tool: String,
}

impl RemotePattern {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let (server, tool) = text.split_once('/').unwrap_or((text, "*"));
        if server.is_empty() || tool.is_empty() {
            return Err("write mcp(server/tool) or mcp(server/*)".to_owned());
        }
        Ok(Self { server: server.to_owned(), tool: tool.to_owned() })
    }

    pub(super) fn matches(&self, server: &str, tool: &str) -> bool {
        wildcard(&self.server, server) && wildcard(&self.tool, tool)
    }
}

/// `*` stands for any characters, also none. Linear in the product of the lengths at worst.
fn wildcard(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut at, mut star, mut from) = (0, None, 0);
    let mut pos = 0;
    while pos < text.len() {
        match pattern.get(at) {
            Some(b'*') => {
                star = Some(at);
                from = pos;
                at += 1;
            }
            Some(byte) if *byte == text[pos] => {
                at += 1;
                pos += 1;
            }
            _ => {
                let Some(back) = star else { return false };
                at = back + 1;
                from += 1;
                pos = from;
            }
        }
    }
    pattern[at..].iter().all(|byte| *byte == b'*')
}
