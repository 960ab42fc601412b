use serde_json::{Value, json};

use super::{Vendor, dialect};
use crate::provider::tests::rich::{self, call, model, request, result, said, user};
use crate::provider::{Echo, Effort, Message, ModelInfo, ModelRequest};

const VENDORS: [Vendor; 6] =
    [Vendor::OpenAi, Vendor::OpenRouter, Vendor::DeepSeek, Vendor::Mistral, Vendor::Local, Vendor::Other];

fn echo(wire: &str, data: Value) -> Vec<Echo> {
    vec![Echo { source: format!("openai_chat:{wire}").into(), data }]
}

fn body(vendor: Vendor, request: &ModelRequest) -> Value {
    rich::body(&dialect(vendor), request)
}

#[test]
fn a_rich_conversation_becomes_the_kept_body() {
    let details =
        |_| echo("m-1", json!({ "reasoning_details": [{ "type": "reasoning.encrypted", "data": "x" }] }));
    for (vendor, case) in
        [(Vendor::OpenAi, "openai"), (Vendor::Mistral, "mistral"), (Vendor::OpenRouter, "openrouter")]
    {
        let request = rich::conversation(model("m-1"), details);
        rich::body_is_kept(&dialect(vendor), "openai_chat", case, &request);
    }
}

#[test]
fn a_vendor_is_known_by_its_host() {
    for (base_url, vendor) in [
        ("https://api.openai.com/v1", Vendor::OpenAi),
        ("https://me.openai.azure.com/openai/v1", Vendor::OpenAi),
        ("https://openrouter.ai/api/v1", Vendor::OpenRouter),
        ("https://api.deepseek.com", Vendor::DeepSeek),
        ("https://api.mistral.ai/v1", Vendor::Mistral),
        ("http://localhost:11434/v1", Vendor::Local),
        ("http://127.0.0.1:8080/v1", Vendor::Local),
        ("https://api.groq.com/openai/v1", Vendor::Other),
        ("https://notopenai.com/v1", Vendor::Other),
        ("https://api.openai.com.example.org/v1", Vendor::Other),
        ("nonsense", Vendor::Other),
    ] {
        assert_eq!(Vendor::of(base_url), vendor, "{base_url}");
    }
}

#[test]
fn the_limit_of_an_answer_has_the_name_its_vendor_takes() {
    let request = request(ModelInfo::unknown("x", "m"), vec![user("hi")]);
    for vendor in VENDORS {
        let body = body(vendor, &request);
        let told = (body["max_tokens"].as_u64(), body["max_completion_tokens"].as_u64());
        let expected = match vendor {
            Vendor::OpenAi => (None, Some(8_192)),
            Vendor::Local => (None, None),
            _ => (Some(8_192), None),
        };
        assert_eq!(told, expected, "{vendor:?}");
        assert_eq!(body["stream_options"].is_null(), vendor == Vendor::Mistral, "{vendor:?}");
        assert!(body.get("tools").is_none() && body.get("reasoning_effort").is_none(), "{body}");
    }
}

#[test]
fn effort_is_told_in_the_vendors_way_and_only_when_it_is_set() {
    let told = |vendor, effort| {
        let request = ModelRequest { effort, ..request(model("gpt-5"), vec![user("hi")]) };
        let body = body(vendor, &request);
        [&body["reasoning_effort"], &body["reasoning"]["effort"], &body["thinking"]["type"]].map(Value::clone)
    };
    let none = || Value::Null;
    for vendor in VENDORS {
        assert_eq!(told(vendor, None), [none(), none(), none()]);
    }
    assert_eq!(told(Vendor::OpenAi, Some(Effort::Off)), [json!("minimal"), none(), none()]);
    assert_eq!(told(Vendor::Other, Some(Effort::Off)), [json!("none"), none(), none()]);
    assert_eq!(told(Vendor::Local, Some(Effort::High)), [json!("high"), none(), none()]);
    assert_eq!(told(Vendor::OpenRouter, Some(Effort::Low)), [none(), json!("low"), none()]);
    assert_eq!(told(Vendor::DeepSeek, Some(Effort::Off)), [none(), none(), json!("disabled")]);
    assert_eq!(told(Vendor::DeepSeek, Some(Effort::Medium)), [none(), none(), json!("enabled")]);
    assert_eq!(told(Vendor::Mistral, Some(Effort::High)), [json!("high"), none(), none()]);
    assert_eq!(told(Vendor::Mistral, Some(Effort::Off)), [json!("none"), none(), none()]);
}

#[test]
fn only_openai_is_told_the_session() {
    let request = ModelRequest { session: "s".repeat(100).into(), ..request(model("m"), vec![user("hi")]) };
    for vendor in VENDORS {
        let key = body(vendor, &request)["prompt_cache_key"].clone();
        assert_eq!(key.as_str().map(str::len), (vendor == Vendor::OpenAi).then_some(64), "{vendor:?}");
    }
}

#[test]
fn plain_thoughts_go_back_in_the_tool_loop_that_goes_on_and_not_later() {
    let thought = |text: &str| echo("m", json!({ "reasoning_content": text }));
    let called = |id: &str, text: &str| Message::Assistant {
        text: String::new(),
        calls: vec![call(id, "read", json!({}))],
        echoes: thought(text),
    };
    let mut messages = vec![
        user("a"),
        called("1", "old"),
        result("1", "x"),
        user("b"),
        called("2", "new"),
        result("2", "y"),
    ];
    let thoughts = |messages: &[Message]| {
        let body = body(Vendor::DeepSeek, &request(model("m"), messages.to_vec()));
        let lines = body["messages"].as_array().unwrap().clone();
        lines
            .iter()
            .filter_map(|line| line["reasoning_content"].as_str().map(str::to_owned))
            .collect::<Vec<_>>()
    };
    assert_eq!(thoughts(&messages), ["new"]);
    messages.push(said("done", Vec::new()));
    messages.push(user("c"));
    assert!(thoughts(&messages).is_empty());
}

#[test]
fn ids_of_other_providers_take_the_form_the_vendor_wants_the_same_for_call_and_result() {
    let long = "x".repeat(64);
    for id in ["call_1", "functions.read:0", &long, "D681PevKs", ""] {
        let messages = vec![user("a"), said("", vec![call(id, "read", json!({}))]), result(id, "x")];
        let request = request(model("m"), messages);
        for vendor in VENDORS {
            let body = body(vendor, &request);
            let made = body["messages"][1]["tool_calls"][0]["id"].as_str().unwrap();
            assert_eq!(body["messages"][2]["tool_call_id"], made, "{vendor:?}");
            assert!(
                made.len() <= 40 && made.bytes().all(|it| it.is_ascii_alphanumeric() || b"_-".contains(&it))
            );
            assert!(vendor != Vendor::Mistral || made.len() == 9, "{made}");
        }
    }
    assert_eq!(Vendor::Mistral.call_id("D681PevKs"), "D681PevKs");
    assert_eq!(Vendor::Other.call_id("call_1"), "call_1");
}

#[test]
fn arguments_that_were_no_json_are_sent_as_an_object() {
    let messages = vec![user("a"), said("", vec![call("1", "read", "{oops".into())]), result("1", "x")];
    let body = body(Vendor::Other, &request(model("m"), messages));
    let arguments = body["messages"][1]["tool_calls"][0]["function"]["arguments"].as_str().unwrap();
    assert_eq!(serde_json::from_str::<Value>(arguments).unwrap(), json!({ "arguments": "{oops" }));
    assert_eq!(body["messages"][1]["content"], Value::Null);
}
