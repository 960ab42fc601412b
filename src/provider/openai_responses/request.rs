//! A request as a body of the Responses API.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::Value;

use crate::provider::conversation::{self, Outcome, Part, Piece, Said, Turn};
use crate::provider::{Effort, ModelRequest, ToolSpec, answer};

#[derive(Serialize)]
struct Body<'a> {
    model: &'a str,
    stream: bool,
    store: bool,
    #[serde(skip_serializing_if = "str::is_empty")]
    instructions: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<Tool<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parallel_tool_calls: Option<bool>,
    max_output_tokens: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning: Option<Reasoning>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    include: &'static [&'static str],
    #[serde(skip_serializing_if = "str::is_empty")]
    prompt_cache_key: &'a str,
    input: Vec<Item<'a>>,
}

#[derive(Serialize)]
#[serde(tag = "type", rename = "function")]
struct Tool<'a> {
    name: &'a str,
    description: &'a str,
    parameters: &'a Value,
    /// Strict schemas have no optional properties; ours have.
    strict: bool,
}

#[derive(Serialize)]
struct Reasoning {
    #[serde(skip_serializing_if = "Option::is_none")]
    effort: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    summary: Option<&'static str>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Item<'a> {
    /// An item as it came.
    Echo(&'a Value),
    Own(Own<'a>),
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Own<'a> {
    Message {
        role: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        phase: Option<&'a str>,
        content: Vec<Content<'a>>,
    },
    FunctionCall {
        call_id: Cow<'a, str>,
        name: &'a str,
        arguments: String,
    },
    FunctionCallOutput {
        call_id: Cow<'a, str>,
        output: Output<'a>,
    },
}

#[derive(Serialize)]
#[serde(untagged)]
enum Output<'a> {
    Text(String),
    Parts(Vec<Content<'a>>),
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Content<'a> {
    InputText { text: Cow<'a, str> },
    InputImage { image_url: String },
    OutputText { text: &'a str },
}

pub(super) fn body(request: &ModelRequest) -> Vec<u8> {
    let source = answer::source(super::NAME, &request.model);
    let turns = conversation::turns(request, &source);
    // Models that do not reason refuse both fields.
    let reasons = request.effort.is_some() || !request.model.efforts.is_empty();
    let tools: Vec<_> = request.tools.iter().map(tool).collect();
    let body = Body {
        model: &request.model.wire,
        stream: true,
        store: false,
        instructions: &request.system,
        parallel_tool_calls: (!tools.is_empty()).then_some(true),
        tools,
        max_output_tokens: request.model.output,
        reasoning: reasons.then(|| reasoning(&request.model.wire, request.effort)),
        include: if reasons { &["reasoning.encrypted_content"] } else { &[] },
        prompt_cache_key: cache_key(&request.session),
        input: turns.into_iter().flat_map(items).collect(),
    };
    serde_json::to_vec(&body).unwrap_or_default()
}

fn tool(spec: &ToolSpec) -> Tool<'_> {
    Tool { name: &spec.name, description: &spec.description, parameters: &spec.input, strict: false }
}

fn reasoning(wire: &str, effort: Option<Effort>) -> Reasoning {
    let summary = (effort != Some(Effort::Off)).then_some("auto");
    Reasoning { effort: effort.map(|effort| level(wire, effort)), summary }
}

/// What "off" is called differs: <https://platform.openai.com/docs/guides/reasoning>.
pub(in crate::provider) fn level(wire: &str, effort: Effort) -> &'static str {
    let wire = wire.rsplit('/').next().unwrap_or(wire);
    let first_of_five = wire == "gpt-5" || wire.starts_with("gpt-5-");
    match effort {
        Effort::Off if wire.contains("codex") || wire.starts_with('o') => "low",
        Effort::Off if first_of_five => "minimal",
        Effort::Off => "none",
        Effort::Low => "low",
        Effort::Medium => "medium",
        Effort::High => "high",
    }
}

/// At most 64 characters are taken.
pub(in crate::provider) fn cache_key(session: &str) -> &str {
    &session[..session.floor_char_boundary(64)]
}

fn items(turn: Turn<'_>) -> Vec<Item<'_>> {
    match turn {
        Turn::User(parts) => {
            let content = parts.into_iter().map(shown).collect();
            vec![Item::Own(Own::Message { role: "user", phase: None, content })]
        }
        Turn::Assistant(said) => said_items(&said),
        Turn::Outcomes(outcomes) => outcomes.into_iter().map(outcome).collect(),
    }
}

fn said_items<'a>(said: &Said<'a>) -> Vec<Item<'a>> {
    let mut items = Vec::new();
    let mut phase = None;
    for piece in said.pieces() {
        items.push(match piece {
            Piece::Echo(item) => match item["phase"].as_str() {
                Some(next) => {
                    phase = Some(next);
                    continue;
                }
                None => Item::Echo(item),
            },
            Piece::Text(text) => {
                let content = vec![Content::OutputText { text }];
                Item::Own(Own::Message { role: "assistant", phase: phase.take(), content })
            }
            Piece::Call(call) => Item::Own(Own::FunctionCall {
                call_id: conversation::wire_id(&call.id),
                name: &call.name,
                arguments: conversation::object(&call.input).to_string(),
            }),
        });
    }
    // Reasoning that led to nothing is refused.
    while matches!(items.last(), Some(Item::Echo(_))) {
        items.pop();
    }
    items
}

fn outcome(outcome: Outcome<'_>) -> Item<'_> {
    let images = outcome.parts.iter().any(|part| matches!(part, Part::Image { .. }));
    let call_id = conversation::wire_id(&outcome.call.id);
    let output = if images {
        Output::Parts(outcome.parts.into_iter().map(shown).collect())
    } else {
        Output::Text(outcome.text().into_owned())
    };
    Item::Own(Own::FunctionCallOutput { call_id, output })
}

fn shown(part: Part<'_>) -> Content<'_> {
    match part {
        Part::Text(text) => Content::InputText { text },
        Part::Image { mime, data } => Content::InputImage { image_url: format!("data:{mime};base64,{data}") },
    }
}
