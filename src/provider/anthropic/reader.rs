//! What the events of an answer mean.

use std::sync::Arc;

use serde_json::{Value, json};

use super::event::{Block, Event, Kind, Piece, Start, Usage};
use super::request::Prefix;
use crate::acp::StopReason;
use crate::provider::answer::{self, CallIds};
use crate::provider::conversation::Place;
use crate::provider::dialect::{ReadError, Reader};
use crate::provider::fault::Fault;
use crate::provider::{Delta, Echo, ModelCall, ModelRequest, Tokens};

/// A content block that is being received.
enum Open {
    Thought { text: String, signature: String },
    Redacted(String),
    Call { id: Option<String>, name: String, start: Option<Value>, json: String },
}

/// Reads one answer.
pub(super) struct Messages {
    source: Arc<str>,
    /// What the answer's thoughts are bound to.
    after: Value,
    ids: CallIds,
    open: Vec<(u64, Open)>,
    /// Where the answer is.
    place: Place,
    /// A call that the end of the answer may have cut short.
    doubtful: Option<ModelCall>,
    usage: Tokens,
    /// Input that neither came from the cache nor went into it.
    fresh: u64,
    stop: Option<StopReason>,
}

impl Messages {
    pub(super) fn new(request: &ModelRequest) -> Self {
        Self {
            source: answer::source(super::NAME, &request.model),
            after: Prefix::of(request).mark(request.messages.len()),
            ids: CallIds::default(),
            open: Vec::new(),
            place: Place::default(),
            doubtful: None,
            usage: Tokens::default(),
            fresh: 0,
            stop: None,
        }
    }

    fn say(&mut self, text: Option<String>, out: &mut Vec<Delta>) {
        if let Some(text) = text.filter(|it| !it.is_empty()) {
            self.place.text += text.len();
            out.push(Delta::Text(text));
        }
    }

    fn block_start(&mut self, index: u64, kind: &str, block: Block, out: &mut Vec<Delta>) {
        self.release(out);
        let open = match kind {
            "thinking" => {
                let (text, signature) =
                    (block.thinking.unwrap_or_default(), block.signature.unwrap_or_default());
                if !text.is_empty() {
                    out.push(Delta::Thought(text.clone()));
                }
                Open::Thought { text, signature }
            }
            "redacted_thinking" => Open::Redacted(block.data.unwrap_or_default()),
            "tool_use" => {
                let name = block.name.unwrap_or_default();
                Open::Call { id: block.id, name, start: block.input, json: String::new() }
            }
            // A text needs no memory.
            _ => return self.say(block.text, out),
        };
        self.open.retain(|it| it.0 != index);
        self.open.push((index, open));
    }

    fn block_delta(&mut self, index: u64, piece: Piece<'_>, out: &mut Vec<Delta>) {
        if piece.kind == "text_delta" {
            return self.say(piece.text, out);
        }
        let Some((_, open)) = self.open.iter_mut().find(|it| it.0 == index) else { return };
        match (&*piece.kind, open) {
            ("thinking_delta", Open::Thought { text, .. }) => {
                let Some(more) = piece.thinking.filter(|it| !it.is_empty()) else { return };
                text.push_str(&more);
                out.push(Delta::Thought(more));
            }
            ("signature_delta", Open::Thought { signature, .. }) => {
                signature.push_str(&piece.signature.unwrap_or_default());
            }
            ("input_json_delta", Open::Call { json, .. }) => json.push_str(&piece.partial_json),
            _ => {}
        }
    }

    fn block_stop(&mut self, index: u64, out: &mut Vec<Delta>) {
        let Some(at) = self.open.iter().position(|it| it.0 == index) else { return };
        match self.open.swap_remove(at).1 {
            Open::Thought { text, signature } => {
                self.echo(&json!({ "type": "thinking", "thinking": text, "signature": signature }), out);
            }
            Open::Redacted(data) => self.echo(&json!({ "type": "redacted_thinking", "data": data }), out),
            Open::Call { id, name, start, json } => {
                let id = self.ids.name(id);
                let input = match start {
                    Some(Value::Object(whole)) if json.is_empty() && !whole.is_empty() => {
                        Value::Object(whole)
                    }
                    _ => answer::arguments(&json),
                };
                // Nothing or broken JSON: as the model made it, or the limit cut it. What follows tells.
                self.doubtful = Some(ModelCall { id, name, input });
                if !json.trim().is_empty() && self.doubtful.as_ref().is_some_and(|it| it.input.is_object()) {
                    self.release(out);
                }
            }
        }
    }

    fn echo(&self, item: &Value, out: &mut Vec<Delta>) {
        let mut data = self.place.mark(item);
        data["after"] = self.after.clone();
        out.push(Delta::Echo(Echo { source: Arc::clone(&self.source), data }));
    }

    fn release(&mut self, out: &mut Vec<Delta>) {
        if let Some(call) = self.doubtful.take() {
            self.place.calls += 1;
            out.push(Delta::Call(call));
        }
    }

    fn message_delta(&mut self, piece: Piece<'_>, out: &mut Vec<Delta>) {
        let Some(reason) = piece.stop_reason else { return };
        let stop = match &*reason {
            "max_tokens" | "model_context_window_exceeded" => StopReason::MaxTokens,
            "refusal" => StopReason::Refusal,
            // `end_turn`, `tool_use`, `stop_sequence`, `pause_turn`.
            _ => StopReason::EndTurn,
        };
        match stop {
            StopReason::MaxTokens => self.doubtful = None,
            _ => self.release(out),
        }
        if stop == StopReason::Refusal && self.place.text == 0 {
            self.say(piece.stop_details.and_then(|it| it.explanation), out);
        }
        self.stop = Some(stop);
    }

    /// Numbers are totals so far; those that are not told stay.
    fn count(&mut self, usage: &Usage, out: &mut Vec<Delta>) {
        let take = |to: &mut u64, from: Option<u64>| *to = from.unwrap_or(*to);
        take(&mut self.fresh, usage.input_tokens);
        take(&mut self.usage.cache_read, usage.cache_read_input_tokens);
        take(&mut self.usage.cache_write, usage.cache_creation_input_tokens);
        take(&mut self.usage.output, usage.output_tokens);
        take(&mut self.usage.thought, usage.output_tokens_details.as_ref().and_then(|it| it.thinking_tokens));
        self.usage.input = self.fresh + self.usage.cache_read + self.usage.cache_write;
        out.push(Delta::Usage(self.usage));
    }
}

impl Reader for Messages {
    fn event(&mut self, _name: Option<&str>, data: &str, out: &mut Vec<Delta>) -> Result<(), ReadError> {
        let event: Event<'_> = answer::parse(data)?;
        match &*event.kind {
            "content_block_delta" => {
                if let Some(piece) = event.delta {
                    self.block_delta(event.index, piece, out);
                }
            }
            "content_block_start" => {
                let Some(block) = event.content_block else { return Ok(()) };
                let Kind { kind } = answer::parse(block.get())?;
                if matches!(&*kind, "text" | "thinking" | "redacted_thinking" | "tool_use") {
                    self.block_start(event.index, &kind, answer::parse(block.get())?, out);
                }
            }
            "content_block_stop" => self.block_stop(event.index, out),
            "message_start" => {
                let start = event.message.unwrap_or(Start { id: None, usage: None });
                self.ids.answer(start.id.as_deref().unwrap_or_default());
                if let Some(usage) = &start.usage {
                    self.count(usage, out);
                }
            }
            "message_delta" => {
                if let Some(usage) = &event.usage {
                    self.count(usage, out);
                }
                if let Some(piece) = event.delta {
                    self.message_delta(piece, out);
                }
            }
            "message_stop" => {
                self.release(out);
                out.push(Delta::Done(self.stop.unwrap_or(StopReason::EndTurn)));
            }
            "error" => return Err(Fault::of(&event.error.unwrap_or_default()).failure()),
            // `ping`, and what is not known yet.
            _ => {}
        }
        Ok(())
    }

    /// Whatever is open now was cut.
    fn end(&mut self, _out: &mut Vec<Delta>) {}
}
