//! A request as a body of chat completions.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::Value;

use super::vendor::{Limit, Thinking, Vendor};
use crate::provider::conversation::{self, Outcome, Part, Said, Turn};
use crate::provider::{ModelRequest, ToolSpec};

#[derive(Serialize)]
struct Body<'a> {
    model: &'a str,
    messages: Vec<Line<'a>>,
    stream: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream_options: Option<StreamOptions>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<Tool<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_completion_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning_effort: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning: Option<Reasoning>,
    #[serde(skip_serializing_if = "Option::is_none")]
    thinking: Option<Switch>,
    #[serde(skip_serializing_if = "Option::is_none")]
    prompt_cache_key: Option<&'a str>,
}

#[derive(Serialize)]
struct StreamOptions {
    include_usage: bool,
}

#[derive(Serialize)]
struct Reasoning {
    effort: &'static str,
}

#[derive(Serialize)]
struct Switch {
    #[serde(rename = "type")]
    kind: &'static str,
}

#[derive(Serialize)]
struct Tool<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    function: Declaration<'a>,
}

#[derive(Serialize)]
struct Declaration<'a> {
    name: &'a str,
    description: &'a str,
    parameters: &'a Value,
}

#[derive(Serialize)]
#[serde(tag = "role", rename_all = "lowercase")]
enum Line<'a> {
    System {
        content: &'a str,
    },
    User {
        content: Content<'a>,
    },
    Assistant {
        content: Option<&'a str>,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        tool_calls: Vec<Call<'a>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        reasoning_content: Option<&'a Value>,
        #[serde(skip_serializing_if = "Option::is_none")]
        reasoning_details: Option<&'a Value>,
    },
    Tool {
        tool_call_id: Cow<'a, str>,
        content: Cow<'a, str>,
    },
}

#[derive(Serialize)]
#[serde(untagged)]
enum Content<'a> {
    Text(Cow<'a, str>),
    Pieces(Vec<Piece<'a>>),
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Piece<'a> {
    Text { text: Cow<'a, str> },
    ImageUrl { image_url: ImageUrl },
}

#[derive(Serialize)]
struct ImageUrl {
    url: String,
}

#[derive(Serialize)]
struct Call<'a> {
    id: Cow<'a, str>,
    #[serde(rename = "type")]
    kind: &'static str,
    function: Function<'a>,
}

#[derive(Serialize)]
struct Function<'a> {
    name: &'a str,
    /// JSON, as text.
    arguments: String,
}

pub(super) fn body(vendor: Vendor, request: &ModelRequest) -> Vec<u8> {
    let limit = |name: Limit| (vendor.limit() == name).then_some(request.model.output);
    let thinking = request.effort.map(|effort| vendor.thinking(&request.model.wire, effort));
    let body = Body {
        model: &request.model.wire,
        messages: messages(vendor, request),
        stream: true,
        stream_options: vendor.wants_usage_option().then_some(StreamOptions { include_usage: true }),
        tools: request.tools.iter().map(tool).collect(),
        max_tokens: limit(Limit::MaxTokens),
        max_completion_tokens: limit(Limit::MaxCompletionTokens),
        reasoning_effort: match thinking {
            Some(Thinking::Effort(level)) => Some(level),
            _ => None,
        },
        reasoning: match thinking {
            Some(Thinking::Reasoning(effort)) => Some(Reasoning { effort }),
            _ => None,
        },
        thinking: match thinking {
            Some(Thinking::Switch(kind)) => Some(Switch { kind }),
            _ => None,
        },
        prompt_cache_key: vendor.cache_key(&request.session),
    };
    serde_json::to_vec(&body).unwrap_or_default()
}

fn tool(spec: &ToolSpec) -> Tool<'_> {
    let function = Declaration { name: &spec.name, description: &spec.description, parameters: &spec.input };
    Tool { kind: "function", function }
}

fn messages(vendor: Vendor, request: &ModelRequest) -> Vec<Line<'_>> {
    let turns = conversation::turns(request, &super::source(request));
    // Thoughts of a tool loop that goes on are wanted back; older ones are not, and cost tokens.
    let open = turns.iter().rposition(|turn| matches!(turn, Turn::User(_))).unwrap_or(0);
    let mut lines = Vec::with_capacity(turns.len() + 1);
    if !request.system.is_empty() {
        lines.push(Line::System { content: &request.system });
    }
    for (at, turn) in turns.into_iter().enumerate() {
        match turn {
            Turn::User(parts) => lines.push(Line::User { content: content(parts) }),
            Turn::Assistant(said) => lines.push(assistant(vendor, &said, at > open)),
            Turn::Outcomes(outcomes) => results(vendor, outcomes, &mut lines),
        }
    }
    lines
}

fn assistant<'a>(vendor: Vendor, said: &Said<'a>, in_open_loop: bool) -> Line<'a> {
    let call = |call: &'a crate::provider::ModelCall| Call {
        id: vendor.call_id(&call.id),
        kind: "function",
        function: Function { name: &call.name, arguments: conversation::object(&call.input).to_string() },
    };
    let echo = |key: &str| said.echoes.iter().find_map(|echo| echo.get(key));
    Line::Assistant {
        content: Some(said.text).filter(|text| !text.is_empty()),
        tool_calls: said.calls.iter().map(call).collect(),
        reasoning_content: echo("reasoning_content").filter(|_| in_open_loop),
        reasoning_details: echo("reasoning_details"),
    }
}

/// Results are texts; the images they show follow as one message of the user.
fn results<'a>(vendor: Vendor, outcomes: Vec<Outcome<'a>>, lines: &mut Vec<Line<'a>>) {
    let mut shown = Vec::new();
    for outcome in outcomes {
        let content = outcome.text().into_owned().into();
        lines.push(Line::Tool { tool_call_id: vendor.call_id(&outcome.call.id), content });
        let images = outcome.parts.into_iter().filter(|part| matches!(part, Part::Image { .. }));
        let mut images = images.map(piece).peekable();
        if images.peek().is_some() {
            let text = format!("(What {} has shown:)", outcome.call.name).into();
            shown.push(Piece::Text { text });
            shown.extend(images);
        }
    }
    if !shown.is_empty() {
        lines.push(Line::User { content: Content::Pieces(shown) });
    }
}

/// Text alone is sent as text: not every server takes pieces.
fn content(parts: Vec<Part<'_>>) -> Content<'_> {
    if parts.iter().any(|part| matches!(part, Part::Image { .. })) {
        return Content::Pieces(parts.into_iter().map(piece).collect());
    }
    let mut texts = parts.into_iter().filter_map(|part| match part {
        Part::Text(text) => Some(text),
        Part::Image { .. } => None,
    });
    let first = texts.next().unwrap_or_default();
    Content::Text(texts.fold(first, |all, next| all + "\n" + next))
}

fn piece(part: Part<'_>) -> Piece<'_> {
    match part {
        Part::Text(text) => Piece::Text { text },
        Part::Image { mime, data } => {
            Piece::ImageUrl { image_url: ImageUrl { url: format!("data:{mime};base64,{data}") } }
        }
    }
}
