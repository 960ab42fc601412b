use serde_json::{Value, json};

use super::Anthropic;
use super::request::Prefix;
use super::thinking::{Mode, thinking};
use crate::provider::dialect::Dialect;
use crate::provider::tests::recorded;
use crate::provider::tests::rich::{self, call, model, said, user};
use crate::provider::{Echo, Effort, Message, ModelRequest};

fn echo(wire: &str, after: &Value, item: &Value) -> Echo {
    let data = json!({ "item": item, "text": 0, "calls": 0, "after": after });
    Echo { source: format!("anthropic:{wire}").into(), data }
}

/// A conversation whose answers were thought about.
fn thought(wire: &str) -> ModelRequest {
    let prefix = Prefix::of(&rich::conversation(model(wire), |_| Vec::new()));
    rich::conversation(model(wire), |at| {
        vec![
            echo(wire, &prefix.mark(at), &json!({ "type": "thinking", "thinking": "hm", "signature": "s" })),
            echo("another", &prefix.mark(at), &json!({ "type": "redacted_thinking", "data": "not yours" })),
        ]
    })
}

#[test]
fn a_rich_conversation_becomes_the_kept_body() {
    rich::body_is_kept(&Anthropic, "anthropic", "budget", &thought("claude-sonnet-4-5"));
    rich::body_is_kept(&Anthropic, "anthropic", "adaptive", &thought("claude-opus-4-6"));
}

#[test]
fn at_most_four_cache_marks_are_set() {
    let marks = |request: &ModelRequest| {
        String::from_utf8(Anthropic.body(request)).unwrap().matches("cache_control").count()
    };
    assert_eq!(marks(&thought("claude-opus-4-6")), 4);
    assert_eq!(marks(&rich::request(model("m"), vec![user("hi")])), 1);
}

#[test]
fn a_thought_ends_with_the_words_before_it() {
    let signed = |request: &ModelRequest| {
        String::from_utf8(Anthropic.body(request)).unwrap().matches("\"signature\"").count()
    };
    let request = thought("claude-opus-4-6");
    assert_eq!(signed(&request), 2);
    assert_eq!(signed(&ModelRequest { system: "Another.".into(), ..request.clone() }), 0);
    assert_eq!(signed(&ModelRequest { tools: [].into(), ..request.clone() }), 0);
    let mut compacted = request.clone();
    compacted.messages.splice(..3, [user("In short: …").into()]);
    assert_eq!(signed(&compacted), 0);
    let mut another = request;
    another.model = model("claude-opus-4-7").into();
    assert_eq!(signed(&another), 0);
}

#[test]
fn what_the_reader_gives_goes_back_as_it_came() {
    let mut request = rich::request(model("claude-opus-4-6"), vec![user("go")]);
    let mut reader = Anthropic.reader(&request);
    let mut out = Vec::new();
    let path = crate::provider::tests::golden::folder("anthropic").join("interleaved.sse");
    for (name, data) in recorded::events(&std::fs::read_to_string(path).unwrap()) {
        reader.event(name.as_deref(), &data, &mut out).unwrap();
    }
    let (mut text, mut calls, mut echoes) = (String::new(), Vec::new(), Vec::new());
    for delta in out {
        match delta {
            crate::provider::Delta::Text(more) => text += &more,
            crate::provider::Delta::Call(call) => calls.push(call),
            crate::provider::Delta::Echo(echo) => echoes.push(echo),
            _ => {}
        }
    }
    request.messages.push(Message::Assistant { text, calls, echoes }.into());
    let body = rich::body(&Anthropic, &request);
    let kinds: Vec<_> =
        body["messages"][1]["content"].as_array().unwrap().iter().map(|it| it["type"].as_str()).collect();
    let expected = ["redacted_thinking", "text", "tool_use", "thinking", "tool_use"].map(Some);
    assert_eq!(kinds, expected);
    assert_eq!(body["messages"][1]["content"][4]["input"], json!({ "arguments": "{\"path\": oops}" }));
}

#[test]
fn each_model_is_told_to_think_in_its_own_way() {
    let told = |wire: &str, effort| serde_json::to_value(thinking(&model(wire), effort)).unwrap();
    let adaptive = |effort: Option<&str>| {
        let mut told = json!({ "thinking": { "type": "adaptive", "display": "summarized" } });
        if let Some(effort) = effort {
            told["output_config"] = json!({ "effort": effort });
        }
        told
    };
    let budget = |tokens: u64| json!({ "thinking": { "type": "enabled", "budget_tokens": tokens } });
    for wire in
        ["claude-sonnet-4-5-20250929", "claude-3-7-sonnet-latest", "claude-sonnet-4-20250514", "kimi-k2"]
    {
        assert_eq!(told(wire, Some(Effort::Medium)), budget(8_192), "{wire}");
        assert_eq!(told(wire, Some(Effort::Off)), json!({}), "{wire}");
        assert_eq!(told(wire, None), json!({}), "{wire}");
    }
    for wire in ["claude-opus-4-6", "anthropic/claude-opus-4.7", "claude-sonnet-4-6@20260101"] {
        assert_eq!(told(wire, Some(Effort::High)), adaptive(Some("high")), "{wire}");
        assert_eq!(told(wire, Some(Effort::Off)), json!({}), "{wire}");
        assert_eq!(told(wire, None), json!({}), "{wire}");
    }
    let off = |wire| told(wire, Some(Effort::Off));
    for wire in
        ["claude-sonnet-5", "claude-opus-5", "claude-haiku-5-5", "claude-opus-5-5", "claude-fable-5-1"]
    {
        assert_eq!(told(wire, Some(Effort::Low)), adaptive(Some("low")), "{wire}");
        assert_eq!(told(wire, None), adaptive(None), "{wire}");
    }
    assert_eq!(off("claude-sonnet-5"), json!({ "thinking": { "type": "disabled" } }));
    assert_eq!(off("claude-sonnet-5-5"), json!({ "thinking": { "type": "between_tools" } }));
    assert_eq!(off("claude-opus-5-5"), adaptive(Some("low")));
    assert_eq!(off("claude-mythos-preview"), adaptive(Some("low")));
    let small = crate::provider::ModelInfo { output: 2_000, ..model("claude-haiku-4-5") };
    assert_eq!(thinking(&small, Some(Effort::High)).thinking, None);
    let middling = crate::provider::ModelInfo { output: 8_192, ..model("claude-haiku-4-5") };
    assert_eq!(
        thinking(&middling, Some(Effort::High)).thinking,
        Some(Mode::Enabled { budget_tokens: 4_096 })
    );
}

#[test]
fn a_budget_is_left_out_when_the_open_loop_began_without_a_thought() {
    let loop_of = |wire: &str| {
        let messages = vec![user("go"), said("", vec![call("a", "read", json!({}))]), rich::result("a", "1")];
        let request = rich::request(model(wire), messages);
        rich::body(&Anthropic, &ModelRequest { effort: Some(Effort::High), ..request })["thinking"].clone()
    };
    assert_eq!(loop_of("claude-sonnet-4-5"), json!(null));
    assert_eq!(loop_of("claude-opus-4-6")["type"], "adaptive");
}

#[test]
fn events_and_blocks_that_nobody_knows_mean_nothing() {
    let odd = [
        json!({ "type": "ping" }),
        json!({ "type": "tomorrow", "index": "x".len(), "new": { "deep": [1] } }),
        json!({ "type": "content_block_start", "index": 0, "content_block": { "type": "new", "text": { "no": 1 } } }),
        json!({ "type": "content_block_delta", "index": 0, "delta": { "type": "new_delta" } }),
        json!({ "type": "content_block_stop", "index": 0 }),
        json!({ "type": "content_block_stop", "index": 9 }),
        json!({ "type": "message_stop" }),
    ];
    assert_eq!(recorded::answer(&Anthropic, &odd), [json!({ "done": "end_turn" })]);
}

#[test]
fn why_it_stopped_is_told() {
    let stop = |reason: &str| {
        let events = [
            json!({ "type": "message_delta", "delta": { "stop_reason": reason } }),
            json!({ "type": "message_stop" }),
        ];
        recorded::answer(&Anthropic, &events).pop().unwrap()["done"].clone()
    };
    for reason in ["end_turn", "tool_use", "stop_sequence", "pause_turn", "new"] {
        assert_eq!(stop(reason), "end_turn", "{reason}");
    }
    assert_eq!(stop("max_tokens"), "max_tokens");
    assert_eq!(stop("model_context_window_exceeded"), "max_tokens");
    assert_eq!(stop("refusal"), "refusal");
}
