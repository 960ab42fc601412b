use serde_json::{Value, json};

use super::OpenAiResponses;
use crate::provider::tests::recorded;
use crate::provider::tests::rich::{self, model, said, user};
use crate::provider::{Echo, Effort, Message, ModelInfo, ModelRequest};

fn reasoned(wire: &str) -> Vec<Echo> {
    let item =
        |id: &str| json!({ "type": "reasoning", "id": id, "summary": [], "encrypted_content": "gAAAA" });
    let echo = |wire: &str, text: usize, id: &str| Echo {
        source: format!("openai-responses:{wire}").into(),
        data: json!({ "item": item(id), "text": text, "calls": 0 }),
    };
    vec![echo(wire, 0, "rs_1"), echo("another", 0, "rs_no"), echo(wire, 6, "rs_2")]
}

#[test]
fn a_rich_conversation_becomes_the_kept_body() {
    let request = rich::conversation(model("gpt-5"), |_| reasoned("gpt-5"));
    rich::body_is_kept(&OpenAiResponses, "openai_responses", "reasoning", &request);
}

#[test]
fn a_model_that_does_not_reason_is_not_asked_to() {
    let request = rich::request(ModelInfo::unknown("openai", "gpt-4o"), vec![user("hi")]);
    let body = rich::body(&OpenAiResponses, &request);
    assert_eq!(
        (&body["reasoning"], &body["include"], &body["tools"]),
        (&Value::Null, &Value::Null, &Value::Null)
    );
    assert_eq!((&body["store"], &body["max_output_tokens"]), (&json!(false), &json!(8_192)));
}

#[test]
fn off_has_a_name_for_each_model() {
    let told = |wire: &str, effort| {
        let request = ModelRequest { effort, ..rich::request(model(wire), vec![user("hi")]) };
        rich::body(&OpenAiResponses, &request)["reasoning"].clone()
    };
    let off = |wire| told(wire, Some(Effort::Off));
    assert_eq!(off("gpt-5-mini"), json!({ "effort": "minimal" }));
    assert_eq!(off("gpt-5.2"), json!({ "effort": "none" }));
    assert_eq!(off("gpt-5.1-codex"), json!({ "effort": "low" }));
    assert_eq!(off("o4-mini"), json!({ "effort": "low" }));
    assert_eq!(told("gpt-5.2", Some(Effort::High)), json!({ "effort": "high", "summary": "auto" }));
    assert_eq!(told("gpt-5.2", None), json!({ "summary": "auto" }));
}

#[test]
fn reasoning_that_led_to_nothing_is_left_out() {
    let echoes = reasoned("gpt-5");
    let last = Message::Assistant { text: "Sorry.".to_owned(), calls: Vec::new(), echoes };
    let request = rich::request(model("gpt-5"), vec![user("hi"), said("", Vec::new()), last]);
    let input = rich::body(&OpenAiResponses, &request)["input"].clone();
    let kinds: Vec<_> = input.as_array().unwrap().iter().map(|it| it["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["message", "reasoning", "message"]);
}

#[test]
fn the_phase_of_each_message_goes_back_with_it() {
    let begin = json!({ "type": "response.output_item.added", "item": { "type": "message" } });
    let text = |text: &str| json!({ "type": "response.output_text.delta", "delta": text });
    let end = |phase: &str| json!({ "type": "response.output_item.done", "item": { "type": "message", "phase": phase } });
    let events =
        [begin.clone(), text("I look."), end("commentary"), begin, text("Done."), end("final_answer")];
    let echoes = recorded::answer(&OpenAiResponses, &events).into_iter().filter_map(|told| {
        let data = told.get("echo")?["data"].clone();
        Some(Echo { source: "openai-responses:gpt-5.4".into(), data })
    });
    let last =
        Message::Assistant { text: "I look.Done.".to_owned(), calls: Vec::new(), echoes: echoes.collect() };
    let request = rich::request(model("gpt-5.4"), vec![user("hi"), last]);
    let input = rich::body(&OpenAiResponses, &request)["input"].clone();
    let told = |at: usize| (input[at]["phase"].clone(), input[at]["content"][0]["text"].clone());
    assert_eq!(told(1), ("commentary".into(), "I look.".into()));
    assert_eq!(told(2), ("final_answer".into(), "Done.".into()));
    assert_eq!(input[0].get("phase"), None);
}

#[test]
fn events_and_items_that_nobody_knows_mean_nothing() {
    let odd = [
        json!({ "type": "response.tomorrow", "delta": { "an": "object" }, "item": 7, "response": [] }),
        json!({ "type": "response.output_item.done", "item": { "type": "web_search_call", "id": "ws_1" } }),
        json!({ "type": "response.output_item.done", "item": { "type": "reasoning", "id": "rs_1", "summary": [] } }),
        json!({ "type": "response.output_text.done", "text": "again" }),
        json!({ "type": "response.completed", "response": {} }),
    ];
    assert_eq!(recorded::answer(&OpenAiResponses, &odd), [json!({ "done": "end_turn" })]);
}

#[test]
fn an_error_in_the_stream_says_whether_it_may_pass() {
    let failed = |error: Value| recorded::answer(&OpenAiResponses, &[error]).pop().unwrap();
    let flat = |code: &str| failed(json!({ "type": "error", "code": code, "message": "no", "param": null }));
    assert_eq!(flat("server_error"), json!({ "failed": "no", "retry": true }));
    assert_eq!(flat("rate_limit_exceeded"), json!({ "failed": "no", "retry": true }));
    assert_eq!(flat("invalid_prompt"), json!({ "failed": "no", "retry": false }));
    assert_eq!(flat("context_length_exceeded"), json!({ "too_long": "no" }));
    let whole = json!({ "type": "response.failed", "response": { "error": { "code": "server_error", "message": "no" } } });
    assert_eq!(failed(whole), json!({ "failed": "no", "retry": true }));
}
