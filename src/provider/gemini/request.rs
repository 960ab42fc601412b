//! A request as a body of `streamGenerateContent`.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::{Value, json};

use super::schema;
use crate::provider::conversation::{self, Outcome, Part as Shown, Said, Turn};
use crate::provider::{Effort, ModelInfo, ModelRequest, ToolSpec, answer};

/// Stands for the signature of a call that was made by somebody else; the API asks for one from Gemini 3 on.
/// Source: <https://ai.google.dev/gemini-api/docs/thought-signatures>.
const NO_SIGNATURE: &str = "skip_thought_signature_validator";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    system_instruction: Option<Content<'a>>,
    contents: Vec<Content<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<Tools<'a>>,
    generation_config: GenerationConfig,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Tools<'a> {
    function_declarations: Vec<Declaration<'a>>,
}

#[derive(Serialize)]
struct Declaration<'a> {
    name: &'a str,
    description: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    parameters: Option<Value>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct GenerationConfig {
    max_output_tokens: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    thinking_config: Option<Thinking>,
}

#[derive(Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Thinking {
    include_thoughts: bool,
    /// Up to 2.5.
    #[serde(rename = "thinkingBudget", skip_serializing_if = "Option::is_none")]
    budget: Option<i64>,
    /// From 3 on.
    #[serde(rename = "thinkingLevel", skip_serializing_if = "Option::is_none")]
    level: Option<&'static str>,
}

#[derive(Serialize)]
struct Content<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'static str>,
    parts: Vec<Part<'a>>,
}

#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Part<'a> {
    #[serde(flatten)]
    data: Data<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    thought_signature: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
enum Data<'a> {
    Text(Cow<'a, str>),
    #[serde(rename = "inlineData", rename_all = "camelCase")]
    Inline {
        mime_type: &'a str,
        data: &'a str,
    },
    FunctionCall {
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<&'a str>,
        name: &'a str,
        args: Cow<'a, Value>,
    },
    FunctionResponse {
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<&'a str>,
        name: &'a str,
        response: Value,
    },
}

impl Default for Data<'_> {
    fn default() -> Self {
        Self::Text("".into())
    }
}

impl<'a> From<Data<'a>> for Part<'a> {
    fn from(data: Data<'a>) -> Self {
        Self { data, thought_signature: None }
    }
}

pub(super) fn body(request: &ModelRequest) -> Vec<u8> {
    let source = answer::source(super::NAME, &request.model);
    let text = |text| Content { role: None, parts: vec![Data::Text(Cow::Borrowed(text)).into()] };
    let declarations: Vec<_> = request.tools.iter().map(declaration).collect();
    let body = Body {
        system_instruction: (!request.system.trim().is_empty()).then(|| text(&*request.system)),
        contents: contents(conversation::turns(request, &source), signs(&request.model.wire)),
        tools: if declarations.is_empty() {
            Vec::new()
        } else {
            vec![Tools { function_declarations: declarations }]
        },
        generation_config: GenerationConfig {
            max_output_tokens: request.model.output,
            thinking_config: thinking(&request.model, request.effort),
        },
    };
    serde_json::to_vec(&body).unwrap_or_default()
}

fn declaration(tool: &ToolSpec) -> Declaration<'_> {
    Declaration {
        name: &tool.name,
        description: &tool.description,
        parameters: schema::parameters(&tool.input),
    }
}

/// Whether a model is of the generations that want a signature with the first call of each step.
fn signs(wire: &str) -> bool {
    major(wire).is_none_or(|major| major >= 3)
}

fn major(wire: &str) -> Option<u32> {
    let (_, version) = wire.split_once("gemini-")?;
    version.split(|it: char| !it.is_ascii_digit()).next()?.parse().ok()
}

/// Source: <https://ai.google.dev/gemini-api/docs/thinking>.
pub(super) fn thinking(model: &ModelInfo, effort: Option<Effort>) -> Option<Thinking> {
    let wire = &model.wire;
    let Some(effort) = effort else {
        let include_thoughts = !model.efforts.is_empty();
        return include_thoughts.then_some(Thinking { include_thoughts, budget: None, level: None });
    };
    let include_thoughts = effort != Effort::Off;
    if signs(wire) {
        let pro = wire.contains("pro");
        let level = match effort {
            Effort::Off if pro => "low",
            Effort::Off => "minimal",
            Effort::Low => "low",
            // The first Pro of the generation knows two levels.
            Effort::Medium if wire.contains("gemini-3-pro") => "high",
            Effort::Medium => "medium",
            Effort::High => "high",
        };
        return Some(Thinking { include_thoughts, budget: None, level: Some(level) });
    }
    let budget = match effort {
        // Pro cannot be told not to think.
        Effort::Off if wire.contains("pro") => 128,
        Effort::Off => 0,
        Effort::Low => 1_024,
        Effort::Medium => 8_192,
        Effort::High => 24_576,
    };
    Some(Thinking { include_thoughts, budget: Some(budget), level: None })
}

fn contents(turns: Vec<Turn<'_>>, signs: bool) -> Vec<Content<'_>> {
    let mut contents: Vec<Content<'_>> = Vec::with_capacity(turns.len());
    let mut ids = Vec::new();
    for turn in turns {
        let (role, parts) = match turn {
            Turn::User(shows) => ("user", shows.into_iter().map(shown).collect()),
            Turn::Assistant(said) => {
                let (parts, given) = said_parts(&said, signs);
                ids = given;
                ("model", parts)
            }
            Turn::Outcomes(outcomes) => ("user", outcome_parts(outcomes, &ids)),
        };
        match contents.last_mut() {
            Some(last) if last.role == Some(role) => last.parts.extend(parts),
            _ => contents.push(Content { role: Some(role), parts }),
        }
    }
    contents
}

/// What the model said, and the ids it gave its calls itself.
fn said_parts<'a>(said: &Said<'a>, signs: bool) -> (Vec<Part<'a>>, Vec<Option<&'a str>>) {
    let mark = |call: Option<usize>| {
        let call = call.map(|it| it as u64);
        said.echoes.iter().copied().filter(move |echo| echo["call"].as_u64() == call)
    };
    let signature = |call| mark(call).find_map(|echo| echo["signature"].as_str());
    let mut parts = Vec::new();
    if !said.text.trim().is_empty() {
        parts.push(Part { data: Data::Text(said.text.into()), thought_signature: signature(None) });
    }
    let mut ids = Vec::new();
    for (at, call) in said.calls.iter().enumerate() {
        let id = mark(Some(at)).find_map(|echo| echo["id"].as_str());
        ids.push(id);
        let data = Data::FunctionCall { id, name: &call.name, args: conversation::object(&call.input) };
        let missing = (signs && at == 0).then_some(NO_SIGNATURE);
        parts.push(Part { data, thought_signature: signature(Some(at)).or(missing) });
    }
    (parts, ids)
}

/// All responses first: they are counted against the calls.
fn outcome_parts<'a>(outcomes: Vec<Outcome<'a>>, ids: &[Option<&'a str>]) -> Vec<Part<'a>> {
    let mut parts = Vec::new();
    let mut images = Vec::new();
    for (at, outcome) in outcomes.into_iter().enumerate() {
        let key = if outcome.failed { "error" } else { "output" };
        let response = json!({ key: outcome.text() });
        let id = ids.get(at).copied().flatten();
        parts.push(Data::FunctionResponse { id, name: &outcome.call.name, response }.into());
        images.extend(outcome.parts.into_iter().filter(|it| matches!(it, Shown::Image { .. })).map(shown));
    }
    parts.extend(images);
    parts
}

fn shown(part: Shown<'_>) -> Part<'_> {
    match part {
        Shown::Text(text) => Data::Text(text).into(),
        Shown::Image { mime: "image/gif", .. } => {
            Data::Text("(A GIF was left out: this model takes PNG, JPEG and WebP.)".into()).into()
        }
        Shown::Image { mime, data } => Data::Inline { mime_type: mime, data }.into(),
    }
}
