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

/// The texts of files that a prompt mentions, or the `template` that it stands for. What is no text file of the
/// workspace, or would have to be asked for, is left to the model.
pub(super) async fn read(
    session: &mut BuiltinSession,
    turn: &Turn,
    prompt: &Prompt,
    template: &[ContentBlock],
) -> Vec<ContentBlock> {
    let settings = turn.settings();
    let answerer = session.answerer(&settings);
    // The command agent reads what it is told by its own means.
    if answerer.map_or(true, |answerer| answerer.model.context == 0) {
        return Vec::new();
    }
    let mode = session.mode(&settings);
    session.policy.set_mode(mode);
    let (mut found, mut bytes) = (Vec::new(), 0);
    for name in names(prompt.content.iter().chain(template)) {
        if bytes >= ALL || found.len() == FILES {
            break;
        }
        if let Some((uri, text)) = shown(session, prompt, &name, FILE.min(ALL - bytes)).await {
            bytes += text.len();
            let contents = TextResourceContents::new(text, uri);
            let resource = EmbeddedResource::new(EmbeddedResourceResource::TextResourceContents(contents));
            found.push(ContentBlock::Resource(resource));
        }
    }
    found
}

/// The file of that name; else that of the name without its lines, or those lines of it.
async fn shown(
    session: &BuiltinSession,
    prompt: &Prompt,
    name: &str,
    limit: usize,
) -> Option<(String, String)> {
    if let Some((path, text)) = file(session, prompt, name).await {
        return Some((uri::of(&path), cut(text.as_str(), limit)));
    }
    let (name, range) = split_lines(name)?;
    let (path, text) = file(session, prompt, name).await?;
    let (uri, text) = (uri::of(&path), text.as_str());
    let some = range.map(|(from, to)| (format!("{uri}#L{from}-{to}"), lines(text, from, to)));
    let (uri, text) = some.filter(|(_, text)| !text.is_empty()).unwrap_or((uri, text));
    Some((uri, cut(text, limit)))
}

/// A name without the lines that stand behind it, and these where they are more than a place: `:10-20`, `:10`, `:10:5`.
fn split_lines(name: &str) -> Option<(&str, Option<(usize, usize)>)> {
    let (path, last) = name.rsplit_once(':')?;
    if let Some((from, to)) = last.split_once('-') {
        return Some((path, Some((from.parse().ok()?, to.parse().ok()?))));
    }
    let is_number = |text: &str| text.parse::<usize>().is_ok();
    let before = path.rsplit_once(':').filter(|(_, line)| is_number(line));
    is_number(last).then(|| (before.map_or(path, |(path, _)| path), None))
}

/// The lines from that number, counted from 1, to that number.
fn lines(text: &str, from: usize, to: usize) -> &str {
    let start = |line: usize| text.split_inclusive('\n').take(line).map(str::len).sum::<usize>();
    text.get(start(from.saturating_sub(1))..start(to)).unwrap_or_default()
}

async fn file(session: &BuiltinSession, prompt: &Prompt, name: &str) -> Option<(PathBuf, Text)> {
    let place = session.seed.workspace.place(name).ok()?;
    let path = place.path().to_owned();
    let action = Action::Read { path: path.clone() };
    if place.kind() != Some(Kind::File) || session.policy.judge(&action).decision != Decision::Allow {
        return None;
    }
    let data = prompt.hands.files.read(place, READ).await.ok()?;
    let text = Text::decode(&data.bytes).ok()?;
    session.seen.note(&path, data.fingerprint);
    Some((path, text))
}

fn cut(text: &str, limit: usize) -> String {
    let end = text.floor_char_boundary(limit);
    match &text[end..] {
        "" => text.to_owned(),
        rest => format!("{}\n… {} more bytes: use read for them", &text[..end], rest.len()),
    }
}

/// What a prompt mentions first, each once, in its order: `@path` words of its texts, and links to files.
pub(super) fn names<'a>(content: impl IntoIterator<Item = &'a ContentBlock>) -> Vec<String> {
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

/// `@path` at the beginning of a word; what follows a sentence is no part of it. A path with blanks stands in quotes.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let begins = |at: usize| text[..at].chars().next_back().is_none_or(ends_word);
    let places = text.match_indices('@').map(|(at, _)| at).filter(move |at| begins(*at));
    places.filter_map(|at| {
        let rest = &text[at + 1..];
        let Some(quote) = rest.chars().next().filter(|char| matches!(char, '"' | '\'')) else {
            let end = rest.find(ends_word).unwrap_or(rest.len());
            return Some(rest[..end].trim_end_matches([',', '.', ';', ':', '!', '?']));
        };
        let quoted = &rest[1..];
        let end = quoted.find([quote, '\n'])?;
        quoted[end..].starts_with(quote).then_some(&quoted[..end])
    })
}

fn ends_word(char: char) -> bool {
    char.is_whitespace() || matches!(char, '(' | ')' | '"' | '\'' | '`')
}
