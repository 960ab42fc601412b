use std::sync::Arc;

use serde_json::{Value, json};

use super::golden;
use crate::acp::{
    AudioContent, BlobResourceContents, ContentBlock, EmbeddedResource, EmbeddedResourceResource,
    ImageContent, ResourceLink, TextResourceContents,
};
use crate::provider::dialect::Dialect;
use crate::provider::{Echo, Effort, Message, ModelCall, ModelInfo, ModelRequest, ToolSpec};

/// A model that sees, thinks and calls tools.
pub(crate) fn model(wire: &str) -> ModelInfo {
    ModelInfo {
        images: true,
        output: 32_000,
        efforts: Effort::ALL.to_vec(),
        ..ModelInfo::unknown("test", wire)
    }
}

pub(crate) fn user(text: &str) -> Message {
    Message::User(vec![text.into()])
}

pub(crate) fn call(id: &str, name: &str, input: Value) -> ModelCall {
    ModelCall { id: id.to_owned(), name: name.to_owned(), input }
}

pub(crate) fn said(text: &str, calls: Vec<ModelCall>) -> Message {
    Message::Assistant { text: text.to_owned(), calls, echoes: Vec::new() }
}

pub(crate) fn result(call: &str, text: &str) -> Message {
    Message::Result { call: call.to_owned(), text: text.to_owned(), failed: false, images: Vec::new() }
}

/// A request of some messages.
pub(crate) fn request(model: ModelInfo, messages: Vec<Message>) -> ModelRequest {
    let messages = messages.into_iter().map(Arc::new).collect();
    ModelRequest { model: model.into(), messages, ..ModelRequest::default() }
}

fn image() -> ContentBlock {
    ContentBlock::Image(ImageContent::new("iVBORw0KGgo=", "image/png"))
}

fn shown() -> Vec<ContentBlock> {
    let text = TextResourceContents::new("fn main() {}", "file:///w/src/main.rs");
    let picture = BlobResourceContents::new("R0lGODlh", "file:///w/a.gif").mime_type("image/gif".to_owned());
    let bytes = BlobResourceContents::new("AAAA", "file:///w/a.bin");
    let embedded = |it| ContentBlock::Resource(EmbeddedResource::new(it));
    vec![
        "Look at these.".into(),
        ContentBlock::Image(ImageContent::new("PHN2Zy8+", "image/svg+xml")),
        " \n".into(),
        image(),
        embedded(EmbeddedResourceResource::TextResourceContents(text)),
        embedded(EmbeddedResourceResource::BlobResourceContents(picture)),
        embedded(EmbeddedResourceResource::BlobResourceContents(bytes)),
        ContentBlock::ResourceLink(ResourceLink::new("notes.md", "file:///w/notes.md")),
        ContentBlock::Audio(AudioContent::new("AAAA", "audio/wav")),
    ]
}

/// A conversation with everything in it: what `echo` gives belongs to the first and the last answer with calls.
pub(crate) fn conversation(model: ModelInfo, echo: impl Fn(usize) -> Vec<Echo>) -> ModelRequest {
    let answer =
        |at: usize, text: &str, calls| Message::Assistant { text: text.to_owned(), calls, echoes: echo(at) };
    let failed = Message::Result {
        call: "call.of/another:1".to_owned(),
        text: "no such file".to_owned(),
        failed: true,
        images: vec![image()],
    };
    let picture =
        Message::Result { call: "c3".to_owned(), text: String::new(), failed: false, images: vec![image()] };
    let two = vec![
        call("c1", "read", json!({ "path": "a" })),
        call("call.of/another:1", "read", json!({ "path": "b" })),
    ];
    let messages = vec![
        Message::User(shown()),
        user("And be quick."),
        answer(2, "I read both.", two),
        failed,
        result("nobody's", "dropped"),
        result("c1", "one\ntwo"),
        said("One is missing.", Vec::new()),
        said("  ", Vec::new()),
        user("Go on."),
        answer(9, "Then a picture.", vec![call("c3", "show", json!({}))]),
        picture,
        said(
            "",
            vec![call("c4", "write", "{\"path\": oops}".into()), call("c5", "read", json!({ "path": "c" }))],
        ),
        result("c5", "\n"),
    ];
    ModelRequest {
        effort: Some(Effort::Medium),
        system: "You are an agent.".into(),
        tools: tools(),
        session: "session-1".into(),
        ..request(model, messages)
    }
}

fn tools() -> Arc<[ToolSpec]> {
    let read = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": {
            "path": { "type": "string", "description": "The file.", "minLength": 1 },
            "limit": { "type": ["integer", "null"], "exclusiveMinimum": 0, "format": "uint32" },
            "mode": { "oneOf": [{ "const": "text" }, { "const": "bytes" }] },
        },
        "required": ["path"],
        "additionalProperties": false,
    });
    let tool = |name: &'static str, about: &'static str, input| ToolSpec {
        name: name.into(),
        description: about.into(),
        input,
    };
    [
        tool("read", "Reads a file.", read),
        tool("show", "Shows the screen.", json!({ "type": "object", "properties": {} })),
    ]
    .into()
}

/// The body of a request, as it is kept for the dialect.
pub(crate) fn body_is_kept(dialect: &dyn Dialect, name: &str, case: &str, request: &ModelRequest) {
    golden::same(&golden::folder(name).join(format!("request_{case}.json")), &body(dialect, request));
}

pub(crate) fn body(dialect: &dyn Dialect, request: &ModelRequest) -> Value {
    serde_json::from_slice(&dialect.body(request)).unwrap()
}
