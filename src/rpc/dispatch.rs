use std::borrow::Cow;
use std::fmt;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::FutureExt;
use jsonrpsee::core::server::{MethodCallback, MethodResponse, Methods};
use jsonrpsee::types::{ErrorCode, ErrorObjectOwned, Id, Params};
use jsonrpsee::{ConnectionId, Extensions};
use serde_json::value::RawValue;
use tokio_util::sync::CancellationToken;

use super::call::{Caller, Responder};
use super::{code, error};
use crate::jsonrpc::{RawId, error_line};

/// The registry in which a method is looked up now; `Err` says why it may not be called.
pub type Table = Arc<dyn Fn(&str) -> Result<Methods, ErrorObjectOwned> + Send + Sync>;

/// What a connection serves.
#[derive(Clone)]
pub struct Dispatch {
    pub table: Table,
    /// Given to every handler, with its [`Caller`] beside.
    pub extensions: Extensions,
}

impl fmt::Debug for Dispatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dispatch").finish_non_exhaustive()
    }
}

/// Largest reply, in bytes. Replies are ours and bounded by their own limits; this is the last net.
const MAX_REPLY: usize = 64 * 1024 * 1024;
/// jsonrpsee cannot carry every identifier, so it is given this one and the real one is put in its place.
const STAND_IN: &str = "{\"jsonrpc\":\"2.0\",\"id\":0,";

/// A request on its way through its handler.
pub(super) struct Running {
    caller: Caller,
    cancel: CancellationToken,
    cancelled: Pin<Box<dyn Future<Output = ()> + Send>>,
    handler: Pin<Box<dyn Future<Output = MethodResponse> + Send>>,
}

impl fmt::Debug for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Running").field("caller", &self.caller).finish_non_exhaustive()
    }
}

/// What has become of a request: its reply line, or nothing where the duty to answer was taken over.
pub(super) type Finished = Option<(RawId, Vec<u8>)>;

impl Future for Running {
    type Output = Finished;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Finished> {
        if let Poll::Ready(response) = self.handler.as_mut().poll(cx) {
            return Poll::Ready(finish(&self.caller, response));
        }
        let deferred = self.caller.is_deferred();
        if !deferred && (self.cancel.is_cancelled() || self.cancelled.as_mut().poll(cx).is_ready()) {
            let settled = self.caller.take().map(|responder| {
                let id = responder.settle();
                let line = error_line(&id, &error(code::CANCELLED, "Request cancelled", None)).to_vec();
                (id, line)
            });
            return Poll::Ready(settled);
        }
        Poll::Pending
    }
}

fn finish(caller: &Caller, response: MethodResponse) -> Finished {
    let responder = caller.take()?;
    let id = responder.settle();
    let line = splice(&id, response);
    Some((id, line))
}

fn splice(id: &RawId, response: MethodResponse) -> Vec<u8> {
    let json = response.into_json();
    let text = json.get();
    let Some(rest) = text.strip_prefix(STAND_IN) else {
        tracing::error!(reply = text, "a reply has an unknown form");
        return error_line(id, &error(ErrorCode::InternalError.code(), "Internal error", None)).to_vec();
    };
    let mut line = Vec::with_capacity(rest.len() + id.text().len() + 32);
    line.extend_from_slice(b"{\"jsonrpc\":\"2.0\",\"id\":");
    line.extend_from_slice(id.text().as_bytes());
    line.push(b',');
    line.extend_from_slice(rest.as_bytes());
    line.push(b'\n');
    line
}

/// What to do with a request.
pub(super) enum Begun {
    Done(Finished),
    Running(Box<Running>),
}

impl Dispatch {
    /// Starts a request's handler. Handlers that need not wait are done at once.
    pub(super) fn request(
        &self,
        responder: Responder,
        method: &str,
        params: Option<&RawValue>,
        cancel: CancellationToken,
    ) -> Begun {
        let methods = match (self.table)(method) {
            Ok(methods) => methods,
            Err(refusal) => return Begun::Done(Some(refuse(responder, &refusal))),
        };
        let Some((_, callback)) = methods.method_with_name(method) else {
            return Begun::Done(Some(refuse(responder, &not_found(method))));
        };
        let caller = Caller::new(responder, cancel.clone());
        let mut extensions = self.extensions.clone();
        extensions.insert(caller.clone());
        match callback {
            MethodCallback::Sync(handler) => {
                let run = || handler(Id::Number(0), borrowed(params), MAX_REPLY, extensions);
                let response = std::panic::catch_unwind(AssertUnwindSafe(run));
                Begun::Done(finish(&caller, response.unwrap_or_else(|_| panicked())))
            }
            MethodCallback::Async(handler) => {
                let params = borrowed(params).into_owned();
                let handler = handler(Id::Number(0), params, ConnectionId(0), MAX_REPLY, extensions);
                let handler = AssertUnwindSafe(handler).catch_unwind();
                let handler = Box::pin(handler.map(|response| response.unwrap_or_else(|_| panicked())));
                let cancelled = Box::pin(cancel.clone().cancelled_owned());
                Begun::Running(Box::new(Running { caller, cancel, cancelled, handler }))
            }
            MethodCallback::Subscription(_) | MethodCallback::Unsubscription(_) => {
                Begun::Done(caller.take().map(|responder| refuse(responder, &not_found(method))))
            }
        }
    }

    /// Handles a notification; whatever comes of it, nothing is answered.
    pub(super) fn notification(
        &self,
        method: &str,
        params: Option<&RawValue>,
    ) -> Option<super::connection::Quiet> {
        match (self.table)(method).ok()?.method_with_name(method)?.1 {
            MethodCallback::Sync(handler) => {
                handler(Id::Number(0), borrowed(params), MAX_REPLY, self.extensions.clone());
                None
            }
            MethodCallback::Async(handler) => {
                let params = borrowed(params).into_owned();
                Some(handler(Id::Number(0), params, ConnectionId(0), MAX_REPLY, self.extensions.clone()))
            }
            MethodCallback::Subscription(_) | MethodCallback::Unsubscription(_) => None,
        }
    }
}

/// A handler that panicked owes its reply all the same, and takes nobody else down (law L2).
fn panicked() -> MethodResponse {
    MethodResponse::error(Id::Number(0), error(ErrorCode::InternalError.code(), "Internal error", None))
}

fn borrowed(params: Option<&RawValue>) -> Params<'_> {
    Params::new(params.map(RawValue::get))
}

fn refuse(responder: Responder, refusal: &ErrorObjectOwned) -> (RawId, Vec<u8>) {
    let id = responder.settle();
    let line = error_line(&id, refusal).to_vec();
    (id, line)
}

fn not_found(method: &str) -> ErrorObjectOwned {
    error(ErrorCode::MethodNotFound.code(), "Method not found", Some(&shown(method)))
}

/// A method name short enough to be repeated in an error.
fn shown(method: &str) -> Cow<'_, str> {
    match method.char_indices().nth(120) {
        Some((end, _)) => Cow::Owned(format!("{}…", &method[..end])),
        None => Cow::Borrowed(method),
    }
}
