//! A request, tools that answer it, and the turn played to its end.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::acp::{ContentBlock, StopReason, TextContent};
use crate::provider::offline::answer;
use crate::provider::{Delta, Message, ModelCall, ModelRequest, ToolSpec};

pub(super) const TOOLS: &[&str] = &["read", "write", "edit", "list", "glob", "grep", "bash", "todo"];

pub(super) fn text(text: &str) -> ContentBlock {
    ContentBlock::Text(TextContent::new(text))
}

pub(super) fn request(blocks: Vec<ContentBlock>) -> ModelRequest {
    ModelRequest {
        messages: vec![Message::User(blocks).into()],
        tools: specs(TOOLS),
        cwd: "/w".into(),
        ..ModelRequest::default()
    }
}

pub(super) fn specs(names: &[&'static str]) -> Arc<[ToolSpec]> {
    let spec =
        |name: &&'static str| ToolSpec { name: (*name).into(), description: "".into(), input: json!({}) };
    names.iter().map(spec).collect()
}

pub(super) fn asked(words: &str) -> ModelRequest {
    request(vec![text(words)])
}

/// What a turn said and called, answer by answer.
#[derive(Debug, Default)]
pub(super) struct Played {
    pub(super) texts: Vec<String>,
    pub(super) calls: Vec<ModelCall>,
}

impl Played {
    pub(super) fn said(&self) -> String {
        self.texts.concat()
    }

    pub(super) fn names(&self) -> Vec<&str> {
        self.calls.iter().map(|call| call.name.as_str()).collect()
    }

    /// The states of the plan, one for each time it was drawn: `p` pending, `r` running, `c` completed.
    pub(super) fn plans(&self) -> Vec<String> {
        let states = |call: &ModelCall| -> String {
            let entries = call.input["entries"].as_array().cloned().unwrap_or_default();
            entries
                .iter()
                .map(|entry| match entry["status"].as_str() {
                    Some("completed") => 'c',
                    Some("in_progress") => 'r',
                    _ => 'p',
                })
                .collect()
        };
        self.calls.iter().filter(|call| call.name == "todo").map(states).collect()
    }
}

/// Plays a turn to its end; the tools are a function from the call to its result and whether it failed.
pub(super) fn play(request: &mut ModelRequest, tools: impl Fn(&str, &Value) -> (String, bool)) -> Played {
    let mut played = Played::default();
    for _ in 0..100 {
        let deltas = answer(request);
        let ends = deltas.iter().filter(|delta| matches!(delta, Delta::Done(_))).count();
        assert_eq!(ends, 1, "one end");
        assert_eq!(deltas.last(), Some(&Delta::Done(StopReason::EndTurn)));
        let (mut text, mut calls) = (String::new(), Vec::new());
        for delta in deltas {
            match delta {
                Delta::Text(piece) => text.push_str(&piece),
                Delta::Call(call) => calls.push(call),
                _ => {}
            }
        }
        played.texts.push(text.clone());
        played.calls.extend(calls.clone());
        let message = Message::Assistant { text, calls: calls.clone(), echoes: Vec::new() };
        request.messages.push(message.into());
        if calls.is_empty() {
            return played;
        }
        for call in calls {
            let (text, failed) = tools(&call.name, &call.input);
            let message = Message::Result { call: call.id, text, failed, images: Vec::new() };
            request.messages.push(message.into());
        }
    }
    panic!("the turn does not end");
}

pub(super) fn result(name: &str, input: &Value) -> (String, bool) {
    let text = match name {
        "grep" => {
            "2 matches in 2 files\nsrc/main.rs:45:     // TODO: implement retry logic\nsrc/lib.rs:12: /* TODO: add input validation */"
        }
        "list" => "Cargo.toml\nREADME.md\nsrc/",
        "glob" => "src/main.rs\nsrc/lib.rs\ntools/x.py",
        "read" if input["path"] == "README.md" => {
            "1\t# Demo\n2\t\n3\tA small demo.\n4\tOf things.\n5\t\n6\tMore."
        }
        "read" if input["path"] == "Cargo.toml" => {
            "[package]\nname = \"demo\"\nversion = \"0.1.0\"\n\n[dependencies]\nserde = \"1\"\n"
        }
        "read" => "one\ntwo",
        "bash" => "out",
        _ => "",
    };
    (text.to_owned(), false)
}
