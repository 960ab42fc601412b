//! A model made of lines: answers are taken from a script, in order or by what the person said. It makes
//! conversations repeatable in tests and streams measurable in benchmarks.

mod script;

#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};

use super::{Answerer, Delta, Message, ModelInfo, ModelRequest, Provider, ProviderError};
use crate::acp::{ContentBlock, StopReason};
pub use script::{Line, Repeat, Rule, Script};

/// A script file as a model that can be chosen.
pub fn answerer(path: &Path) -> Result<Answerer, ProviderError> {
    let model = ModelInfo {
        id: "scripted".to_owned(),
        name: "Scripted".to_owned(),
        description: "Answers from a script, for tests".to_owned(),
        images: true,
        context: 1_000_000_000,
        ..ModelInfo::unknown("scripted", "scripted")
    };
    Ok(Answerer { model: Arc::new(model), provider: Arc::new(Scripted::open(path)?) })
}

/// Answers from a script. Clones share what is left of it.
#[derive(Debug, Clone)]
pub struct Scripted {
    rules: Arc<[Rule]>,
    lines: Arc<Mutex<VecDeque<Line>>>,
}

impl Scripted {
    /// Answers with these lines, up to a `stop` for each request.
    pub fn new(script: Script) -> Self {
        Self { rules: script.rules.into(), lines: Arc::new(Mutex::new(script.lines.into())) }
    }

    /// Reads a script file, a JSON object a line.
    pub fn open(path: &Path) -> Result<Self, ProviderError> {
        let text = std::fs::read_to_string(path).map_err(|e| {
            ProviderError::Misconfigured(format!("the script {} cannot be read: {e}", path.display()))
        })?;
        let script = Script::parse(&text)
            .map_err(|e| ProviderError::Misconfigured(format!("the script {}: {e}", path.display())))?;
        Ok(Self::new(script))
    }

    fn answer(&self, request: &ModelRequest) -> Vec<Line> {
        let (said, results) = last_prompt(request);
        for rule in &*self.rules {
            if let Some(answer) = rule.answer(&said, results) {
                return answer;
            }
        }
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        let mut answer = Vec::new();
        while let Some(line) = lines.pop_front() {
            let last = line.is_last();
            answer.push(line);
            if last {
                return answer;
            }
        }
        if answer.is_empty() {
            answer.push(Line::Error("the script has no more answers".to_owned()));
        } else {
            answer.push(Line::Stop(StopReason::EndTurn));
        }
        answer
    }
}

impl Provider for Scripted {
    fn id(&self) -> &'static str {
        "scripted"
    }

    fn stream(&self, request: ModelRequest) -> BoxStream<'static, Result<Delta, ProviderError>> {
        stream::iter(self.answer(&request)).flat_map(deltas).boxed()
    }
}

/// What the person said last, and how many tool results came since.
fn last_prompt(request: &ModelRequest) -> (String, usize) {
    let mut results = 0;
    for message in request.messages.iter().rev() {
        match message.as_ref() {
            Message::Result { .. } => results += 1,
            Message::Assistant { .. } => {}
            Message::User(blocks) => return (text(blocks), results),
        }
    }
    (String::new(), results)
}

fn text(blocks: &[ContentBlock]) -> String {
    let texts = blocks.iter().filter_map(|block| match block {
        ContentBlock::Text(text) => Some(text.text.as_str()),
        _ => None,
    });
    texts.collect::<Vec<_>>().join("\n")
}

fn deltas(line: Line) -> BoxStream<'static, Result<Delta, ProviderError>> {
    let one = |delta| stream::iter([delta]).boxed();
    match line {
        Line::Text(text) => one(Ok(Delta::Text(text))),
        Line::Thought(text) => one(Ok(Delta::Thought(text))),
        Line::Call(call) => one(Ok(Delta::Call(call.into()))),
        Line::Usage(tokens) => one(Ok(Delta::Usage(tokens))),
        Line::Stop(reason) => one(Ok(Delta::Done(reason))),
        Line::Error(text) => one(Err(ProviderError::Unavailable(text))),
        Line::Cut(text) => one(Err(ProviderError::BrokeOff(text))),
        Line::TooLong(text) => one(Err(ProviderError::TooLong(text))),
        Line::Wait => stream::pending().boxed(),
        Line::Repeat(repeat) => repeated(&repeat).boxed(),
    }
}

fn repeated(repeat: &Repeat) -> impl futures_util::Stream<Item = Result<Delta, ProviderError>> + use<> {
    // No padding of the standard library is wider.
    let widest = u64::from(u16::MAX);
    let (count, width) = (repeat.n.value(), repeat.size.value().clamp(2, widest) as usize - 1);
    let gap = Duration::from_micros(repeat.gap_us.value());
    stream::iter(0..count).then(move |at| async move {
        if !gap.is_zero() {
            tokio::time::sleep(gap).await;
        }
        Ok(Delta::Text(format!("{at:0width$} ")))
    })
}
