//! The events of an answer: <https://platform.openai.com/docs/api-reference/responses-streaming>.

use std::borrow::Cow;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::acp::StopReason;
use crate::provider::answer::{self, CallIds};
use crate::provider::conversation::Place;
use crate::provider::dialect::{ReadError, Reader};
use crate::provider::fault::Fault;
use crate::provider::{Delta, Echo, ModelCall, ModelRequest, Tokens};

#[derive(Deserialize)]
struct Event<'a> {
    #[serde(borrow, rename = "type", default)]
    kind: Cow<'a, str>,
    /// Read when the kind is known: what others carry there is their affair.
    #[serde(borrow)]
    delta: Option<&'a RawValue>,
    #[serde(borrow)]
    item: Option<&'a RawValue>,
    #[serde(borrow)]
    response: Option<&'a RawValue>,
}

impl Event<'_> {
    fn text(&self) -> Result<String, ReadError> {
        self.delta.map_or(Ok(String::new()), |it| answer::parse(it.get()))
    }

    fn whole(&self) -> Result<Whole, ReadError> {
        self.response.map_or(Ok(Whole::default()), |it| answer::parse(it.get()))
    }
}

#[derive(Deserialize)]
struct Item {
    #[serde(rename = "type", default)]
    kind: String,
    id: Option<String>,
    status: Option<String>,
    call_id: Option<String>,
    #[serde(default)]
    name: String,
    #[serde(default)]
    arguments: String,
    summary: Option<Value>,
    encrypted_content: Option<String>,
    /// Of a message: `commentary` or `final_answer`. Models that tell it want it back.
    phase: Option<String>,
}

/// The response as a whole, in the first events and the last.
#[derive(Default, Deserialize)]
struct Whole {
    #[serde(default)]
    id: String,
    usage: Option<Usage>,
    incomplete_details: Option<Incomplete>,
    error: Option<Value>,
}

#[derive(Deserialize)]
struct Incomplete {
    #[serde(default)]
    reason: String,
}

#[derive(Deserialize)]
struct Usage {
    #[serde(default)]
    input_tokens: u64,
    input_tokens_details: Option<InputDetails>,
    #[serde(default)]
    output_tokens: u64,
    output_tokens_details: Option<OutputDetails>,
}

#[derive(Deserialize)]
struct InputDetails {
    #[serde(default)]
    cached_tokens: u64,
}

#[derive(Deserialize)]
struct OutputDetails {
    #[serde(default)]
    reasoning_tokens: u64,
}

/// Reads one answer.
pub(super) struct Response {
    source: Arc<str>,
    ids: CallIds,
    place: Place,
    /// Where the item that is being received began.
    began: Place,
    refused: bool,
    /// A summary has begun: the next part of it is a new paragraph.
    thought: bool,
}

impl Response {
    pub(super) fn new(request: &ModelRequest) -> Self {
        Self {
            source: answer::source(super::NAME, &request.model),
            ids: CallIds::default(),
            place: Place::default(),
            began: Place::default(),
            refused: false,
            thought: false,
        }
    }

    fn say(&mut self, text: String, out: &mut Vec<Delta>) {
        if !text.is_empty() {
            self.place.text += text.len();
            out.push(Delta::Text(text));
        }
    }

    fn think(&mut self, text: String, out: &mut Vec<Delta>) {
        if !text.is_empty() {
            self.thought = true;
            out.push(Delta::Thought(text));
        }
    }

    fn item(&mut self, item: Item, out: &mut Vec<Delta>) {
        match (item.kind.as_str(), item.status.as_deref()) {
            // Cut by the limit, or given up.
            ("function_call", Some("incomplete" | "in_progress" | "failed")) => {}
            ("function_call", _) => {
                self.place.calls += 1;
                let id = self.ids.name(item.call_id);
                let input = answer::arguments(&item.arguments);
                out.push(Delta::Call(ModelCall { id, name: item.name, input }));
            }
            ("reasoning", _) => {
                // What is not sealed is not stored anywhere, so it would mean nothing to the provider.
                let Some(sealed) = item.encrypted_content else { return };
                let mut whole = json!({ "type": "reasoning", "summary": [], "encrypted_content": sealed });
                if let Some(summary @ Value::Array(_)) = item.summary {
                    whole["summary"] = summary;
                }
                if let Some(id) = item.id {
                    whole["id"] = id.into();
                }
                self.echo(self.place, &whole, out);
            }
            ("message", _) => {
                if let Some(phase) = item.phase {
                    self.echo(self.began, &json!({ "phase": phase }), out);
                }
            }
            _ => {}
        }
    }

    fn echo(&self, place: Place, item: &Value, out: &mut Vec<Delta>) {
        out.push(Delta::Echo(Echo { source: Arc::clone(&self.source), data: place.mark(item) }));
    }

    fn stop(&mut self, whole: Whole, out: &mut Vec<Delta>) {
        if let Some(usage) = whole.usage {
            out.push(Delta::Usage(Tokens {
                input: usage.input_tokens,
                cache_read: usage.input_tokens_details.map_or(0, |it| it.cached_tokens),
                cache_write: 0,
                output: usage.output_tokens,
                thought: usage.output_tokens_details.map_or(0, |it| it.reasoning_tokens),
            }));
        }
        let reason = whole.incomplete_details.map(|it| it.reason).unwrap_or_default();
        let stop = match &*reason {
            "max_output_tokens" | "max_tokens" => StopReason::MaxTokens,
            "content_filter" => {
                if self.place.text == 0 {
                    self.say("The provider's filter stopped the answer.".to_owned(), out);
                }
                StopReason::Refusal
            }
            _ if self.refused => StopReason::Refusal,
            _ => StopReason::EndTurn,
        };
        out.push(Delta::Done(stop));
    }
}

impl Reader for Response {
    fn event(&mut self, _name: Option<&str>, data: &str, out: &mut Vec<Delta>) -> Result<(), ReadError> {
        if data == "[DONE]" {
            return Ok(());
        }
        let event: Event<'_> = answer::parse(data)?;
        match &*event.kind {
            "response.output_text.delta" => self.say(event.text()?, out),
            "response.reasoning_summary_text.delta" | "response.reasoning_text.delta" => {
                self.think(event.text()?, out);
            }
            "response.reasoning_summary_part.added" if self.thought => self.think("\n\n".to_owned(), out),
            "response.refusal.delta" => {
                self.refused = true;
                self.say(event.text()?, out);
            }
            "response.output_item.added" => self.began = self.place,
            "response.output_item.done" => {
                if let Some(item) = event.item {
                    self.item(answer::parse(item.get())?, out);
                }
            }
            "response.created" => self.ids.answer(&event.whole()?.id),
            "response.completed" | "response.incomplete" => self.stop(event.whole()?, out),
            "response.failed" => return Err(Fault::of(&event.whole()?.error.unwrap_or_default()).failure()),
            "error" => return Err(Fault::read(data).failure()),
            // Beginnings, repetitions, tools of the provider's own, and what is not known yet.
            _ => {}
        }
        Ok(())
    }

    /// Whatever is open now was cut.
    fn end(&mut self, _out: &mut Vec<Delta>) {}
}
