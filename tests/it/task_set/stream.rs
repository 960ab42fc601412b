//! What a model says, as each wire dialect streams it.

use adjutant::config::Api;
use serde_json::{Value, json};

use super::script::Piece;

/// A piece of an answer: its events, and those after which it is whole.
type Events = (String, String);

/// An answer. `name` tells it from others; if it is `cut`, it ends just before its last piece is whole.
pub(super) fn stream(api: Api, name: &str, answer: &[Piece], cut: bool) -> String {
    let (begin, piece, end): (_, fn(usize, &str, &Piece) -> Events, _) = match api {
        Api::OpenAiChat => (String::new(), chat, chat_end(answer)),
        Api::OpenAiResponses => (responses_begin(name), responses, responses_end(name)),
        Api::Anthropic => (anthropic_begin(name), anthropic, anthropic_end(answer)),
        Api::Gemini => (String::new(), gemini, gemini_end()),
    };
    let mut stream = begin;
    for (at, it) in answer.iter().enumerate() {
        let (open, close) = piece(at, &format!("{name}_{at}"), it);
        stream += &open;
        if cut && at + 1 == answer.len() {
            return stream;
        }
        stream += &close;
    }
    stream + &end
}

/// A text as it comes: in two parts.
fn parts(text: &str) -> [&str; 2] {
    let (head, tail) = text.split_at(text.floor_char_boundary(text.len() / 2));
    [head, tail]
}

fn has_calls(answer: &[Piece]) -> bool {
    answer.iter().any(|it| matches!(it, Piece::Call(_)))
}

fn data(event: &Value) -> String {
    format!("data: {event}\n\n")
}

/// An event that says its kind twice, as `OpenAI` and Anthropic do.
fn named(event: &Value) -> String {
    format!("event: {}\n{}", event["type"].as_str().unwrap(), data(event))
}

fn choice(delta: &Value, finish: Option<&str>) -> String {
    let choice = json!({ "index": 0, "delta": delta, "finish_reason": finish });
    data(&json!({ "id": "chatcmpl-1", "object": "chat.completion.chunk", "choices": [choice] }))
}

fn chat(at: usize, id: &str, piece: &Piece) -> Events {
    let open = match piece {
        Piece::Text(text) => parts(text).map(|it| choice(&json!({ "content": it }), None)).concat(),
        Piece::Thought(text) => {
            parts(text).map(|it| choice(&json!({ "reasoning_content": it }), None)).concat()
        }
        Piece::Call(call) => {
            let fragment = |it: &Value| choice(&json!({ "tool_calls": [it] }), None);
            let function = json!({ "name": call.name, "arguments": "" });
            let head = json!({ "index": at, "id": id, "type": "function", "function": function });
            let arguments = call.arguments();
            let more = parts(&arguments)
                .map(|it| fragment(&json!({ "index": at, "function": { "arguments": it } })));
            fragment(&head) + &more.concat()
        }
    };
    (open, String::new())
}

fn chat_end(answer: &[Piece]) -> String {
    let reason = if has_calls(answer) { "tool_calls" } else { "stop" };
    let usage = json!({ "prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110 });
    choice(&json!({}), Some(reason)) + &data(&json!({ "choices": [], "usage": usage })) + "data: [DONE]\n\n"
}

fn responses_begin(name: &str) -> String {
    named(&json!({ "type": "response.created", "response": { "id": name, "status": "in_progress" } }))
}

fn responses(at: usize, id: &str, piece: &Piece) -> Events {
    let (kind, parts, item) = match piece {
        Piece::Text(text) => {
            let content = json!([{ "type": "output_text", "text": text }]);
            let item = json!({ "type": "message", "id": id, "role": "assistant", "content": content });
            ("response.output_text.delta", parts(text).map(str::to_owned), item)
        }
        Piece::Thought(text) => {
            let summary = json!([{ "type": "summary_text", "text": text }]);
            let item =
                json!({ "type": "reasoning", "id": id, "summary": summary, "encrypted_content": "c2VhbGVk" });
            ("response.reasoning_summary_text.delta", parts(text).map(str::to_owned), item)
        }
        Piece::Call(call) => {
            let arguments = call.arguments();
            let item = json!({
                "type": "function_call", "id": format!("fc_{id}"), "call_id": id, "name": call.name,
                "arguments": arguments, "status": "completed",
            });
            ("response.function_call_arguments.delta", parts(&arguments).map(str::to_owned), item)
        }
    };
    let mut added = item.clone();
    added["status"] = "in_progress".into();
    for empty in ["arguments", "content", "summary"].iter().filter(|it| item.get(it).is_some()) {
        added[empty] = if item[empty].is_string() { "".into() } else { json!([]) };
    }
    let added = named(&json!({ "type": "response.output_item.added", "output_index": at, "item": added }));
    let more = parts.map(|it| named(&json!({ "type": kind, "output_index": at, "delta": it })));
    let done = json!({ "type": "response.output_item.done", "output_index": at, "item": item });
    (added + &more.concat(), named(&done))
}

fn responses_end(name: &str) -> String {
    let usage = json!({ "input_tokens": 100, "output_tokens": 10 });
    let response = json!({ "id": name, "status": "completed", "usage": usage });
    named(&json!({ "type": "response.completed", "response": response }))
}

fn anthropic_begin(name: &str) -> String {
    let usage = json!({ "input_tokens": 100, "output_tokens": 1 });
    let message = json!({ "id": name, "role": "assistant", "content": [], "usage": usage });
    named(&json!({ "type": "message_start", "message": message }))
}

fn anthropic(at: usize, id: &str, piece: &Piece) -> Events {
    let (block, mut deltas) = match piece {
        Piece::Text(text) => {
            let deltas = parts(text).map(|it| json!({ "type": "text_delta", "text": it }));
            (json!({ "type": "text", "text": "" }), deltas.to_vec())
        }
        Piece::Thought(text) => {
            let deltas = parts(text).map(|it| json!({ "type": "thinking_delta", "thinking": it }));
            (json!({ "type": "thinking", "thinking": "", "signature": "" }), deltas.to_vec())
        }
        Piece::Call(call) => {
            let arguments = call.arguments();
            let deltas =
                parts(&arguments).map(|it| json!({ "type": "input_json_delta", "partial_json": it }));
            (json!({ "type": "tool_use", "id": id, "name": call.name, "input": {} }), deltas.to_vec())
        }
    };
    if matches!(piece, Piece::Thought(_)) {
        deltas.push(json!({ "type": "signature_delta", "signature": "c2lnbmVk" }));
    }
    let mut open = named(&json!({ "type": "content_block_start", "index": at, "content_block": block }));
    for delta in deltas {
        open += &named(&json!({ "type": "content_block_delta", "index": at, "delta": delta }));
    }
    (open, named(&json!({ "type": "content_block_stop", "index": at })))
}

fn anthropic_end(answer: &[Piece]) -> String {
    let reason = if has_calls(answer) { "tool_use" } else { "end_turn" };
    let usage = json!({ "output_tokens": 10 });
    let delta = json!({ "stop_reason": reason, "stop_sequence": null });
    named(&json!({ "type": "message_delta", "delta": delta, "usage": usage }))
        + &named(&json!({ "type": "message_stop" }))
}

/// Every event is whole in itself, so what is not whole yet is half of one.
fn gemini(_: usize, _: &str, piece: &Piece) -> Events {
    let part = match piece {
        Piece::Text(text) => json!({ "text": text }),
        Piece::Thought(text) => json!({ "text": text, "thought": true }),
        Piece::Call(call) => {
            let function = json!({ "name": call.name, "args": call.input() });
            json!({ "functionCall": function, "thoughtSignature": "c2lnbmVk" })
        }
    };
    let content = json!({ "parts": [part], "role": "model" });
    let event = data(&json!({ "candidates": [{ "content": content, "index": 0 }] }));
    let [open, close] = parts(&event);
    (open.to_owned(), close.to_owned())
}

fn gemini_end() -> String {
    let content = json!({ "parts": [{ "text": "" }], "role": "model" });
    let usage = json!({ "promptTokenCount": 100, "candidatesTokenCount": 10 });
    let candidate = json!({ "content": content, "finishReason": "STOP", "index": 0 });
    data(&json!({ "candidates": [candidate], "usageMetadata": usage }))
}
