//! Thoughts that a server leaves in the text: `<think>…</think>` at its beginning.

use crate::provider::Delta;

const OPEN: &str = "<think>";
const CLOSE: &str = "</think>";

/// Tells thoughts from text while it comes.
#[derive(Debug, Default)]
pub(super) struct Think {
    state: State,
    /// What may be the beginning of a mark.
    held: String,
}

#[derive(Debug, Default, PartialEq)]
enum State {
    /// Nothing but blanks so far.
    #[default]
    Beginning,
    /// Nothing but blanks of a thought so far; they are not said.
    Opened,
    Thinking,
    /// Nothing but blanks after the thought so far; they are not said.
    Closed,
    Text,
}

impl Think {
    pub(super) fn push(&mut self, text: String, out: &mut Vec<Delta>) {
        if self.state == State::Text {
            return say(Delta::Text, text, out);
        }
        self.held += &text;
        self.read(out);
    }

    /// The answer is over: what was held is what it was.
    pub(super) fn finish(&mut self, out: &mut Vec<Delta>) {
        let held = std::mem::take(&mut self.held);
        match self.state {
            State::Opened | State::Thinking => say(Delta::Thought, held, out),
            State::Beginning | State::Text => say(Delta::Text, held, out),
            State::Closed => {}
        }
        self.state = State::Text;
    }

    fn read(&mut self, out: &mut Vec<Delta>) {
        if self.state == State::Beginning {
            let said = self.held.trim_start();
            if said.len() < OPEN.len() && OPEN.starts_with(said) {
                return;
            }
            match said.strip_prefix(OPEN) {
                Some(rest) => (self.held, self.state) = (rest.to_owned(), State::Opened),
                None => self.state = State::Text,
            }
        }
        if self.state == State::Opened {
            self.skip_blanks(State::Thinking);
        }
        if self.state == State::Thinking {
            self.thought(out);
        }
        if self.state == State::Closed {
            self.skip_blanks(State::Text);
        }
        if self.state == State::Text {
            say(Delta::Text, std::mem::take(&mut self.held), out);
        }
    }

    fn skip_blanks(&mut self, next: State) {
        self.held = self.held.trim_start().to_owned();
        if !self.held.is_empty() {
            self.state = next;
        }
    }

    fn thought(&mut self, out: &mut Vec<Delta>) {
        let (thought, rest) = match self.held.split_once(CLOSE) {
            Some((thought, rest)) => {
                self.state = State::Closed;
                (thought, rest)
            }
            None => self.held.split_at(self.held.len() - beginning_of_mark(&self.held)),
        };
        say(Delta::Thought, thought.to_owned(), out);
        self.held = rest.to_owned();
    }
}

/// Bytes at the end that may be the beginning of the closing mark.
fn beginning_of_mark(text: &str) -> usize {
    (1..CLOSE.len()).rev().find(|length| text.ends_with(&CLOSE[..*length])).unwrap_or(0)
}

fn say(delta: fn(String) -> Delta, text: String, out: &mut Vec<Delta>) {
    if !text.is_empty() {
        out.push(delta(text));
    }
}
