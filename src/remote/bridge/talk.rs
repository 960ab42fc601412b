//! What has to be known of a conversation so that another server can go on with it.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};

use bytes::Bytes;
use jsonrpsee::types::ErrorObjectOwned;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::place::{self, Noted};
use crate::jsonrpc::{self, Message, Owed, RawId, error_line};

/// Sessions that are resumed with another server.
const MOST: usize = 1024;
/// How a line begins that is most of what a server says, and asks for nothing.
const NOTIFICATION: &[u8] = b"{\"jsonrpc\":\"2.0\",\"method\":\"";
const CANCEL: &str = "$/cancel_request";
/// What requests of our own are called: nobody else calls theirs so.
const OWN: &str = "adjutant-connect";
/// The code of an error that is nobody's fault here.
const INTERNAL: i32 = -32603;

/// One conversation, over one server after the other.
#[derive(Debug, Default)]
pub(super) struct Talk {
    /// The editor's `initialize`, as it was passed on.
    initialize: Option<Bytes>,
    /// Requests of the editor's that are not answered.
    open: HashMap<RawId, Asked>,
    /// Sessions that the editor has.
    sessions: BTreeMap<String, Held>,
    /// Requests of the server's that the editor has not answered.
    questions: HashSet<RawId>,
    /// How many servers there were before.
    servers: u64,
}

/// A session, as far as it matters for whoever resumes it.
#[derive(Debug)]
struct Held {
    /// The parameters that opened it.
    place: Map<String, Value>,
    /// How far the editor has come in it; empty: the server says nothing of that.
    cursor: String,
}

/// A request, as far as it matters for what comes after it.
#[derive(Debug)]
enum Asked {
    Initialize,
    /// A session is opened with these parameters.
    Opens(Map<String, Value>),
    /// A session is let go of.
    Leaves(String),
    Other,
}

/// A line for a new server, and the identifier of its answer.
pub(super) struct Step {
    pub(super) line: Bytes,
    id: RawId,
    session: Option<String>,
}

impl Talk {
    /// A line of the editor's: what is to be passed on of it.
    pub(super) fn said(&mut self, line: &Bytes, into: &mut Vec<u8>) {
        match jsonrpc::parse(line) {
            Ok(Message::Request { id, method, params }) => {
                let asked = asked(&method, params);
                let first = matches!(asked, Asked::Initialize) && self.initialize.is_none();
                self.open.insert(id, asked);
                if first {
                    return whole(self.initialize.insert(place::wishing(line)), into);
                }
            }
            Ok(Message::Response { id, outcome }) if self.servers > 0 => {
                return self.answer(&id, outcome, into);
            }
            Ok(Message::Response { id, .. }) => drop(self.questions.remove(&id)),
            // What is wrong with a line is the server's to say.
            Ok(Message::Notification { .. }) | Err(_) => {}
        }
        whole(line, into);
    }

    /// A line of the server's: what is to be passed on of it.
    pub(super) fn heard(&mut self, line: &Bytes, into: &mut Vec<u8>) {
        if line.starts_with(NOTIFICATION) && !line[NOTIFICATION.len()..].starts_with(CANCEL.as_bytes()) {
            let Some(noted) = Noted::of(line) else { return whole(line, into) };
            if let Some(held) = self.sessions.get_mut(noted.session) {
                noted.cursor.clone_into(&mut held.cursor);
            }
            return noted.write(into);
        }
        match jsonrpc::parse(line) {
            Ok(Message::Response { id, outcome }) => self.answered(&id, outcome.ok()),
            Ok(Message::Request { id, method, params }) => {
                self.questions.insert(id.clone());
                if self.servers > 0 {
                    return request(&self.seen(&id), &method, params, into);
                }
            }
            Ok(Message::Notification { method, params }) if method == CANCEL && self.servers > 0 => {
                let id = params.and_then(cancelled);
                return id.map_or((), |id| cancel(&self.seen(&id), into));
            }
            Ok(Message::Notification { .. }) | Err(_) => {}
        }
        whole(line, into);
    }

    /// The server is gone: what the editor is told about what is open on either side.
    pub(super) fn lost(&mut self, why: &str) -> Vec<u8> {
        let mut lines = Vec::new();
        for id in self.questions.drain().collect::<Vec<_>>() {
            cancel(&if self.servers > 0 { self.seen(&id) } else { id.text().to_owned() }, &mut lines);
        }
        let text =
            format!("The connection to the server is gone: {why}. What this request came to is not known");
        // What was said first is said again to the next server, whose answer it has.
        for (id, _) in self.open.extract_if(|_, asked| !matches!(asked, Asked::Initialize)) {
            lines.extend_from_slice(&error_line(&id, &error(INTERNAL, &text)));
        }
        self.servers += 1;
        lines
    }

    /// What a new server is to be told.
    pub(super) fn revival(&self) -> Vec<Step> {
        let mut steps = Vec::new();
        if let Some(line) = &self.initialize
            && let Ok(Message::Request { id, .. }) = jsonrpc::parse(line)
        {
            let mut whole_line = Vec::new();
            whole(line, &mut whole_line);
            steps.push(Step { line: whole_line.into(), id, session: None });
        }
        for (number, (session, held)) in self.sessions.iter().enumerate() {
            let mut params = held.place.clone();
            params.insert("sessionId".to_owned(), session.as_str().into());
            if !held.cursor.is_empty() {
                place::resuming(&mut params, &held.cursor);
            }
            let name = json!(format!("{OWN}-{number}"));
            let mut line = Vec::new();
            let resume =
                json!({ "jsonrpc": "2.0", "id": name, "method": "session/resume", "params": params });
            jsonrpc::line(&resume, &mut line);
            if let Ok(Message::Request { id, .. }) = jsonrpc::parse(&line) {
                steps.push(Step { line: line.into(), id, session: Some(session.clone()) });
            }
        }
        steps
    }

    /// A line of a new server's while it is told a step; whether that is its answer.
    pub(super) fn revived(&mut self, step: &Step, line: &Bytes, into: &mut Vec<u8>) -> bool {
        match jsonrpc::parse(line) {
            Ok(Message::Response { id, outcome }) if id == step.id => {
                let asked = self.open.remove(&id);
                if matches!(asked, Some(Asked::Initialize)) {
                    whole(line, into);
                }
                if let (Err(error), Some(session)) = (outcome, &step.session) {
                    tracing::warn!(session, error = error.get(), "a session could not be resumed");
                    self.sessions.remove(session);
                }
                true
            }
            _ => {
                self.heard(line, into);
                false
            }
        }
    }

    /// An answer of the editor's goes to the server that asked, and to no other.
    fn answer(&mut self, id: &RawId, outcome: Result<&RawValue, &RawValue>, into: &mut Vec<u8>) {
        let name = serde_json::from_str::<Cow<'_, str>>(id.text()).unwrap_or_default();
        let (servers, own) = name.split_once(':').unwrap_or_default();
        let own = serde_json::from_str::<&RawValue>(own).ok().and_then(RawId::new);
        let Some(own) = own.filter(|_| servers == self.servers.to_string()) else {
            tracing::debug!(?id, "an answer to a server that is gone was dropped");
            return;
        };
        self.questions.remove(&own);
        let (key, value) = outcome.map_or_else(|error| ("error", error), |result| ("result", result));
        let text = format!("{{\"jsonrpc\":\"2.0\",\"id\":{},\"{key}\":{}}}\n", own.text(), value.get());
        into.extend_from_slice(text.as_bytes());
    }

    /// The identifier of a request of the server's as the editor sees it: two servers may call theirs the same.
    fn seen(&self, id: &RawId) -> String {
        let mut text = Vec::new();
        jsonrpc::string(&format!("{}:{}", self.servers, id.text()), &mut text);
        String::from_utf8(text).unwrap_or_default()
    }

    fn answered(&mut self, id: &RawId, result: Option<&RawValue>) {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Opened<'a> {
            #[serde(borrow)]
            session_id: Option<Cow<'a, str>>,
        }
        let (Some(asked), Some(result)) = (self.open.remove(id), result) else { return };
        match asked {
            Asked::Opens(mut place) => {
                let new = serde_json::from_str::<Opened<'_>>(result.get()).ok().and_then(|it| it.session_id);
                let known = place.remove("sessionId").and_then(|id| id.as_str().map(str::to_owned));
                let session = new.map(Cow::into_owned).or(known);
                if let Some(session) = session.filter(|_| self.sessions.len() < MOST) {
                    let cursor = String::new();
                    self.sessions.insert(session, Held { place, cursor });
                }
            }
            Asked::Leaves(session) => drop(self.sessions.remove(&session)),
            Asked::Initialize | Asked::Other => {}
        }
    }
}

fn asked(method: &str, params: Option<&RawValue>) -> Asked {
    let read = || params.and_then(|params| serde_json::from_str::<Map<String, Value>>(params.get()).ok());
    match method {
        "initialize" => Asked::Initialize,
        "session/new" | "session/load" | "session/resume" | "session/fork" => {
            read().map_or(Asked::Other, Asked::Opens)
        }
        "session/close" | "session/delete" => {
            let session = read().and_then(|params| Some(params.get("sessionId")?.as_str()?.to_owned()));
            session.map_or(Asked::Other, Asked::Leaves)
        }
        _ => Asked::Other,
    }
}

/// What is answered to a line while there is no server.
pub(super) fn unreachable(line: &[u8], why: &str) -> Bytes {
    match jsonrpc::parse(line) {
        Ok(Message::Request { id, .. }) => {
            error_line(&id, &error(INTERNAL, &format!("There is no server: {why}")))
        }
        Ok(Message::Notification { .. } | Message::Response { .. }) => Bytes::new(),
        Err(owed) => error_line(&owed.id, &error(owed.code.code(), owed.message)),
    }
}

/// What is answered to a line that is not passed on.
pub(super) fn too_long(limit: usize) -> Bytes {
    let owed = Owed::too_long(limit);
    error_line(&owed.id, &error(owed.code.code(), &format!("{}: {}", owed.message, owed.detail)))
}

fn error(code: i32, text: &str) -> ErrorObjectOwned {
    ErrorObjectOwned::owned(code, text, None::<()>)
}

/// Which request is taken back.
fn cancelled(params: &RawValue) -> Option<RawId> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Cancel<'a> {
        #[serde(borrow)]
        request_id: &'a RawValue,
    }
    RawId::new(serde_json::from_str::<Cancel<'_>>(params.get()).ok()?.request_id)
}

fn cancel(id: &str, into: &mut Vec<u8>) {
    let text = format!("{{\"jsonrpc\":\"2.0\",\"method\":\"{CANCEL}\",\"params\":{{\"requestId\":{id}}}}}\n");
    into.extend_from_slice(text.as_bytes());
}

fn request(id: &str, method: &str, params: Option<&RawValue>, into: &mut Vec<u8>) {
    let mut name = Vec::new();
    jsonrpc::string(method, &mut name);
    into.extend_from_slice(format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"method\":").as_bytes());
    into.extend_from_slice(&name);
    if let Some(params) = params {
        into.extend_from_slice(format!(",\"params\":{}", params.get()).as_bytes());
    }
    into.extend_from_slice(b"}\n");
}

fn whole(line: &[u8], into: &mut Vec<u8>) {
    into.extend_from_slice(line);
    into.push(b'\n');
}
