//! On which stream a line belongs: pure functions of what it says.

use std::borrow::Cow;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::acp::{AGENT_METHOD_NAMES as AGENT, method, v2};
use crate::jsonrpc::{Message, RawId, parse};
use crate::rpc::CANCEL_REQUEST;

/// Methods that say nothing without a session.
const OF_A_SESSION: [&str; 12] = [
    AGENT.session_prompt,
    AGENT.session_cancel,
    AGENT.session_close,
    AGENT.session_delete,
    AGENT.session_fork,
    AGENT.session_load,
    AGENT.session_resume,
    AGENT.session_set_config_option,
    AGENT.session_set_mode,
    method::SESSION_SET_MODEL,
    v2::AGENT_METHOD_NAMES.tool_call_cancel,
    v2::AGENT_METHOD_NAMES.terminal_cancel,
];

/// A stream of a connection.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Place {
    Connection,
    Session(Arc<str>),
}

impl Place {
    pub(super) fn of(session: Option<&str>) -> Self {
        session.map_or(Self::Connection, |session| Self::Session(session.into()))
    }
}

/// What a message of the client's is, as far as the way of its answer matters.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Inbound {
    Initialize(RawId),
    /// Shows a session to this client from now on.
    Attach(RawId, Place),
    Request(RawId, Place),
    Notification,
    /// To a request of ours.
    Answer(RawId),
}

/// Why a message and its headers do not go together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Misled {
    /// Neither the header nor the parameters name the session.
    Nowhere,
    /// They name two.
    Torn,
}

/// What a line of ours is, as far as its way matters.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Outbound {
    Reply(RawId),
    Ask(RawId, Place),
    /// A request of ours is taken back.
    Withdrawal(Option<RawId>),
    Notification(Place),
}

/// `named`: the session that the header names. Clients name it in the parameters as well, and some there only.
pub(super) fn inbound(message: &Message<'_>, named: Option<&str>) -> Result<Inbound, Misled> {
    let (id, method, params) = match message {
        Message::Response { id, .. } => return Ok(Inbound::Answer(id.clone())),
        Message::Request { id, method, params } => (Some(id), method.as_ref(), *params),
        Message::Notification { method, params } => (None, method.as_ref(), *params),
    };
    // What is about requests themselves is about no session.
    let named = named.filter(|_| !method.starts_with("$/"));
    let meant = session(params);
    let place = match (named, meant.as_deref()) {
        (Some(named), Some(meant)) if named != meant => return Err(Misled::Torn),
        (None, None) if OF_A_SESSION.contains(&method) => return Err(Misled::Nowhere),
        (named, meant) => Place::of(named.or(meant)),
    };
    Ok(match id.cloned() {
        None => Inbound::Notification,
        Some(id) if method == AGENT.initialize => Inbound::Initialize(id),
        Some(id) if method == AGENT.session_load || method == AGENT.session_resume => {
            Inbound::Attach(id, place)
        }
        Some(id) => Inbound::Request(id, place),
    })
}

pub(super) fn outbound(line: &[u8]) -> Outbound {
    match parse(line) {
        Ok(Message::Response { id, .. }) => Outbound::Reply(id),
        Ok(Message::Request { id, params, .. }) => Outbound::Ask(id, Place::of(session(params).as_deref())),
        Ok(Message::Notification { method, params }) if method == CANCEL_REQUEST => {
            Outbound::Withdrawal(request(params))
        }
        Ok(Message::Notification { params, .. }) => {
            Outbound::Notification(Place::of(session(params).as_deref()))
        }
        // None of ours is such a line.
        Err(_) => Outbound::Notification(Place::Connection),
    }
}

fn session(params: Option<&RawValue>) -> Option<Cow<'_, str>> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Params<'a> {
        #[serde(borrow)]
        session_id: Cow<'a, str>,
    }
    Some(serde_json::from_str::<Params<'_>>(params?.get()).ok()?.session_id)
}

fn request(params: Option<&RawValue>) -> Option<RawId> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Params<'a> {
        #[serde(borrow)]
        request_id: &'a RawValue,
    }
    RawId::new(serde_json::from_str::<Params<'_>>(params?.get()).ok()?.request_id)
}
