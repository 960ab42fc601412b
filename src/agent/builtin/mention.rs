//! Files that a prompt mentions (`@src/main.rs`, links): read within limits, as far as reading is free.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use super::BuiltinSession;
use crate::acp::{ContentBlock, EmbeddedResource, EmbeddedResourceResource, TextResourceContents};
use crate::agent::{Prompt, Turn};
use crate::permission::{Action, Decision};
use crate::uri;
use crate::workspace::{Kind, Text};

/// Mentions of one prompt that are looked at, files of it, and bytes of one and of all.
const MENTIONS: usize = 1000;
const FILES: usize = 20;
const FILE: usize = 64 * 1024;
const ALL: usize = 256 * 1024;
/// Bytes of a file that is read to show its beginning.
const READ: u64 = 4 * 1024 * 1024;

/// The texts of mentioned files. What is no text file of the workspace, or would have to be asked for, is left to
/// the model.
pub(super) async fn read(session: &mut BuiltinSession, turn: &Turn, prompt: &Prompt) -> Vec<ContentBlock> {
    let settings = turn.settings();
    let answerer = session.answerer(&settings);
    // The command agent reads what it is told by its own means.
    if answerer.map_or(true, |answerer| answerer.model.context == 0) {
        return Vec::new();
    }
    let mode = session.mode(&settings);
    session.policy.set_mode(mode);
    let (mut found, mut bytes) = (Vec::new(), 0);
    for name in names(&prompt.content) {
        if bytes >= ALL || found.len() == FILES {
            break;
        }
        if let Some((path, text)) = file(session, prompt, &name, FILE.min(ALL - bytes)).await {
            bytes += text.len();
            let uri = uri::of(&path);
            let contents = TextResourceContents::new(text, uri);
            let resource = EmbeddedResource::new(EmbeddedResourceResource::TextResourceContents(contents));
            found.push(ContentBlock::Resource(resource));
        }
    }
    found
}

async fn file(
    session: &BuiltinSession,
    prompt: &Prompt,
    name: &str,
    limit: usize,
) -> Option<(PathBuf, String)> {
    let place = session.seed.workspace.place(name).ok()?;
    let path = place.path().to_owned();
    let action = Action::Read { path: path.clone() };
    if place.kind() != Some(Kind::File) || session.policy.judge(&action).decision != Decision::Allow {
        return None;
    }
    let data = prompt.hands.files.read(place, READ).await.ok()?;
    let text = Text::decode(&data.bytes).ok()?;
    session.seen.note(&path, data.fingerprint);
    Some((path, cut(text.as_str(), limit)))
}

fn cut(text: &str, limit: usize) -> String {
    let end = text.floor_char_boundary(limit);
    match &text[end..] {
        "" => text.to_owned(),
        rest => format!("{}\n… {} more bytes: use read for them", &text[..end], rest.len()),
    }
}

/// What a prompt mentions first, each once, in its order: `@path` words of its texts, and links to files.
pub(super) fn names(content: &[ContentBlock]) -> Vec<String> {
    let (mut names, mut known) = (Vec::new(), HashSet::new());
    let mut add = |name: &str| {
        if !name.is_empty() && names.len() < MENTIONS && known.insert(name.to_owned()) {
            names.push(name.to_owned());
        }
    };
    for block in content {
        match block {
            ContentBlock::Text(text) => words(&text.text).for_each(&mut add),
            ContentBlock::ResourceLink(link) => {
                if let Some(path) = uri::written(&link.uri) {
                    add(&path);
                } else if Path::new(&link.uri).is_absolute() {
                    add(&link.uri);
                }
            }
            _ => {}
        }
    }
    names
}

/// `@path` at the beginning of a word; what follows a sentence is no part of it.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split(|char: char| char.is_whitespace() || matches!(char, '(' | ')' | '"' | '\'' | '`'));
    words.filter_map(|word| Some(word.strip_prefix('@')?.trim_end_matches([',', '.', ';', ':', '!', '?'])))
}
