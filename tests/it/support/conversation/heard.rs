//! What was said and is not matched yet, in the order of its stream: between two streams there is none.

use std::collections::{BTreeMap, VecDeque};

use serde_json::Value;

use crate::support::streams::Stream;

/// Of a connection that has one stream, as most have, the lines are in the order in which they came.
#[derive(Default)]
pub(super) struct Heard(BTreeMap<Stream, Queue>);

#[derive(Default)]
struct Queue {
    lines: VecDeque<Value>,
    /// On another stream, a line came that was to come after anything else: what is ahead of the next match may be of
    /// that.
    passing: bool,
}

impl Heard {
    pub(super) fn put(&mut self, (stream, line): (Stream, Value)) {
        self.0.entry(stream).or_default().lines.push_back(line);
    }

    /// The next line of a stream that is wanted; it is taken.
    pub(super) fn take<T>(&mut self, mut wanted: impl FnMut(&Value) -> Option<T>) -> Option<T> {
        for queue in self.0.values_mut() {
            let reach = if queue.passing { queue.lines.len() } else { 1 };
            let mut within = queue.lines.iter().take(reach).enumerate();
            if let Some((at, found)) = within.find_map(|(at, line)| Some((at, wanted(line)?))) {
                queue.lines.drain(..=at);
                queue.passing = false;
                return Some(found);
            }
        }
        None
    }

    /// What comes after anything else on one of these streams is wanted next.
    pub(super) fn pass<'a>(&mut self, open: impl IntoIterator<Item = &'a Stream>) {
        for stream in open {
            self.0.entry(stream.clone()).or_default().passing = true;
        }
    }

    /// Whether none of these streams can bring what is wanted and did not come.
    pub(super) fn is_stuck<'a>(&self, open: impl IntoIterator<Item = &'a Stream>) -> bool {
        let stuck = |stream| self.0.get(stream).is_some_and(|it| !it.passing && !it.lines.is_empty());
        open.into_iter().all(stuck)
    }

    /// What nobody expected.
    pub(super) fn unread(self) -> Vec<String> {
        let strict = self.0.into_values().filter(|queue| !queue.passing);
        strict.flat_map(|queue| queue.lines).map(|line| line.to_string()).collect()
    }
}
