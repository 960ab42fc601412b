use std::sync::Arc;

use jsonrpsee::Extensions;
use jsonrpsee::types::{ErrorObjectOwned, Params};
use serde::Deserialize;

use super::client::Client;
use super::own_change::Asked;
use super::params::{Reply, client, engine, parse};
use super::{Engine, EngineSource, error, options, session_set_mode};
use crate::acp::{SessionConfigOption, SessionId, SetSessionConfigOptionResponse};
use crate::session::SessionHandle;

/// The value of a switch comes as a boolean with a `type`, as the schema has it, without one, or as the id that is
/// offered to clients without switches.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SetOption {
    session_id: SessionId,
    config_id: String,
    value: Chosen,
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "value: expected the id of a value, true or false")]
enum Chosen {
    Id(String),
    Switch(bool),
}

/// `session/set_config_option`: the reply holds all options, as they are now.
pub(super) async fn handle(
    params: Params<'static>,
    source: Arc<EngineSource>,
    extensions: Extensions,
) -> Reply<SetSessionConfigOptionResponse> {
    Ok(SetSessionConfigOptionResponse::new(set(&params, &source, &extensions).await?))
}

/// Does it, and returns all options.
pub(super) async fn set(
    params: &Params<'static>,
    source: &EngineSource,
    extensions: &Extensions,
) -> Reply<Vec<SessionConfigOption>> {
    let SetOption { session_id: id, config_id: option, value } = parse(params)?;
    let (client, engine) = (client(extensions)?, engine(source)?);
    let session = client.session(&id)?;
    let value = match value {
        Chosen::Id(id) => id,
        Chosen::Switch(on) => on.to_string(),
    };
    match option.as_str() {
        options::MODE => session_set_mode::set(&client, &session, &value, Asked::Option).await?,
        other => {
            let _asking = client.changes().begin(&session, other, &value, Asked::Option);
            set_option(&client, &engine, &session, (other, &value)).await?;
        }
    }
    let switches = client.draws_switches();
    Ok(options::options(session.cwd(), &session.settings(), &engine.sessions, switches))
}

/// Chooses a value of an option of the agent.
pub(super) async fn set_option(
    client: &Client,
    engine: &Engine,
    session: &SessionHandle,
    (id, value): (&str, &str),
) -> Reply<()> {
    let (backend, settings) = (engine.sessions.backend(), session.settings());
    if backend.options(session.cwd(), &settings).iter().all(|option| option.id != id) {
        return Err(error::invalid(&format!("configId: no option {id:?}")));
    }
    if !backend.takes(session.cwd(), &settings, id, value) {
        return Err(unknown(id, value));
    }
    let set = session.set_option(id.to_owned(), value.to_owned()).await;
    set.map_err(|e| error::session(client.version(), session.id(), &e))
}

fn unknown(option: &str, value: &str) -> ErrorObjectOwned {
    error::invalid(&format!("value: option {option:?} cannot be {value:?}"))
}
