use serde_json::{Value, json};

use super::rich;
use crate::provider::dialect::{Dialect, ReadError, Reader};
use crate::provider::{Delta, ModelInfo};

/// Name and data of each event of a stream.
pub(crate) fn events(stream: &str) -> Vec<(Option<String>, String)> {
    let stream = stream.replace("\r\n", "\n");
    let field = |event: &str, name: &str| {
        event.lines().find_map(|line| Some(line.strip_prefix(name)?.trim_start().to_owned()))
    };
    let events = stream.split("\n\n").filter(|event| !event.trim().is_empty());
    events.map(|event| (field(event, "event:"), field(event, "data:").unwrap())).collect()
}

/// Reads events to the end or the first error.
fn read(reader: &mut dyn Reader, events: &[(Option<String>, String)]) -> (Vec<Delta>, Option<ReadError>) {
    let mut out = Vec::new();
    for (name, data) in events {
        if let Err(e) = reader.event(name.as_deref(), data, &mut out) {
            return (out, Some(e));
        }
    }
    reader.end(&mut out);
    (out, None)
}

fn told(delta: &Delta) -> Value {
    match delta {
        Delta::Text(text) => json!({ "text": text }),
        Delta::Thought(text) => json!({ "thought": text }),
        Delta::Call(call) => json!({ "call": { "id": call.id, "name": call.name, "input": call.input } }),
        Delta::Echo(echo) => json!({ "echo": { "source": &*echo.source, "data": echo.data } }),
        Delta::Usage(tokens) => json!({ "usage": tokens }),
        Delta::Retry { .. } => panic!("no reader tries again"),
        Delta::Done(reason) => json!({ "done": reason }),
    }
}

fn failure(error: &ReadError) -> Value {
    match error {
        ReadError::Garbage(text) => json!({ "garbage": text }),
        ReadError::Failed { text, retry } => json!({ "failed": text, "retry": retry }),
        ReadError::TooLong(text) => json!({ "too_long": text }),
    }
}

/// What single events mean.
pub(crate) fn answer(dialect: &dyn Dialect, events: &[Value]) -> Vec<Value> {
    let events: Vec<_> = events.iter().map(|event| (None, event.to_string())).collect();
    let request = rich::request(ModelInfo::unknown("test", "m-1"), Vec::new());
    let (deltas, error) = read(&mut *dialect.reader(&request), &events);
    deltas.iter().map(told).chain(error.iter().map(failure)).collect()
}
