use serde_json::{Value, json};

use super::transcript::Transcript;
use crate::clock::Clock;

fn kinds(lines: &[Value]) -> Vec<&str> {
    lines.iter().map(|it| it["type"].as_str().unwrap()).collect()
}

fn chunk(message: &str, text: &str) -> Value {
    let content = json!({ "type": "text", "text": text });
    json!({ "sessionUpdate": "agent_message_chunk", "messageId": message, "content": content })
}

#[test]
fn a_turn_is_written_in_steps_and_each_text_when_it_is_whole() {
    let mut transcript = Transcript::new(Clock::fake());
    transcript.session("s");
    let mut lines = transcript.begin();
    for update in [
        chunk("m1", "I "),
        chunk("m1", "look."),
        json!({ "sessionUpdate": "tool_call", "toolCallId": "c", "title": "bash", "name": "bash", "rawInput": { "command": "ls" } }),
        json!({ "sessionUpdate": "tool_call_update", "toolCallId": "c", "status": "in_progress", "title": "`ls`" }),
        json!({ "sessionUpdate": "tool_call_update", "toolCallId": "c", "status": "completed",
                "content": [{ "type": "content", "content": { "type": "text", "text": "a\nb" } }] }),
        json!({ "sessionUpdate": "usage_update", "used": 1, "size": 2 }),
        chunk("m2", "Two files."),
    ] {
        lines.extend(transcript.update(&update));
    }
    lines.extend(transcript.end("end_turn"));
    let steps = ["step_start", "text", "tool_use", "step_finish", "step_start", "text", "step_finish"];
    assert_eq!(kinds(&lines), steps);
    assert_eq!((&lines[1]["text"], &lines[1]["part"]["text"]), (&"I look.".into(), &"I look.".into()));
    let state = &lines[2]["state"];
    assert_eq!(
        (&lines[2]["tool"], &state["status"], &state["output"]),
        (&"bash".into(), &"completed".into(), &"a\nb".into())
    );
    assert_eq!((&state["input"]["command"], &state["title"]), (&"ls".into(), &"`ls`".into()));
    assert_eq!(lines[2]["part"]["state"], *state);
    assert_eq!(
        (&lines[3]["part"]["reason"], &lines[6]["part"]["reason"]),
        (&"tool-calls".into(), &"stop".into())
    );
    assert!(lines.iter().all(|it| it["sessionID"] == "s" && it["timestamp"] == 1_767_225_600_000_i64));
}

#[test]
fn what_fails_is_written_with_what_was_said_before() {
    let mut transcript = Transcript::new(Clock::fake());
    transcript.update(&chunk("m", "Half"));
    let failed = json!({ "sessionUpdate": "tool_call_update", "toolCallId": "x", "status": "failed" });
    assert_eq!(transcript.update(&failed)[0]["state"]["status"], "error");
    let lines = transcript.error("no model");
    assert_eq!(kinds(&lines), ["text", "error"]);
    assert_eq!(lines[1]["error"]["data"]["message"], "no model");
}
