//! The events of an answer: each is a whole `GenerateContentResponse`, and a call is whole in its part.

use std::borrow::Cow;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::acp::StopReason;
use crate::provider::answer::{self, CallIds};
use crate::provider::dialect::{ReadError, Reader};
use crate::provider::fault::Fault;
use crate::provider::{Delta, Echo, ModelCall, ModelRequest, Tokens};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event<'a> {
    #[serde(borrow, default)]
    candidates: Vec<Answer<'a>>,
    usage_metadata: Option<Usage>,
    prompt_feedback: Option<Feedback>,
    #[serde(borrow, default)]
    response_id: Cow<'a, str>,
    error: Option<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer<'a> {
    #[serde(borrow)]
    content: Option<Content<'a>>,
    finish_reason: Option<String>,
    finish_message: Option<String>,
}

#[derive(Deserialize)]
struct Content<'a> {
    #[serde(borrow, default)]
    parts: Vec<Part<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Part<'a> {
    text: Option<String>,
    #[serde(default)]
    thought: bool,
    #[serde(borrow, default)]
    thought_signature: Cow<'a, str>,
    function_call: Option<FunctionCall>,
}

#[derive(Deserialize)]
struct FunctionCall {
    id: Option<String>,
    #[serde(default)]
    name: String,
    args: Option<Value>,
}

/// In tokens.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Usage {
    #[serde(rename = "promptTokenCount")]
    prompt: u64,
    #[serde(rename = "toolUsePromptTokenCount")]
    tool_use: u64,
    /// Of `prompt`.
    #[serde(rename = "cachedContentTokenCount")]
    cached: u64,
    #[serde(rename = "candidatesTokenCount")]
    candidates: u64,
    /// Beside `candidates`.
    #[serde(rename = "thoughtsTokenCount")]
    thoughts: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Feedback {
    block_reason: Option<String>,
    block_reason_message: Option<String>,
}

/// Reads one answer.
pub(super) struct Candidate {
    source: Arc<str>,
    ids: CallIds,
    calls: usize,
    said: bool,
    /// The signature of the text, once: the last one stands for all of it.
    signature: String,
    usage: Tokens,
    told: Tokens,
    stop: Option<StopReason>,
}

impl Candidate {
    pub(super) fn new(request: &ModelRequest) -> Self {
        Self {
            source: answer::source(super::NAME, &request.model),
            ids: CallIds::default(),
            calls: 0,
            said: false,
            signature: String::new(),
            usage: Tokens::default(),
            told: Tokens::default(),
            stop: None,
        }
    }

    fn part(&mut self, part: Part<'_>, out: &mut Vec<Delta>) {
        if let Some(call) = part.function_call {
            self.call(call, &part.thought_signature, out);
            return;
        }
        if !part.thought && !part.thought_signature.is_empty() {
            self.signature = part.thought_signature.into_owned();
        }
        match part.text {
            Some(text) if text.is_empty() => {}
            Some(text) if part.thought => out.push(Delta::Thought(text)),
            Some(text) => self.say(text, out),
            None => {}
        }
    }

    fn say(&mut self, text: String, out: &mut Vec<Delta>) {
        self.said = true;
        out.push(Delta::Text(text));
    }

    fn call(&mut self, call: FunctionCall, signature: &str, out: &mut Vec<Delta>) {
        let mut data = json!({ "call": self.calls });
        if !signature.is_empty() {
            data["signature"] = signature.into();
        }
        if let Some(id) = call.id.as_ref().filter(|it| !it.is_empty()) {
            data["id"] = id.as_str().into();
        }
        if data.as_object().is_some_and(|it| it.len() > 1) {
            out.push(Delta::Echo(Echo { source: Arc::clone(&self.source), data }));
        }
        self.calls += 1;
        let input = match call.args {
            Some(args @ Value::Object(_)) => args,
            None | Some(Value::Null) => json!({}),
            Some(other) => Value::String(other.to_string()),
        };
        out.push(Delta::Call(ModelCall { id: self.ids.name(call.id), name: call.name, input }));
    }

    fn finish(&mut self, reason: &str, words: Option<String>, out: &mut Vec<Delta>) -> Result<(), ReadError> {
        let stop = match reason {
            "MAX_TOKENS" => StopReason::MaxTokens,
            "SAFETY"
            | "RECITATION"
            | "LANGUAGE"
            | "BLOCKLIST"
            | "PROHIBITED_CONTENT"
            | "SPII"
            | "IMAGE_SAFETY"
            | "IMAGE_PROHIBITED_CONTENT"
            | "IMAGE_RECITATION" => StopReason::Refusal,
            "MALFORMED_FUNCTION_CALL" | "UNEXPECTED_TOOL_CALL" | "MALFORMED_RESPONSE" => {
                let text = words.unwrap_or_else(|| format!("the model's answer was no good ({reason})"));
                return Err(ReadError::Failed { text, retry: true });
            }
            // `STOP`, `OTHER`, and what is not known yet.
            _ => StopReason::EndTurn,
        };
        if stop == StopReason::Refusal && !self.said {
            let words = words.unwrap_or_else(|| format!("The provider stopped the answer ({reason})."));
            self.say(words, out);
        }
        self.stop = Some(stop);
        Ok(())
    }

    fn count(&mut self, usage: &Usage) {
        self.usage = Tokens {
            input: usage.prompt + usage.tool_use,
            cache_read: usage.cached,
            cache_write: 0,
            output: usage.candidates + usage.thoughts,
            thought: usage.thoughts,
        };
    }

    /// Every event counts; the first and the last are worth telling.
    fn tell(&mut self, out: &mut Vec<Delta>) {
        if self.usage != self.told {
            self.told = self.usage;
            out.push(Delta::Usage(self.usage));
        }
    }
}

impl Reader for Candidate {
    fn event(&mut self, _name: Option<&str>, data: &str, out: &mut Vec<Delta>) -> Result<(), ReadError> {
        let event: Event<'_> = answer::parse(data)?;
        if let Some(error) = event.error {
            return Err(Fault::of(&error).failure());
        }
        self.ids.answer(&event.response_id);
        if let Some(usage) = event.usage_metadata {
            self.count(&usage);
        }
        if self.told == Tokens::default() || self.stop.is_some() {
            self.tell(out);
        }
        let blocked = event.prompt_feedback.and_then(|it| Some((it.block_reason?, it.block_reason_message)));
        if let Some((reason, words)) = blocked {
            let words = words.unwrap_or_else(|| format!("The provider refused the prompt ({reason})."));
            self.say(words, out);
            self.stop = Some(StopReason::Refusal);
        }
        // More than one is never asked for.
        let Some(candidate) = event.candidates.into_iter().next() else { return Ok(()) };
        for part in candidate.content.into_iter().flat_map(|it| it.parts) {
            self.part(part, out);
        }
        match candidate.finish_reason {
            Some(reason) => self.finish(&reason, candidate.finish_message, out),
            None => Ok(()),
        }
    }

    fn end(&mut self, out: &mut Vec<Delta>) {
        self.tell(out);
        let Some(stop) = self.stop else { return };
        if !self.signature.is_empty() {
            let data = json!({ "signature": self.signature });
            out.push(Delta::Echo(Echo { source: Arc::clone(&self.source), data }));
        }
        out.push(Delta::Done(stop));
    }
}
