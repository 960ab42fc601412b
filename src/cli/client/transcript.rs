//! A turn as other agents write it on `run --format json`: a line for each step, tool call and text, when it is whole.
//! What they have in `part` stands beside it as well: `tool`, `state` and `text`.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use crate::clock::Clock;

/// Calls that are remembered until they end.
const CALLS: usize = 10_000;
/// Bytes of a text that are held back until it is whole; a longer one is written in pieces.
const TEXT: usize = 1024 * 1024;

/// What is not written yet.
pub(super) struct Transcript {
    clock: Clock,
    session: String,
    parts: u64,
    /// The message that is being said, and what was said of it.
    text: (String, String),
    calls: HashMap<String, Call>,
    step: Step,
}

/// A tool call that has not ended.
#[derive(Default)]
struct Call {
    tool: String,
    title: String,
    input: Value,
    start: i64,
}

/// Where the turn is: a step is one answer of the model with what it calls.
#[derive(PartialEq)]
enum Step {
    None,
    Saying,
    /// A tool has ended: what comes next is of another step.
    Called,
}

impl Transcript {
    pub(super) fn new(clock: Clock) -> Self {
        let text = (String::new(), String::new());
        Self { clock, session: String::new(), parts: 0, text, calls: HashMap::new(), step: Step::None }
    }

    pub(super) fn session(&mut self, id: &str) {
        id.clone_into(&mut self.session);
    }

    pub(super) fn begin(&mut self) -> Vec<Value> {
        self.step = Step::Saying;
        vec![self.part("step_start", json!({ "type": "step-start" }), &[])]
    }

    pub(super) fn update(&mut self, update: &Value) -> Vec<Value> {
        let mut lines = Vec::new();
        let text = |name: &str| update[name].as_str().unwrap_or_default().to_owned();
        match update["sessionUpdate"].as_str() {
            Some("agent_message_chunk") => {
                self.go_on(&mut lines);
                let (message, said) = (text("messageId"), update["content"]["text"].as_str());
                if self.text.0 != message || self.text.1.len() > TEXT {
                    self.flush(&mut lines);
                    self.text.0 = message;
                }
                self.text.1 += said.unwrap_or_default();
            }
            Some("tool_call") => {
                self.go_on(&mut lines);
                self.flush(&mut lines);
                let call = Call {
                    tool: if update["name"].is_string() { text("name") } else { text("title") },
                    title: text("title"),
                    input: update["rawInput"].clone(),
                    start: self.clock.now(),
                };
                if self.calls.len() < CALLS {
                    self.calls.insert(text("toolCallId"), call);
                }
            }
            Some("tool_call_update") => {
                let id = text("toolCallId");
                if let (Some(call), Some(title)) = (self.calls.get_mut(&id), update["title"].as_str()) {
                    title.clone_into(&mut call.title);
                }
                if matches!(update["status"].as_str(), Some("completed" | "failed")) {
                    let call = self.calls.remove(&id).unwrap_or_default();
                    lines.push(self.called(&id, &call, update));
                    self.step = Step::Called;
                }
            }
            _ => {}
        }
        lines
    }

    pub(super) fn end(&mut self, reason: &str) -> Vec<Value> {
        let mut lines = Vec::new();
        self.flush(&mut lines);
        let reason = if reason == "end_turn" { "stop" } else { reason };
        lines.push(self.part("step_finish", json!({ "type": "step-finish", "reason": reason }), &[]));
        lines
    }

    pub(super) fn error(&mut self, message: &str) -> Vec<Value> {
        let mut lines = Vec::new();
        self.flush(&mut lines);
        let error = json!({ "name": "UnknownError", "data": { "message": message } });
        lines.push(self.line("error", [("error".to_owned(), error)].into_iter().collect()));
        lines
    }

    /// The next step begins where the one before has called its tools.
    fn go_on(&mut self, lines: &mut Vec<Value>) {
        if self.step == Step::Called && self.calls.is_empty() {
            lines.push(self.part(
                "step_finish",
                json!({ "type": "step-finish", "reason": "tool-calls" }),
                &[],
            ));
            lines.extend(self.begin());
        }
    }

    /// What was said so far is whole.
    fn flush(&mut self, lines: &mut Vec<Value>) {
        let said = std::mem::take(&mut self.text.1);
        if !said.is_empty() {
            let part = json!({ "type": "text", "text": said, "messageID": self.text.0 });
            lines.push(self.part("text", part, &["text"]));
        }
    }

    fn called(&mut self, id: &str, call: &Call, update: &Value) -> Value {
        let contents = update["content"].as_array().into_iter().flatten();
        let texts: Vec<_> = contents.filter_map(|it| it["content"]["text"].as_str()).collect();
        let (output, time) = (texts.join("\n"), json!({ "start": call.start, "end": self.clock.now() }));
        let mut state = json!({ "input": call.input, "title": call.title, "metadata": update["rawOutput"], "time": time });
        if update["status"] == "completed" {
            state["status"] = "completed".into();
            state["output"] = output.into();
        } else {
            state["status"] = "error".into();
            state["error"] = output.into();
        }
        let part = json!({ "type": "tool", "tool": call.tool, "callID": id, "state": state });
        self.part("tool_use", part, &["tool", "state"])
    }

    /// A line about a part, with those of its fields beside it.
    fn part(&mut self, kind: &str, mut part: Value, beside: &[&str]) -> Value {
        self.parts += 1;
        let mut fields: Map<_, _> =
            beside.iter().map(|name| ((*name).to_owned(), part[*name].clone())).collect();
        part["id"] = format!("prt_{}", self.parts).into();
        part["sessionID"] = self.session.clone().into();
        fields.insert("part".to_owned(), part);
        self.line(kind, fields)
    }

    fn line(&self, kind: &str, fields: Map<String, Value>) -> Value {
        let mut line = json!({ "type": kind, "timestamp": self.clock.now(), "sessionID": self.session });
        if let Value::Object(line) = &mut line {
            line.extend(fields);
        }
        line
    }
}
