use serde_json::{Value, json};

use super::request::thinking;
use super::{Gemini, schema};
use crate::provider::dialect::Dialect;
use crate::provider::tests::recorded;
use crate::provider::tests::rich::{self, model};
use crate::provider::{Echo, Effort, ModelInfo};

fn signed(wire: &str) -> Vec<Echo> {
    let data =
        [json!({ "call": 0, "signature": "c2lnMA==", "id": "g0" }), json!({ "signature": "dGV4dA==" })];
    data.into_iter().map(|data| Echo { source: format!("gemini:{wire}").into(), data }).collect()
}

#[test]
fn a_rich_conversation_becomes_the_kept_body() {
    let of = |wire: &str| rich::conversation(model(wire), |_| signed(wire));
    rich::body_is_kept(&Gemini, "gemini", "level", &of("gemini-3-flash-preview"));
    rich::body_is_kept(&Gemini, "gemini", "budget", &of("gemini-2.5-pro"));
}

#[test]
fn a_call_of_somebody_else_is_signed_with_the_documented_word_where_one_is_asked_for() {
    let first = |wire: &str| {
        let request = rich::conversation(model(wire), |_| signed("another"));
        rich::body(&Gemini, &request)["contents"][1]["parts"].clone()
    };
    let parts = first("gemini-3-pro-preview");
    assert_eq!(parts[1]["thoughtSignature"], "skip_thought_signature_validator");
    assert_eq!(parts[2]["thoughtSignature"], Value::Null);
    assert_eq!(parts[0]["thoughtSignature"], Value::Null);
    assert_eq!(first("gemini-2.5-flash")[1]["thoughtSignature"], Value::Null);
    assert_eq!(first("gemini-flash-latest")[1]["thoughtSignature"], "skip_thought_signature_validator");
}

#[test]
fn each_generation_is_told_to_think_in_its_own_way() {
    let told = |wire: &str, effort| serde_json::to_value(thinking(&model(wire), effort)).unwrap();
    let level = |it: &str| json!({ "includeThoughts": true, "thinkingLevel": it });
    let budget = |it: i64| json!({ "includeThoughts": it > 128, "thinkingBudget": it });
    assert_eq!(told("gemini-2.5-flash", Some(Effort::Off)), budget(0));
    assert_eq!(told("gemini-2.5-pro", Some(Effort::Off)), budget(128));
    assert_eq!(told("gemini-2.5-pro", Some(Effort::High)), budget(24_576));
    assert_eq!(told("gemini-3-pro-preview", Some(Effort::Medium)), level("high"));
    assert_eq!(told("gemini-3.1-pro-preview", Some(Effort::Medium)), level("medium"));
    assert_eq!(told("gemini-3-flash-preview", Some(Effort::Low)), level("low"));
    assert_eq!(told("gemini-3-flash-preview", Some(Effort::Off))["thinkingLevel"], "minimal");
    assert_eq!(told("gemini-3-flash-preview", None), json!({ "includeThoughts": true }));
    assert_eq!(thinking(&ModelInfo::unknown("gemini", "gemini-2.0-flash"), None), None);
}

/// What a JSON Schema becomes as the only property of a function.
fn converted(property: &Value) -> Value {
    let input = json!({
        "type": "object",
        "properties": { "it": property },
        "$defs": { "name": { "type": "string", "title": "Name" }, "tree": { "$ref": "#/$defs/tree" } },
    });
    schema::parameters(&input).unwrap()["properties"]["it"].clone()
}

#[test]
fn a_schema_says_only_what_the_api_reads() {
    let rows = [
        (json!({ "const": "a" }), json!({ "type": "string", "format": "enum", "enum": ["a"] })),
        (
            json!({ "enum": [1, 2], "description": "N." }),
            json!({ "type": "integer", "description": "N. One of: 1, 2." }),
        ),
        (json!({ "type": ["string", "null"] }), json!({ "type": "string", "nullable": true })),
        (
            json!({ "type": ["string", "integer"], "description": "D" }),
            json!({ "description": "D", "anyOf": [{ "type": "string" }, { "type": "integer" }] }),
        ),
        (
            json!({ "oneOf": [{ "type": "null" }, { "type": "integer", "exclusiveMinimum": 0 }] }),
            json!({ "type": "integer", "minimum": 1, "nullable": true }),
        ),
        (
            json!({ "anyOf": [{ "type": "string" }, { "type": "boolean" }], "default": "x" }),
            json!({ "anyOf": [{ "type": "string" }, { "type": "boolean" }] }),
        ),
        (
            json!({ "$ref": "#/$defs/name", "description": "D" }),
            json!({ "type": "string", "description": "D" }),
        ),
        (json!({ "$ref": "#/$defs/tree" }), json!({ "type": "string" })),
        (json!({ "$ref": "http://elsewhere" }), json!({ "type": "string" })),
        (json!({ "type": "array" }), json!({ "type": "array", "items": { "type": "string" } })),
        (
            json!({ "type": "number", "exclusiveMaximum": 1.5, "multipleOf": 0.5 }),
            json!({ "type": "number", "maximum": 1.5 }),
        ),
        (json!({ "type": "string", "format": "uri" }), json!({ "type": "string" })),
        (
            json!({ "type": "string", "format": "date-time" }),
            json!({ "type": "string", "format": "date-time" }),
        ),
        (json!({ "type": "object", "additionalProperties": true }), json!({ "type": "object" })),
        (json!(true), json!({ "type": "string" })),
        (
            json!({ "allOf": [{ "properties": { "a": { "type": "string" } }, "required": ["a", "z"] }], "type": "object" }),
            json!({ "type": "object", "properties": { "a": { "type": "string" } }, "required": ["a"] }),
        ),
    ];
    for (from, to) in rows {
        assert_eq!(converted(&from), to, "{from}");
    }
    for none in [json!({ "type": "object" }), json!({ "type": "object", "properties": {} }), json!(null)] {
        assert_eq!(schema::parameters(&none), None);
    }
}

#[test]
fn why_it_stopped_is_told() {
    let stop = |reason: &str| {
        let event =
            json!({ "candidates": [{ "content": { "parts": [{ "text": "a" }] }, "finishReason": reason }] });
        recorded::answer(&Gemini, &[event]).pop().unwrap()
    };
    for reason in ["STOP", "OTHER", "TOMORROW"] {
        assert_eq!(stop(reason)["done"], "end_turn", "{reason}");
    }
    for reason in ["SAFETY", "RECITATION", "LANGUAGE", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII"] {
        assert_eq!(stop(reason)["done"], "refusal", "{reason}");
    }
    assert_eq!(stop("MAX_TOKENS")["done"], "max_tokens");
    assert_eq!(stop("UNEXPECTED_TOOL_CALL")["retry"], true);
}

#[test]
fn the_path_names_the_model() {
    let path = |wire: &str| Gemini.path(&rich::request(model(wire), Vec::new()));
    assert_eq!(path("gemini-2.5-pro"), "/models/gemini-2.5-pro:streamGenerateContent?alt=sse");
    assert_eq!(path("tunedModels/mine"), "/tunedModels/mine:streamGenerateContent?alt=sse");
}
