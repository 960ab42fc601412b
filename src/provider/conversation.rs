//! The conversation in the form that every wire dialect takes: user and assistant by turns, each call with exactly
//! one outcome, nothing empty.

use std::borrow::Cow;
use std::collections::HashMap;

use serde_json::Value;

use super::{Echo, Message, ModelCall, ModelRequest};
use crate::acp::{ContentBlock, EmbeddedResourceResource};

/// What became of a call that nobody answered: the turn was cancelled or the process ended.
const INTERRUPTED: &str = "The call was interrupted before it had a result. It may have had effects.";

/// A step of the conversation. Two users never follow each other; outcomes follow the assistant that made the calls.
#[derive(Debug, PartialEq)]
pub(super) enum Turn<'a> {
    User(Vec<Part<'a>>),
    Assistant(Said<'a>),
    /// One for each call of the assistant before, in the order of the calls.
    Outcomes(Vec<Outcome<'a>>),
}

/// What a user or a tool shows.
#[derive(Debug, PartialEq)]
pub(super) enum Part<'a> {
    /// Never blank.
    Text(Cow<'a, str>),
    /// `data` is base64; PNG, JPEG, WebP or GIF.
    Image { mime: &'static str, data: &'a str },
}

/// What the model said. It has text or calls.
#[derive(Debug, PartialEq)]
pub(super) struct Said<'a> {
    pub(super) text: &'a str,
    pub(super) calls: &'a [ModelCall],
    /// What the asked source gave with it, in its order.
    pub(super) echoes: Vec<&'a Value>,
    /// Which message of the request it is.
    pub(super) at: usize,
}

/// What came of a call. It has at least one part.
#[derive(Debug, PartialEq)]
pub(super) struct Outcome<'a> {
    pub(super) call: &'a ModelCall,
    pub(super) parts: Vec<Part<'a>>,
    pub(super) failed: bool,
}

impl Outcome<'_> {
    /// Its text alone.
    pub(super) fn text(&self) -> Cow<'_, str> {
        let mut texts = self.parts.iter().filter_map(|part| match part {
            Part::Text(text) => Some(text.as_ref()),
            Part::Image { .. } => None,
        });
        match (texts.next(), texts.next()) {
            (None, _) => "(an image)".into(),
            (Some(only), None) => only.into(),
            (Some(first), Some(second)) => {
                texts.fold(format!("{first}\n{second}"), |all, more| all + "\n" + more).into()
            }
        }
    }
}

/// The conversation of a request for the asked source (see [`Echo::source`]).
pub(super) fn turns<'a>(request: &'a ModelRequest, source: &str) -> Vec<Turn<'a>> {
    let mut turns = Vec::with_capacity(request.messages.len());
    for (at, message) in request.messages.iter().enumerate() {
        match message.as_ref() {
            Message::User(blocks) => {
                let parts = parts(blocks, request.model.images);
                match turns.last_mut() {
                    Some(Turn::User(before)) => before.extend(parts),
                    _ if parts.is_empty() => {}
                    _ => turns.push(Turn::User(parts)),
                }
            }
            Message::Assistant { text, calls, .. } if calls.is_empty() && text.trim().is_empty() => {}
            Message::Assistant { text, calls, echoes } => {
                turns.push(Turn::Assistant(Said { text, calls, echoes: own(echoes, source), at }));
                if !calls.is_empty() {
                    turns.push(Turn::Outcomes(outcomes(request, at, calls)));
                }
            }
            // Told with the message that made the call; without one it is told to nobody.
            Message::Result { .. } => {}
        }
    }
    turns
}

fn own<'a>(echoes: &'a [Echo], source: &str) -> Vec<&'a Value> {
    echoes.iter().filter(|echo| &*echo.source == source).map(|echo| &echo.data).collect()
}

/// What came of the calls of the message at `at`: looked for up to the next message that made calls.
fn outcomes<'a>(request: &'a ModelRequest, at: usize, calls: &'a [ModelCall]) -> Vec<Outcome<'a>> {
    let mut found = HashMap::new();
    for message in &request.messages[at + 1..] {
        match message.as_ref() {
            Message::Result { call, text, failed, images } => {
                found.entry(call.as_str()).or_insert((text, *failed, images));
            }
            Message::Assistant { calls, .. } if !calls.is_empty() => break,
            Message::Assistant { .. } | Message::User(_) => {}
        }
    }
    let outcome = |call: &'a ModelCall| {
        let Some((text, failed, images)) = found.get(call.id.as_str()) else {
            return Outcome { call, parts: vec![Part::Text(INTERRUPTED.into())], failed: true };
        };
        let mut shown = parts(images, request.model.images);
        if !text.trim().is_empty() {
            shown.insert(0, Part::Text(text.as_str().into()));
        } else if shown.is_empty() {
            shown.push(Part::Text("(no output)".into()));
        }
        Outcome { call, parts: shown, failed: *failed }
    };
    calls.iter().map(outcome).collect()
}

fn parts(blocks: &[ContentBlock], images: bool) -> Vec<Part<'_>> {
    let parts = blocks.iter().map(|block| part(block, images));
    parts.filter(|part| !matches!(part, Part::Text(text) if text.trim().is_empty())).collect()
}

fn part(block: &ContentBlock, images: bool) -> Part<'_> {
    match block {
        ContentBlock::Text(it) => Part::Text(it.text.as_str().into()),
        ContentBlock::Image(it) => {
            let name = it.uri.as_deref().unwrap_or(&it.mime_type);
            image(name, &it.mime_type, &it.data, images)
        }
        ContentBlock::Audio(it) => Part::Text(
            format!("(Sound of type {} was left out: this model takes none.)", it.mime_type).into(),
        ),
        ContentBlock::ResourceLink(it) => {
            let title = it.title.as_ref().unwrap_or(&it.name);
            let about = it.description.as_ref().map(|about| format!(": {about}")).unwrap_or_default();
            Part::Text(format!("[{title}]({}){about}", it.uri).into())
        }
        ContentBlock::Resource(it) => resource(&it.resource, images),
        _ => Part::Text(Cow::Borrowed("(Content of an unknown kind was left out.)")),
    }
}

/// One unreadable image would refuse every request of the session from now on, so others than these are not sent.
fn image<'a>(name: &str, mime: &str, data: &'a str, images: bool) -> Part<'a> {
    let mime = match mime {
        "image/png" => "image/png",
        "image/jpeg" | "image/jpg" => "image/jpeg",
        "image/webp" => "image/webp",
        "image/gif" => "image/gif",
        other => {
            return Part::Text(format!("(The image {name} was left out: {other} is not understood.)").into());
        }
    };
    if images {
        return Part::Image { mime, data };
    }
    Part::Text(format!("(The image {name} was left out: this model takes no images.)").into())
}

fn resource(resource: &EmbeddedResourceResource, images: bool) -> Part<'_> {
    match resource {
        EmbeddedResourceResource::TextResourceContents(it) => {
            let uri = it.uri.replace('"', "%22");
            Part::Text(format!("<resource uri=\"{uri}\">\n{}\n</resource>", it.text).into())
        }
        EmbeddedResourceResource::BlobResourceContents(it) => match it.mime_type.as_deref() {
            Some(mime) if mime.starts_with("image/") => image(&it.uri, mime, &it.blob, images),
            _ => Part::Text(format!("(The bytes of {} were left out.)", it.uri).into()),
        },
        _ => Part::Text(Cow::Borrowed("(A resource of an unknown kind was left out.)")),
    }
}

/// A piece of what the model said, in the order it said it.
#[derive(Debug, PartialEq)]
pub(super) enum Piece<'a> {
    /// What an echo holds under `item`.
    Echo(&'a Value),
    /// Never blank.
    Text(&'a str),
    Call(&'a ModelCall),
}

/// Where in an answer an echo came: after so many bytes of text and so many calls.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Place {
    pub(super) text: usize,
    pub(super) calls: usize,
}

impl Place {
    /// The data of an echo of `item` at this place, for [`Said::pieces`] to put back.
    pub(super) fn mark(self, item: &Value) -> Value {
        serde_json::json!({ "item": item, "text": self.text, "calls": self.calls })
    }
}

impl<'a> Said<'a> {
    /// Text, calls and the echoes made by [`Place::mark`], each where it was. Providers refuse signed thoughts that
    /// were moved.
    pub(super) fn pieces(&self) -> Vec<Piece<'a>> {
        let mut pieces = Vec::with_capacity(self.calls.len() + self.echoes.len() + 1);
        let mut done = Place::default();
        for echo in &self.echoes {
            let number = |key: &str| echo[key].as_u64().map_or(0, |it| it as usize);
            let place = Place { text: number("text"), calls: number("calls") };
            self.up_to(place, &mut done, &mut pieces);
            pieces.push(Piece::Echo(&echo["item"]));
        }
        self.up_to(Place { text: self.text.len(), calls: self.calls.len() }, &mut done, &mut pieces);
        pieces
    }

    fn up_to(&self, place: Place, done: &mut Place, pieces: &mut Vec<Piece<'a>>) {
        let text = self.text.floor_char_boundary(place.text).max(done.text);
        let said = &self.text[done.text..text];
        if !said.trim().is_empty() {
            pieces.push(Piece::Text(said));
        }
        let calls = place.calls.clamp(done.calls, self.calls.len());
        pieces.extend(self.calls[done.calls..calls].iter().map(Piece::Call));
        *done = Place { text, calls };
    }
}

/// The arguments of a call as the object that providers insist on.
pub(super) fn object(input: &Value) -> Cow<'_, Value> {
    match input {
        Value::Object(_) => Cow::Borrowed(input),
        Value::Null => Cow::Owned(serde_json::json!({})),
        other => Cow::Owned(serde_json::json!({ "arguments": other })),
    }
}

/// The id of a call as providers take it: letters, digits, `_` and `-`, at most 64. An id of another provider may
/// look different.
pub(super) fn wire_id(id: &str) -> Cow<'_, str> {
    let fits = |it: char| it.is_ascii_alphanumeric() || it == '_' || it == '-';
    if id.len() <= 64 && !id.is_empty() && id.chars().all(fits) {
        return id.into();
    }
    let clean: String = id.chars().map(|it| if fits(it) { it } else { '_' }).collect();
    // What tells ids apart is usually at the end.
    let from = clean.len().saturating_sub(60);
    format!("call{}", &clean[from..]).into()
}
