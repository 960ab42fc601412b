use serde_json::{Value, json};

use super::{Vendor, dialect};
use crate::provider::dialect::{Dialect, ReadError, Reader};
use crate::provider::tests::recorded;
use crate::provider::tests::rich::{call, model, request, said, user};
use crate::provider::{Delta, Message, ModelRequest};

/// What events mean, usage left out.
fn means(events: &[Value]) -> Vec<Value> {
    let mut told = recorded::answer(&dialect(Vendor::Other), events);
    told.retain(|it| it.get("usage").is_none());
    told
}

fn delta(delta: Value) -> Value {
    let choice = [("index", json!(0)), ("delta", delta), ("finish_reason", Value::Null)];
    json!({ "id": "a-1", "choices": [Value::from_iter(choice)] })
}

fn stop(reason: &str) -> Value {
    json!({ "choices": [{ "index": 0, "delta": {}, "finish_reason": reason }] })
}

fn fragment(index: Option<u64>, id: Option<&str>, name: Option<&str>, arguments: Value) -> Value {
    let mut call = json!({ "function": Value::from_iter([("arguments", arguments)]) });
    index.inspect(|index| call["index"] = json!(index));
    id.inspect(|id| call["id"] = json!(id));
    name.inspect(|name| call["function"]["name"] = json!(name));
    delta(json!({ "tool_calls": [call] }))
}

/// The calls that fragments make: id, name, input.
fn calls(fragments: &[Value]) -> Vec<(String, String, Value)> {
    let events: Vec<_> = fragments.iter().cloned().chain([stop("tool_calls")]).collect();
    let calls = means(&events).into_iter().filter_map(|it| it.get("call").cloned());
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    calls.map(|it| (text(&it["id"]), text(&it["name"]), it["input"].clone())).collect()
}

fn made(id: &str, name: &str, input: Value) -> (String, String, Value) {
    (id.to_owned(), name.to_owned(), input)
}

#[test]
fn fragments_without_an_index_belong_to_the_last_call_until_another_begins() {
    let found = calls(&[
        fragment(None, Some("a"), Some("read"), json!("{\"x\":")),
        fragment(None, None, None, json!("1}")),
        fragment(None, Some("b"), Some("grep"), json!("{}")),
        fragment(None, None, Some("list"), json!("{}")),
    ]);
    let ids: Vec<_> = found.iter().map(|it| (it.0.as_str(), it.1.as_str())).collect();
    assert_eq!(ids, [("a", "read"), ("b", "grep"), ("call_a1_3", "list")]);
    assert_eq!(found[0].2, json!({ "x": 1 }));
}

#[test]
fn fragments_may_come_mixed_and_repeat_what_they_said() {
    let found = calls(&[
        fragment(Some(0), Some("a"), Some("read"), json!("{\"x\"")),
        fragment(Some(1), Some("b"), Some("grep"), json!("{\"y\"")),
        fragment(Some(0), Some("a"), Some("read"), json!(":1}")),
        fragment(Some(1), Some(""), Some(""), json!(":2}")),
    ]);
    assert_eq!(found, [made("a", "read", json!({ "x": 1 })), made("b", "grep", json!({ "y": 2 }))]);
}

#[test]
fn calls_of_the_same_index_are_told_apart_by_their_ids() {
    let found = calls(&[
        fragment(Some(0), Some("a"), Some("read"), json!("{}")),
        fragment(Some(0), Some("b"), Some("read"), json!("{}")),
    ]);
    assert_eq!(found, [made("a", "read", json!({})), made("b", "read", json!({}))]);
}

#[test]
fn no_two_calls_have_the_same_id_not_even_in_two_answers() {
    let found = calls(&[
        fragment(Some(0), Some("call_0"), Some("read"), json!("{}")),
        fragment(Some(1), Some("call_0"), Some("read"), json!("{}")),
    ]);
    assert_eq!(found, [made("call_0", "read", json!({})), made("call_a1_2", "read", json!({}))]);

    let before = |id: &str| said("", vec![call(id, "read", json!({}))]);
    let conversation: Vec<Message> = vec![user("go"), before("call_0"), before("call_a1_1")];
    let mut reader = dialect(Vendor::Other).reader(&request(model("m"), conversation));
    let mut out = Vec::new();
    for event in [fragment(Some(0), Some("call_0"), Some("read"), json!("{}")), stop("tool_calls")] {
        reader.event(None, &event.to_string(), &mut out).unwrap();
    }
    reader.end(&mut out);
    assert!(matches!(&out[0], Delta::Call(call) if call.id == "call_a1_2"), "{out:?}");
}

#[test]
fn arguments_come_as_text_as_an_object_as_text_in_text_or_not_at_all() {
    let input =
        |arguments: Value| calls(&[fragment(Some(0), Some("a"), Some("read"), arguments)])[0].2.clone();
    assert_eq!(input(json!("{\"x\":1}")), json!({ "x": 1 }));
    assert_eq!(input(json!({ "x": [1] })), json!({ "x": [1] }));
    assert_eq!(input(json!("\"{\\\"x\\\":1}\"")), json!({ "x": 1 }));
    assert_eq!(input(json!("")), json!({}));
    assert_eq!(input(Value::Null), json!({}));
    assert_eq!(input(json!("{\"x\":")), json!("{\"x\":"));
    assert_eq!(input(json!("[1]")), json!("[1]"));
}

#[test]
fn a_call_of_the_old_form_is_a_call() {
    let old = |function: Value| delta(json!({ "function_call": function }));
    let events = [
        old(json!({ "name": "read", "arguments": "" })),
        old(json!({ "arguments": "{\"x\":1}" })),
        stop("function_call"),
    ];
    let expected = json!({ "call": { "id": "call_a1_1", "name": "read", "input": { "x": 1 } } });
    assert_eq!(means(&events), [expected, json!({ "done": "end_turn" })]);
}

#[test]
fn reasons_to_stop_are_told_in_the_protocols_words() {
    for (reason, told) in [
        ("stop", "end_turn"),
        ("tool_calls", "end_turn"),
        ("eos", "end_turn"),
        ("length", "max_tokens"),
        ("model_length", "max_tokens"),
        ("content_filter", "refusal"),
    ] {
        assert_eq!(means(&[stop(reason)]), [json!({ "done": told })], "{reason}");
    }
    assert_eq!(means(&[delta(json!({ "content": "x" })), stop("")]), [json!({ "text": "x" })]);
}

#[test]
fn a_call_that_the_limit_cut_is_not_told_and_one_before_it_is() {
    let events = [
        fragment(Some(0), Some("a"), Some("read"), json!("{\"x\":1}")),
        fragment(Some(1), Some("b"), Some("write"), json!("{\"x\":")),
        fragment(Some(2), Some("c"), Some("list"), json!("")),
        stop("length"),
    ];
    let expected = json!({ "call": { "id": "a", "name": "read", "input": { "x": 1 } } });
    assert_eq!(means(&events), [expected, json!({ "done": "max_tokens" })]);
}

fn text(parts: &[&str]) -> Vec<(bool, String)> {
    let mut events: Vec<_> = parts.iter().map(|part| delta(json!({ "content": part }))).collect();
    events.push(stop("stop"));
    let mut said: Vec<(bool, String)> = Vec::new();
    for it in means(&events) {
        let (thought, text) = match (it["thought"].as_str(), it["text"].as_str()) {
            (Some(thought), _) => (true, thought),
            (_, Some(text)) => (false, text),
            _ => continue,
        };
        match said.last_mut() {
            Some(last) if last.0 == thought => last.1 += text,
            _ => said.push((thought, text.to_owned())),
        }
    }
    said
}

#[test]
fn thoughts_at_the_beginning_of_the_text_are_thoughts_however_they_are_cut() {
    let whole = "\n<think>\nHm: a < b, </thin, </thought>.</think>\n\nSo it <think>is</think>.";
    let expected =
        [(true, "Hm: a < b, </thin, </thought>.".to_owned()), (false, "So it <think>is</think>.".to_owned())];
    for at in 0..whole.len() {
        assert_eq!(text(&[&whole[..at], &whole[at..]]), expected, "cut at {at}");
    }
    let letters: Vec<_> = whole.split_inclusive(|_| true).collect();
    assert_eq!(text(&letters), expected);
}

#[test]
fn text_that_only_begins_like_a_thought_is_text() {
    for said in ["<", "<thin", "<thinking>", " <b>", "< think>", "a <think>b</think>"] {
        assert_eq!(text(&[said]), [(false, said.to_owned())]);
        let letters: Vec<_> = said.split_inclusive(|_| true).collect();
        assert_eq!(text(&letters), [(false, said.to_owned())]);
    }
    assert_eq!(text(&["<think>for ever"]), [(true, "for ever".to_owned())]);
    assert_eq!(text(&["<think>x</think>"]), [(true, "x".to_owned())]);
    assert!(text(&["<think></think>\n"]).is_empty());
}

#[test]
fn signed_thoughts_of_several_kinds_go_back_as_they_came() {
    let details = |list: Value| delta(json!({ "reasoning_details": list }));
    let found = means(&[
        details(json!([{ "type": "reasoning.summary", "summary": "A", "index": 0, "format": null }])),
        details(json!([{ "type": "reasoning.summary", "summary": "B", "index": 0, "format": "f" }])),
        details(
            json!([{ "type": "reasoning.encrypted", "data": "x", "id": "rs_1", "index": 0 }, { "type": "reasoning.encrypted", "data": "y", "index": 1 }]),
        ),
        details(json!("nonsense")),
        stop("stop"),
    ]);
    let echo = json!([
        { "type": "reasoning.summary", "summary": "AB", "index": 0, "format": "f" },
        { "type": "reasoning.encrypted", "data": "x", "id": "rs_1", "index": 0 },
        { "type": "reasoning.encrypted", "data": "y", "index": 1 },
    ]);
    assert_eq!(found[..2], [json!({ "thought": "A" }), json!({ "thought": "B" })]);
    assert_eq!(found[2]["echo"]["data"]["reasoning_details"], echo);
}

#[test]
fn plain_thoughts_of_an_answer_without_calls_do_not_go_back() {
    let found = means(&[delta(json!({ "reasoning_content": "Hm." })), stop("stop")]);
    assert_eq!(found, [json!({ "thought": "Hm." }), json!({ "done": "end_turn" })]);
}

#[test]
fn fields_of_another_kind_say_nothing() {
    let odd = [
        json!({}),
        json!({ "choices": null, "usage": "none", "error": null, "id": 7 }),
        json!({ "choices": [], "object": "chat.completion.chunk", "usage": { "prompt_tokens": "many" } }),
        json!({ "choices": [{ "index": 1, "delta": { "content": "another choice" } }] }),
        json!({ "choices": [{ "delta": null }] }),
        delta(
            json!({ "content": 7, "reasoning": { "a": [1] }, "reasoning_content": false, "tool_calls": null }),
        ),
        delta(json!({ "content": [], "reasoning": -1.5, "refusal": null, "audio": { "data": "x" } })),
        stop("stop"),
    ];
    assert_eq!(means(&odd), [json!({ "done": "end_turn" })]);
}

#[test]
fn an_error_in_the_stream_may_pass_if_its_code_or_its_words_say_so() {
    let failed = |error: Value| {
        let found = means(&[json!({ "error": error })]);
        assert_eq!(found.len(), 1, "{found:?}");
        found[0].clone()
    };
    let passes = |error: Value| failed(error)["retry"].as_bool();
    assert_eq!(passes(json!({ "code": 503, "message": "no instances" })), Some(true));
    assert_eq!(passes(json!({ "code": 400, "message": "bad" })), Some(false));
    assert_eq!(passes(json!({ "code": "rate_limit_exceeded", "message": "slow down" })), Some(true));
    assert_eq!(passes(json!("something odd")), Some(false));
    let long = json!({ "code": 400, "message": "the request exceeds the available context size", "type": "exceed_context_size_error" });
    assert_eq!(failed(long), json!({ "too_long": "the request exceeds the available context size" }));
    let stopped = json!({ "choices": [{ "delta": {}, "finish_reason": "error" }] });
    assert_eq!(means(&[stopped])[0]["retry"], true);
}

#[test]
fn the_usage_is_the_last_one_told() {
    let usage = |completion: u64| json!({ "choices": [], "usage": { "prompt_tokens": 10, "completion_tokens": completion } });
    let events = [usage(1), delta(json!({ "content": "x" })), usage(2), stop("stop"), usage(3)];
    let found = recorded::answer(&dialect(Vendor::Other), &events);
    let told: Vec<_> = found.iter().filter_map(|it| it["usage"]["output"].as_u64()).collect();
    assert_eq!(told, [3]);
    assert_eq!(found[2], json!({ "done": "end_turn" }));
}

#[test]
fn the_end_mark_ends_an_answer_that_has_begun_and_nothing_follows_it() {
    let read = |events: &[&str]| {
        let mut reader: Box<dyn Reader> = dialect(Vendor::Other).reader(&ModelRequest::default());
        let mut out = Vec::new();
        let read = events.iter().try_for_each(|data| reader.event(None, data, &mut out));
        reader.end(&mut out);
        read.map(|()| out)
    };
    let text = r#"{"choices":[{"delta":{"content":"x"}}]}"#;
    let done = Delta::Done(crate::acp::StopReason::EndTurn);
    assert_eq!(read(&["[DONE]"]).unwrap(), []);
    assert_eq!(read(&[text]).unwrap(), [Delta::Text("x".into())]);
    assert_eq!(read(&[text, " [DONE] ", "garbage"]).unwrap(), [Delta::Text("x".into()), done]);
    assert!(matches!(read(&["garbage"]), Err(ReadError::Garbage(_))));
}
