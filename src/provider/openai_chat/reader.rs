//! The events of an answer.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::call::Calls;
use super::chunk::{self, Choice, Chunk, Fragment, Piece};
use super::reasoning::Reasoning;
use super::think::Think;
use crate::acp::StopReason;
use crate::provider::dialect::{ReadError, Reader};
use crate::provider::fault::Fault;
use crate::provider::retry::{self, Again};
use crate::provider::{Delta, ModelRequest, Tokens, answer};

/// The event that ends a stream.
const DONE: &str = "[DONE]";

/// Reads one answer.
#[derive(Debug)]
pub(super) struct Chunks {
    source: Arc<str>,
    /// Told before the thoughts of the text are known.
    reasoning: Reasoning,
    think: Think,
    calls: Calls,
    usage: Option<Tokens>,
    stop: Option<Stop>,
    /// Whether anything of an answer has come.
    begun: bool,
    refused: bool,
    over: bool,
}

/// What `finish_reason` says.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Stop {
    /// All is said.
    End,
    /// The limit cut it.
    Length,
    Filter,
}

impl Chunks {
    pub(super) fn new(request: &ModelRequest) -> Self {
        Self {
            source: super::source(request),
            reasoning: Reasoning::default(),
            think: Think::default(),
            calls: Calls::new(request),
            usage: None,
            stop: None,
            begun: false,
            refused: false,
            over: false,
        }
    }

    fn choice(&mut self, choice: Choice<'_>, out: &mut Vec<Delta>) -> Result<(), ReadError> {
        self.begun = true;
        if let Some(error) = choice.error {
            return Err(fault(error));
        }
        if let Some(piece) = choice.delta {
            self.piece(piece, out)?;
        }
        match choice.finish_reason.as_deref() {
            None | Some("") => {}
            Some("length" | "max_tokens" | "model_length") => self.stop = Some(Stop::Length),
            Some("content_filter") => self.stop = Some(Stop::Filter),
            Some("error") => {
                let text = "it broke off its answer".to_owned();
                return Err(ReadError::Failed { text, retry: true });
            }
            // `stop`, `tool_calls`, `function_call`, and what a vendor calls the same.
            Some(_) => self.stop = Some(Stop::End),
        }
        Ok(())
    }

    fn piece(&mut self, piece: Piece<'_>, out: &mut Vec<Delta>) -> Result<(), ReadError> {
        let details = piece.reasoning_details.map(|list| self.reasoning.details(list));
        let content = piece.reasoning_content.text;
        self.reasoning.content(&content);
        // Vendors say the same thought in several fields.
        let thoughts = [content, piece.reasoning.text, details.unwrap_or_default(), piece.content.thought];
        if let Some(thought) = thoughts.into_iter().find(|it| !it.is_empty()) {
            out.push(Delta::Thought(thought));
        }
        if !piece.content.text.is_empty() {
            self.think.push(piece.content.text, out);
        }
        if !piece.refusal.text.is_empty() {
            self.refused = true;
            self.think.finish(out);
            out.push(Delta::Text(piece.refusal.text));
        }
        for fragment in piece.tool_calls.into_iter().flatten() {
            self.calls.push(fragment)?;
        }
        if let Some(function) = piece.function_call {
            self.calls.push(Fragment { index: Some(0), id: None, function: Some(function) })?;
        }
        Ok(())
    }

    /// The answer came to its end.
    fn finish(&mut self, out: &mut Vec<Delta>) {
        self.over = true;
        self.think.finish(out);
        out.extend(self.reasoning.finish(&self.source, !self.calls.is_empty()).map(Delta::Echo));
        // Without a reason, or with the limit as one, the last call may be half.
        out.extend(self.calls.finish(self.stop != Some(Stop::End)).into_iter().map(Delta::Call));
        out.extend(self.usage.map(Delta::Usage));
        out.push(Delta::Done(match self.stop {
            Some(Stop::Filter) => StopReason::Refusal,
            _ if self.refused => StopReason::Refusal,
            Some(Stop::Length) => StopReason::MaxTokens,
            Some(Stop::End) | None => StopReason::EndTurn,
        }));
    }
}

impl Reader for Chunks {
    fn event(&mut self, name: Option<&str>, data: &str, out: &mut Vec<Delta>) -> Result<(), ReadError> {
        let data = data.trim();
        if self.over || data.is_empty() {
            return Ok(());
        }
        if data == DONE {
            if self.begun {
                self.finish(out);
            }
            return Ok(());
        }
        if name == Some("error") {
            return Err(Fault::read(data).failure());
        }
        let chunk: Chunk<'_> = answer::parse(data)?;
        if let Some(error) = chunk.error {
            return Err(fault(error));
        }
        self.usage = chunk::tokens(&chunk).or(self.usage);
        if let Some(id) = chunk.id.filter(|_| !self.begun) {
            self.calls.answer(id.get());
        }
        let choices = chunk.choices.into_iter().flatten();
        choices.filter(|choice| choice.index == 0).try_for_each(|choice| self.choice(choice, out))
    }

    fn end(&mut self, out: &mut Vec<Delta>) {
        if self.over {
            return;
        }
        if self.stop.is_some() {
            self.finish(out);
        } else {
            self.think.finish(out);
            out.extend(self.usage.map(Delta::Usage));
        }
    }
}

fn fault(error: &RawValue) -> ReadError {
    #[derive(Deserialize)]
    struct Coded {
        code: u16,
    }
    // OpenRouter's and llama.cpp's code is the status that the request would have had.
    let code = serde_json::from_str::<Coded>(error.get()).map_or(0, |it| it.code);
    match Fault::read(error.get()).failure() {
        ReadError::Failed { text, retry } => {
            ReadError::Failed { text, retry: retry || retry::on_status(code, None) != Again::Never }
        }
        other => other,
    }
}
