//! Reading a handler's input: its parameters, its client, the session it names.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jsonrpsee::Extensions;
use jsonrpsee::types::{ErrorObjectOwned, Params};
use serde::de::DeserializeOwned;

use super::client::Client;
use super::{Engine, EngineSource, error};
use crate::acp::lenient::SessionPlace;
use crate::agent::Roots;
use crate::rpc::{Caller, Deferred, Responder};

pub(super) type Reply<T> = Result<T, ErrorObjectOwned>;

/// The parameters as `T`; missing ones read as an empty object. Every method's are named.
pub(super) fn parse<T: DeserializeOwned>(params: &Params<'_>) -> Reply<T> {
    let text = params.as_str().map_or("{}", |text| if text.is_empty() { "{}" } else { text });
    if text.starts_with('[') {
        return Err(error::invalid("params must be an object, not an array"));
    }
    serde_json::from_str(text).map_err(|e| error::invalid(&e.to_string()))
}

/// The connection's client.
pub(super) fn client(extensions: &Extensions) -> Reply<Arc<Client>> {
    extensions.get::<Arc<Client>>().cloned().ok_or_else(|| error::internal("the connection has no client"))
}

/// Takes over the duty to answer, so that the reply keeps its place among the updates.
pub(super) fn defer(extensions: &Extensions) -> Reply<(Responder, Deferred)> {
    extensions
        .get::<Caller>()
        .and_then(Caller::defer)
        .ok_or_else(|| error::internal("the request is answered already"))
}

/// The engine, built now if this is the first to need it.
pub(super) fn engine(source: &EngineSource) -> Reply<Engine> {
    source.engine().map_err(|why| error::internal(&why))
}

/// The folders of a session: absolute, relative ones taken from the process's own working directory.
pub(super) fn roots(place: &SessionPlace) -> Reply<Roots> {
    let cwd = absolute(&place.cwd)?;
    if let Some(relative) = place.additional_directories.iter().find(|path| path.is_relative()) {
        return Err(error::invalid(&format!(
            "additionalDirectories: \"{}\" is not absolute",
            relative.display()
        )));
    }
    Ok(Roots { additional: place.additional_directories.clone(), ..Roots::single(cwd) })
}

/// A folder as sessions are filed under it: a relative one is taken from the process's own.
pub(super) fn absolute(path: &Path) -> Reply<PathBuf> {
    let own = std::env::current_dir().map_err(|e| error::internal(&format!("no working directory: {e}")))?;
    // `.` and a trailing `/.` would make two names of one folder.
    Ok(own.join(path).components().collect())
}
