//! What becomes of a conversation that is too long for its model: the older part is told by a summary, the newer
//! stays. Pure: which messages stay, and what the summary's writer is shown.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

use super::transcript::{self, weight};
use crate::acp::{ContentBlock, EmbeddedResourceResource, PlanEntry, PlanEntryStatus};
use crate::provider::{Message, ModelInfo};

/// Part of the context that is used before the conversation is made shorter, in percent.
const FULL: u64 = 85;
/// Part of the context that the messages which stay may fill, in percent.
const KEPT: u64 = 20;
/// Tokens kept free for an answer, at most.
const ANSWER: u64 = 20_000;
/// Bytes of a summary, without the facts that stand behind it.
pub(super) const SUMMARY: usize = 64 * 1024;
/// Bytes shown of one tool result, of one text, and of the request that stands at the end of a summary.
const RESULT: usize = 2_000;
const TEXT: usize = 8_000;
/// Bytes shown of an earlier summary with its facts, at most.
const EARLIER: usize = 2 * SUMMARY;
/// The heading of what the person asked for last.
const LAST_WORDS: &str = "The person's last words in this part";

/// What the writer of a summary is told.
const WRITER: &str = "\
Write a summary of this conversation between a person and a coding agent. The agent will go on with the work and will \
know nothing but your summary, so leave out nothing it needs: what the person wants, in their own words where they \
matter; decisions and their reasons; what was found, with paths, names and commands; what was changed and checked; \
what failed and why; what is being done right now; what comes next. Do not answer the person, call no tools, and write \
nothing but the summary.";

/// Whether a request of so many tokens leaves too little room for the answer. A model of unknown size is never full.
pub(super) fn is_full(model: &ModelInfo, tokens: u64) -> bool {
    let free = model.context.saturating_sub(model.output.min(ANSWER));
    model.context > 0 && tokens > free.min(model.context * FULL / 100)
}

/// How many of the last messages stay as they are: as many as fit, at most half of what there is, and never a result
/// without its call.
pub(super) fn kept(messages: &[Arc<Message>], model: &ModelInfo) -> usize {
    let room = (model.context * KEPT / 100 * 4) as usize;
    let total: usize = messages.iter().map(|message| weight(message)).sum();
    let room = room.min(total / 2);
    let (mut bytes, mut kept) = (0, 0);
    for (at, message) in messages.iter().rev().enumerate() {
        bytes += weight(message);
        if bytes > room {
            break;
        }
        if !matches!(**message, Message::Result { .. }) {
            kept = at + 1;
        }
    }
    kept.min(messages.len().saturating_sub(1))
}

/// The request that asks for the summary: the conversation as text, from which the middle is left out where it is too
/// long for the model, and what to pay attention to.
pub(super) fn request(messages: &[Arc<Message>], model: &ModelInfo, focus: &str) -> Message {
    let limit = (model.context.saturating_sub(model.output.min(ANSWER)) * 2) as usize;
    let pieces: Vec<String> = messages.iter().map(|message| told(message, limit)).collect();
    let mut text = String::from("<conversation>\n");
    let mut left = limit;
    // The beginning says what is wanted, the end where things stand.
    let head = pieces.first().map_or(0, String::len).min(left);
    left -= head;
    let tail = pieces
        .iter()
        .skip(1)
        .rev()
        .take_while(|piece| left.checked_sub(piece.len()).map(|now| left = now).is_some());
    let tail = tail.count();
    text.extend(pieces.iter().take(1).map(String::as_str));
    let gone = pieces.len().saturating_sub(1 + tail);
    if gone > 0 {
        let _infallible = writeln!(text, "[{gone} messages left out]");
    }
    text.extend(pieces.iter().skip(1 + gone).map(String::as_str));
    let _infallible = write!(text, "</conversation>\n\n{WRITER}");
    if !focus.is_empty() {
        let _infallible = write!(text, "\nPay attention to this above all: {focus}");
    }
    Message::User(vec![text.into()])
}

/// What no writer may forget: the plan, the files, and what the person asked for last.
pub(super) fn facts(plan: &[PlanEntry], files: &[PathBuf], gone: &[Arc<Message>]) -> String {
    let mut text = String::new();
    if !plan.is_empty() {
        begin(&mut text, "Plan");
        for entry in plan {
            let mark = match entry.status {
                PlanEntryStatus::Completed => "x",
                PlanEntryStatus::InProgress => "~",
                _ => " ",
            };
            let _infallible = writeln!(text, "- [{mark}] {}", entry.content);
        }
    }
    if !files.is_empty() {
        begin(&mut text, "Files looked at or changed, the latest last");
        for file in files {
            let _infallible = writeln!(text, "- {}", file.display());
        }
    }
    if let Some(words) = gone.iter().rev().find_map(|message| last_words(message)) {
        begin(&mut text, LAST_WORDS);
        text.push_str(&shown(&words, TEXT));
    }
    text
}

/// A section begins, a blank line below whatever stands before it.
fn begin(text: &mut String, section: &str) {
    let gap = if text.is_empty() { "\n\n" } else { "\n" };
    let _infallible = writeln!(text, "{gap}## {section}");
}

/// What the person said, or was last known to have said where this is an earlier summary.
fn last_words(message: &Message) -> Option<String> {
    let Message::User(content) = message else { return None };
    let said = said(content);
    if said.starts_with(transcript::SUMMARY) {
        return said.rsplit_once(&format!("## {LAST_WORDS}\n")).map(|(_, words)| words.to_owned());
    }
    Some(said)
}

/// A message as the writer of a summary reads it, who is shown `limit` bytes in all.
fn told(message: &Message, limit: usize) -> String {
    match message {
        Message::User(content) if said(content).starts_with(transcript::SUMMARY) => {
            format!("# Earlier\n{}\n\n", shown(&said(content), EARLIER.min(limit / 2).max(TEXT)))
        }
        Message::User(content) => format!("# Person\n{}\n\n", shown(&said(content), TEXT)),
        Message::Assistant { text, calls, .. } => {
            let mut told = format!("# Agent\n{}\n", shown(text, TEXT));
            for call in calls {
                let _infallible =
                    writeln!(told, "[calls {} {}]", call.name, shown(&call.input.to_string(), RESULT));
            }
            told.push('\n');
            told
        }
        Message::Result { text, failed, .. } => {
            let how = if *failed { "failed" } else { "gave" };
            format!("[{how}: {}]\n\n", shown(text, RESULT))
        }
    }
}

fn said(content: &[ContentBlock]) -> String {
    let texts = content.iter().filter_map(|block| match block {
        ContentBlock::Text(text) => Some(text.text.as_str()),
        ContentBlock::ResourceLink(link) => Some(link.uri.as_str()),
        ContentBlock::Resource(resource) => match &resource.resource {
            EmbeddedResourceResource::TextResourceContents(text) => Some(text.text.as_str()),
            _ => None,
        },
        _ => None,
    });
    texts.collect::<Vec<_>>().join("\n")
}

/// The beginning and the end of a text.
fn shown(text: &str, limit: usize) -> String {
    if text.len() <= limit {
        return text.to_owned();
    }
    let head = &text[..text.floor_char_boundary(limit / 2)];
    let tail = &text[text.ceil_char_boundary(text.len() - limit / 2)..];
    format!("{head} […] {tail}")
}
