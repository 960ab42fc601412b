//! Calls that come in fragments.

use std::sync::Arc;

use serde_json::Value;
use serde_json::value::RawValue;

use super::chunk::{Fragment, Function};
use crate::provider::answer::{self, CallIds};
use crate::provider::dialect::ReadError;
use crate::provider::{Message, ModelCall, ModelRequest};

/// The calls of one answer.
#[derive(Debug)]
pub(super) struct Calls {
    open: Vec<Open>,
    ids: CallIds,
    /// The conversation: some servers count calls anew in every answer.
    before: Vec<Arc<Message>>,
}

/// A call whose end has not come yet.
#[derive(Debug, Default)]
struct Open {
    index: Option<u64>,
    id: Option<String>,
    name: String,
    arguments: String,
}

impl Calls {
    pub(super) fn new(request: &ModelRequest) -> Self {
        let before = request.messages.clone();
        Self { open: Vec::new(), ids: CallIds::default(), before }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// The answer's own id, as soon as it is told.
    pub(super) fn answer(&mut self, id: &str) {
        self.ids.answer(id);
    }

    pub(super) fn push(&mut self, fragment: Fragment<'_>) -> Result<(), ReadError> {
        let Fragment { index, id, function } = fragment;
        let id = id.filter(|id| !id.is_empty());
        let Function { name, arguments } = function.unwrap_or(Function { name: None, arguments: None });
        let name = name.filter(|name| !name.is_empty());
        let arguments = text(arguments)?;
        let open = self.open(index, id.as_deref(), name.is_some());
        open.id = id.or_else(|| open.id.take());
        // Some servers repeat the name in every fragment.
        if let Some(name) = name.filter(|_| open.name.is_empty()) {
            open.name = name;
        }
        open.arguments += &arguments;
        Ok(())
    }

    /// The call a fragment belongs to. Without an index it is the last one, unless the fragment begins another; and
    /// servers that give every call the same index give each its own id.
    fn open(&mut self, index: Option<u64>, id: Option<&str>, named: bool) -> &mut Open {
        let same = |open: &Open| match index {
            Some(_) => open.index == index,
            None => true,
        };
        let other =
            |open: &Open| named && id.is_some_and(|id| open.id.as_deref().is_some_and(|own| own != id));
        let found = self.open.iter().rposition(same).filter(|at| !other(&self.open[*at]));
        // Without id and index, a name begins a call.
        let found = found.filter(|_| index.is_some() || id.is_some() || !named);
        let at = found.unwrap_or_else(|| {
            self.open.push(Open { index, ..Open::default() });
            self.open.len() - 1
        });
        &mut self.open[at]
    }

    /// The answer is over: its calls. Those whose arguments are no JSON are left out if the answer was `cut`.
    pub(super) fn finish(&mut self, cut: bool) -> Vec<ModelCall> {
        let mut calls: Vec<ModelCall> = Vec::new();
        for open in std::mem::take(&mut self.open) {
            let whole = serde_json::from_str::<serde::de::IgnoredAny>(&open.arguments).is_ok();
            if open.name.is_empty() || cut && !whole {
                continue;
            }
            let taken = |id: &str| calls.iter().any(|call| call.id == id) || self.was_made(id);
            let given = open.id.filter(|id| !taken(id));
            let mut id = self.ids.name(given);
            while calls.iter().any(|call| call.id == id) || self.was_made(&id) {
                id = self.ids.name(None);
            }
            calls.push(ModelCall { id, name: open.name, input: input(&open.arguments) });
        }
        calls
    }

    fn was_made(&self, id: &str) -> bool {
        self.before.iter().any(|message| match message.as_ref() {
            Message::Assistant { calls, .. } => calls.iter().any(|call| call.id == id),
            Message::User(_) | Message::Result { .. } => false,
        })
    }
}

/// Arguments, also where a model wrote them as JSON in a JSON text.
fn input(arguments: &str) -> Value {
    match serde_json::from_str::<String>(arguments) {
        Ok(inner) => answer::arguments(&inner),
        Err(_) => answer::arguments(arguments),
    }
}

/// A part of arguments: what a text says, or an object as it stands.
fn text(arguments: Option<&RawValue>) -> Result<String, ReadError> {
    match arguments.map(RawValue::get) {
        Some(raw) if raw.starts_with('"') => answer::parse(raw),
        Some(raw) => Ok(raw.to_owned()),
        None => Ok(String::new()),
    }
}
