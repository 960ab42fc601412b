//! A request as a body of the Messages API.

use std::borrow::Cow;
use std::hash::{Hash, Hasher};

use serde::Serialize;
use serde_json::Value;

use super::thinking::{self, Mode, Thinking};
use crate::acp::ContentBlock;
use crate::provider::conversation::{self, Outcome, Part, Piece, Said, Turn};
use crate::provider::{Message, ModelRequest, answer};

/// User messages that carry a cache mark, newest first: the newest writes, the one before it is found again.
const MARKED_USERS: usize = 2;

#[derive(Serialize)]
struct Body<'a> {
    model: &'a str,
    max_tokens: u64,
    stream: bool,
    #[serde(flatten)]
    thinking: Thinking,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<Tool<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    system: Vec<Block<'a>>,
    messages: Vec<RoleMessage<'a>>,
}

#[derive(Serialize)]
struct Tool<'a> {
    name: &'a str,
    description: &'a str,
    input_schema: &'a Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    cache_control: Option<CacheMark>,
}

#[derive(Serialize)]
struct RoleMessage<'a> {
    role: &'static str,
    content: Vec<Block<'a>>,
}

#[derive(Serialize)]
struct Block<'a> {
    #[serde(flatten)]
    content: Content<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cache_control: Option<CacheMark>,
}

#[derive(Serialize)]
#[serde(tag = "type", rename = "ephemeral")]
struct CacheMark {}

#[derive(Serialize)]
#[serde(untagged)]
enum Content<'a> {
    /// A block as it came.
    Echo(&'a Value),
    Own(Own<'a>),
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Own<'a> {
    Text {
        text: Cow<'a, str>,
    },
    Image {
        source: Source<'a>,
    },
    ToolUse {
        id: Cow<'a, str>,
        name: &'a str,
        input: Cow<'a, Value>,
    },
    ToolResult {
        tool_use_id: Cow<'a, str>,
        content: Vec<Block<'a>>,
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        is_error: bool,
    },
}

#[derive(Serialize)]
#[serde(tag = "type", rename = "base64")]
struct Source<'a> {
    media_type: &'a str,
    data: &'a str,
}

impl<'a> From<Own<'a>> for Block<'a> {
    fn from(own: Own<'a>) -> Self {
        Self { content: Content::Own(own), cache_control: None }
    }
}

pub(super) fn body(request: &ModelRequest) -> Vec<u8> {
    let source = answer::source(super::NAME, &request.model);
    let turns = conversation::turns(request, &source);
    let prefix = Prefix::of(request);
    let mut thinking = thinking::thinking(&request.model, request.effort);
    if matches!(thinking.thinking, Some(Mode::Enabled { .. })) && !loop_begins_with_thought(&turns, prefix) {
        thinking = Thinking::default();
    }
    let mut tools: Vec<_> = request.tools.iter().map(tool).collect();
    if let Some(last) = tools.last_mut() {
        last.cache_control = Some(CacheMark {});
    }
    let mut system = Vec::new();
    if !request.system.trim().is_empty() {
        let own = Own::Text { text: Cow::Borrowed(&*request.system) };
        system.push(Block { content: Content::Own(own), cache_control: Some(CacheMark {}) });
    }
    let body = Body {
        model: &request.model.wire,
        max_tokens: request.model.output,
        stream: true,
        thinking,
        tools,
        system,
        messages: messages(turns, prefix),
    };
    serde_json::to_vec(&body).unwrap_or_default()
}

fn tool(spec: &crate::provider::ToolSpec) -> Tool<'_> {
    Tool { name: &spec.name, description: &spec.description, input_schema: &spec.input, cache_control: None }
}

/// A budget is refused when the tool loop that is under way began without a thought, as it does after the model or
/// the effort was changed in the middle of it.
fn loop_begins_with_thought(turns: &[Turn<'_>], prefix: Prefix) -> bool {
    let open = turns.rsplit(|turn| matches!(turn, Turn::User(_))).next().unwrap_or_default();
    let mut said = open.iter().filter_map(|turn| match turn {
        Turn::Assistant(said) => Some(said),
        Turn::User(_) | Turn::Outcomes(_) => None,
    });
    said.next().is_none_or(|first| first.echoes.iter().any(|echo| prefix.holds(echo, first.at)))
}

fn messages(turns: Vec<Turn<'_>>, prefix: Prefix) -> Vec<RoleMessage<'_>> {
    let mut messages: Vec<RoleMessage<'_>> = Vec::with_capacity(turns.len());
    for turn in turns {
        let (role, content): (_, Vec<Block<'_>>) = match turn {
            Turn::User(parts) => ("user", parts.into_iter().map(shown).collect()),
            Turn::Assistant(said) => ("assistant", said_blocks(said, prefix)),
            Turn::Outcomes(outcomes) => ("user", outcomes.into_iter().map(outcome).collect()),
        };
        match messages.last_mut() {
            Some(last) if last.role == role => last.content.extend(content),
            _ => messages.push(RoleMessage { role, content }),
        }
    }
    for user in messages.iter_mut().rev().filter(|message| message.role == "user").take(MARKED_USERS) {
        if let Some(last) = user.content.last_mut() {
            last.cache_control = Some(CacheMark {});
        }
    }
    messages
}

fn said_blocks<'a>(mut said: Said<'a>, prefix: Prefix) -> Vec<Block<'a>> {
    let at = said.at;
    said.echoes.retain(|echo| prefix.holds(echo, at));
    let block = |piece: Piece<'a>| match piece {
        Piece::Echo(item) => Block { content: Content::Echo(item), cache_control: None },
        Piece::Text(text) => Own::Text { text: text.into() }.into(),
        Piece::Call(call) => Block::from(Own::ToolUse {
            id: conversation::wire_id(&call.id),
            name: &call.name,
            input: conversation::object(&call.input),
        }),
    };
    said.pieces().into_iter().map(block).collect()
}

fn outcome(outcome: Outcome<'_>) -> Block<'_> {
    let tool_use_id = conversation::wire_id(&outcome.call.id);
    let is_error = outcome.failed;
    // A failure with an image in it is refused.
    let parts = if is_error { vec![Part::Text(outcome.text().into_owned().into())] } else { outcome.parts };
    let content = parts.into_iter().map(shown).collect();
    Block::from(Own::ToolResult { tool_use_id, content, is_error })
}

fn shown(part: Part<'_>) -> Block<'_> {
    match part {
        Part::Text(text) => Own::Text { text }.into(),
        Part::Image { mime, data } => Own::Image { source: Source { media_type: mime, data } }.into(),
    }
}

/// What stands before a message. A thought is bound to it: one that comes back behind other words is refused, so
/// compacting or another set of tools ends the life of older thoughts.
/// Source: <https://platform.claude.com/docs/en/build-with-claude/preserved-thinking>.
#[derive(Debug, Clone, Copy)]
pub(super) struct Prefix(u64);

impl Prefix {
    /// The conversation only ever grows or is compacted, so its first message and its length tell the rest.
    pub(super) fn of(request: &ModelRequest) -> Self {
        let mut hasher = Fnv(0xcbf2_9ce4_8422_2325);
        request.system.hash(&mut hasher);
        for tool in &*request.tools {
            (&tool.name, &tool.description, &tool.input).hash(&mut hasher);
        }
        if let Some(Message::User(blocks)) = request.messages.first().map(AsRef::as_ref) {
            for block in blocks {
                if let ContentBlock::Text(it) = block {
                    it.text.hash(&mut hasher);
                }
            }
        }
        Self(hasher.finish())
    }

    /// Its name in an echo of the message at `at`.
    pub(super) fn mark(self, at: usize) -> Value {
        format!("{at}/{:016x}", self.0).into()
    }

    fn holds(self, echo: &Value, at: usize) -> bool {
        echo["after"] == self.mark(at)
    }
}

/// FNV-1a: the same in every process, unlike the standard library's.
struct Fnv(u64);

impl Hasher for Fnv {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
