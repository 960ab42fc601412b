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
    Thinking,
    /// The thought is over; blanks before the text are not said.
    Between,
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
            State::Thinking => say(Delta::Thought, held, out),
            State::Beginning | State::Text => say(Delta::Text, held, out),
            State::Between => {}
        }
        self.state = State::Text;
    }

    fn read(&mut self, out: &mut Vec<Delta>) {
        if self.state == State::Beginning {
            let said = self.held.trim_start();
            if said.is_empty() || OPEN.starts_with(said) && said.len() < OPEN.len() {
                return;
            }
            match said.strip_prefix(OPEN) {
                Some(rest) => (self.held, self.state) = (rest.trim_start().to_owned(), State::Thinking),
                None => self.state = State::Text,
            }
        }
        if self.state == State::Thinking {
            match self.held.split_once(CLOSE) {
                Some((thought, rest)) => {
                    say(Delta::Thought, thought.to_owned(), out);
                    (self.held, self.state) = (rest.to_owned(), State::Between);
                }
                None => {
                    let mark = self.held.len() - beginning_of_mark(&self.held);
                    let rest = self.held.split_off(mark);
                    say(Delta::Thought, std::mem::replace(&mut self.held, rest), out);
                }
            }
        }
        if self.state == State::Between {
            self.held = self.held.trim_start().to_owned();
            if !self.held.is_empty() {
                self.state = State::Text;
            }
        }
        if self.state == State::Text {
            say(Delta::Text, std::mem::take(&mut self.held), out);
        }
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
