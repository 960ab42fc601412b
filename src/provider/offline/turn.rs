//! The turn as the messages tell it: what was asked, what was attached, what came of the calls so far.

use std::collections::HashMap;
use std::sync::Arc;

use crate::acp::{ContentBlock, EmbeddedResourceResource};
use crate::provider::{Message, ModelCall, ModelRequest};

/// A name of the tool that draws the plan; its results say nothing about the work.
pub(super) const PLAN_TOOL: &str = "todo";

/// What came of one call.
#[derive(Debug, Clone, Copy)]
pub(super) struct Outcome<'a> {
    pub text: &'a str,
    pub failed: bool,
}

/// The results of the calls of one answer, in the order of the calls and without those of the plan.
pub(super) type Round<'a> = Vec<Outcome<'a>>;

/// Something the person sent beside the text.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Attachment {
    pub name: String,
    /// The file it stands for, if it is one.
    pub path: Option<String>,
    /// Its text, if that was sent along.
    pub text: Option<String>,
    /// Whether it is a picture or a sound, which needs a model.
    pub media: bool,
}

/// The last thing the person sent, and what has been done about it.
#[derive(Debug, Default)]
pub(super) struct Turn<'a> {
    pub text: String,
    pub attachments: Vec<Attachment>,
    pub rounds: Vec<Round<'a>>,
}

impl<'a> Turn<'a> {
    /// Reads the last turn of the conversation; an empty one if nobody said anything.
    pub(super) fn read(request: &'a ModelRequest) -> Self {
        let messages = &request.messages;
        let Some(at) = messages.iter().rposition(|message| matches!(**message, Message::User(_))) else {
            return Self::default();
        };
        let mut turn = Self { rounds: rounds(&messages[at + 1..]), ..Self::default() };
        let Message::User(blocks) = messages[at].as_ref() else { return turn };
        let mut after_text = false;
        for block in blocks {
            // Blocks that follow each other are lines; a link between two of them stands in a sentence.
            if let ContentBlock::Text(text) = block {
                let gap = if after_text { '\n' } else { ' ' };
                if !turn.text.is_empty() {
                    turn.text.push(gap);
                }
                turn.text.push_str(&text.text);
            } else if let Some(attachment) = attachment(block, &request.cwd) {
                turn.attachments.push(attachment);
            }
            after_text = matches!(block, ContentBlock::Text(_));
        }
        turn
    }

    /// The files that were attached, in order and once each.
    pub(super) fn files(&self) -> Vec<String> {
        let mut files: Vec<String> = Vec::new();
        for path in self.attachments.iter().filter_map(|attachment| attachment.path.as_ref()) {
            if !files.contains(path) {
                files.push(path.clone());
            }
        }
        files
    }
}

fn attachment(block: &ContentBlock, cwd: &str) -> Option<Attachment> {
    Some(match block {
        ContentBlock::Image(_) => media("an image"),
        ContentBlock::Audio(_) => media("an audio clip"),
        ContentBlock::ResourceLink(link) => {
            Attachment { name: link.name.clone(), path: file(&link.uri, cwd), text: None, media: false }
        }
        ContentBlock::Resource(embedded) => match &embedded.resource {
            EmbeddedResourceResource::TextResourceContents(contents) => {
                resource(&contents.uri, Some(contents.text.clone()), cwd)
            }
            EmbeddedResourceResource::BlobResourceContents(contents) => resource(&contents.uri, None, cwd),
            _ => return None,
        },
        _ => return None,
    })
}

fn resource(uri: &str, text: Option<String>, cwd: &str) -> Attachment {
    let path = file(uri, cwd);
    Attachment { name: path.clone().unwrap_or_else(|| uri.to_owned()), path, text, media: false }
}

fn media(name: &str) -> Attachment {
    Attachment { name: name.to_owned(), path: None, text: None, media: true }
}

fn rounds(messages: &[Arc<Message>]) -> Vec<Round<'_>> {
    let results: HashMap<&str, Outcome<'_>> = messages
        .iter()
        .filter_map(|message| match message.as_ref() {
            Message::Result { call, text, failed, .. } => {
                Some((call.as_str(), Outcome { text, failed: *failed }))
            }
            Message::User(_) | Message::Assistant { .. } => None,
        })
        .collect();
    let outcome = |call: &ModelCall| {
        let lost = Outcome { text: "it was interrupted, and there is no result", failed: true };
        results.get(call.id.as_str()).copied().unwrap_or(lost)
    };
    messages
        .iter()
        .filter_map(|message| match message.as_ref() {
            Message::Assistant { calls, .. } if !calls.is_empty() => {
                Some(calls.iter().filter(|call| call.name != PLAN_TOOL).map(outcome).collect())
            }
            Message::Assistant { .. } | Message::User(_) | Message::Result { .. } => None,
        })
        .collect()
}

/// The path a `file:` URI (RFC 8089) or a bare path stands for, relative to the working directory where
/// it lies in it. `None` for any other scheme.
fn file(uri: &str, cwd: &str) -> Option<String> {
    let path = match crate::uri::written(uri) {
        Some(path) => path,
        None if has_scheme(uri) => return None,
        None => uri.to_owned(),
    };
    (!path.is_empty()).then(|| relative(&path, cwd))
}

/// Whether it starts as a URI of some scheme does (RFC 3986); a single letter is a drive.
fn has_scheme(uri: &str) -> bool {
    uri.split_once(':').is_some_and(|(scheme, _)| {
        scheme.len() > 1
            && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
            && !scheme.contains('.')
    })
}

/// The path as seen from the working directory.
pub(super) fn relative(path: &str, cwd: &str) -> String {
    let inside = path.strip_prefix(cwd.trim_end_matches('/')).and_then(|rest| rest.strip_prefix('/'));
    match inside {
        Some(rest) if !cwd.is_empty() && !rest.is_empty() => rest.to_owned(),
        _ => path.to_owned(),
    }
}
