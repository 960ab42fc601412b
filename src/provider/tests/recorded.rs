use std::path::PathBuf;

use serde_json::{Value, json};

use super::{golden, rich};
use crate::provider::dialect::{Dialect, ReadError, Reader};
use crate::provider::{Delta, ModelInfo, ModelRequest};

/// The request that every recording answers.
fn request(dialect: &str) -> ModelRequest {
    rich::request(ModelInfo::unknown(dialect, "m-1"), vec![rich::user("Hello.")])
}

/// Name and data of each event of a stream.
pub(crate) fn events(stream: &str) -> Vec<(Option<String>, String)> {
    let stream = stream.replace("\r\n", "\n");
    let field = |event: &str, name: &str| {
        event.lines().find_map(|line| Some(line.strip_prefix(name)?.trim_start().to_owned()))
    };
    let events = stream.split("\n\n").filter(|event| !event.trim().is_empty());
    events.map(|event| (field(event, "event:"), field(event, "data:").unwrap())).collect()
}

fn recordings(dialect: &str) -> Vec<PathBuf> {
    let files = std::fs::read_dir(golden::folder(dialect)).unwrap().map(|it| it.unwrap().path());
    let mut files: Vec<_> = files.filter(|it| it.extension().is_some_and(|it| it == "sse")).collect();
    files.sort();
    assert!(!files.is_empty());
    files
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

/// Every recording of a dialect means what stands beside it.
pub(crate) fn means_what_is_kept(dialect: &dyn Dialect, name: &str) {
    for path in recordings(name) {
        let stream = std::fs::read_to_string(&path).unwrap();
        let mut reader = dialect.reader(&request(name));
        let (deltas, error) = read(&mut *reader, &events(&stream));
        let told: Vec<_> = deltas.iter().map(told).chain(error.iter().map(failure)).collect();
        golden::same(&path.with_extension("json"), &told.into());
    }
}

/// A recording cut after any event, or inside of one at any byte, has no call that the whole has not, and no end.
pub(crate) fn cut_anywhere_is_never_half_a_call(dialect: &dyn Dialect, name: &str) {
    for path in recordings(name) {
        let events = events(&std::fs::read_to_string(&path).unwrap());
        let (whole, _) = read(&mut *dialect.reader(&request(name)), &events);
        for at in 0..events.len() {
            let data = &events[at].1;
            let cuts =
                data.char_indices().map(|(cut, _)| cut).filter(|cut| cut % 31 == 0 || data.len() - cut < 24);
            for cut in cuts {
                let mut cut_short = events[..at].to_vec();
                if cut > 0 {
                    cut_short.push((events[at].0.clone(), data[..cut].to_owned()));
                }
                let (deltas, _) = read(&mut *dialect.reader(&request(name)), &cut_short);
                let case = format!("{} cut at event {at}, byte {cut}", path.display());
                for delta in &deltas {
                    let call = matches!(delta, Delta::Call(_));
                    assert!(!call || whole.contains(delta), "{case}: {delta:?}");
                }
            }
        }
    }
}

/// An answer that lacks its last `lacking` events has no end.
pub(crate) fn has_no_end(dialect: &dyn Dialect, name: &str, case: &str, lacking: usize) {
    let path = golden::folder(name).join(case).with_extension("sse");
    let events = events(&std::fs::read_to_string(path).unwrap());
    let (deltas, _) = read(&mut *dialect.reader(&request(name)), &events[..events.len() - lacking]);
    assert!(!deltas.iter().any(|delta| matches!(delta, Delta::Done(_))), "{deltas:?}");
}

/// What single events mean.
pub(crate) fn answer(dialect: &dyn Dialect, events: &[Value]) -> Vec<Value> {
    let events: Vec<_> = events.iter().map(|event| (None, event.to_string())).collect();
    let (deltas, error) = read(&mut *dialect.reader(&request("test")), &events);
    deltas.iter().map(told).chain(error.iter().map(failure)).collect()
}
