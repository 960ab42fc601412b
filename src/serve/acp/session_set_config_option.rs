use std::sync::Arc;

use jsonrpsee::Extensions;
use jsonrpsee::types::{ErrorObjectOwned, Params};

use super::own_change::Asked;
use super::params::{Reply, client, engine, parse};
use super::{Engine, EngineSource, error, options, session_set_mode};
use crate::acp::{SessionConfigOptionValue, SetSessionConfigOptionRequest, SetSessionConfigOptionResponse};
use crate::session::SessionHandle;

/// `session/set_config_option`: the reply holds all options, as they are now.
pub(super) async fn handle(
    params: Params<'static>,
    source: Arc<EngineSource>,
    extensions: Extensions,
) -> Reply<SetSessionConfigOptionResponse> {
    let request: SetSessionConfigOptionRequest = parse(&params)?;
    let id = &request.session_id;
    let (client, engine) = (client(&extensions)?, engine(&source)?);
    let session = client.attached(id).ok_or_else(|| error::no_session(id))?;
    let option = &*request.config_id.0;
    let SessionConfigOptionValue::ValueId { value } = &request.value else {
        return Err(unknown(option, "a boolean"));
    };
    match option {
        options::MODE => session_set_mode::set(&client, &session, &value.0, Asked::Option).await?,
        options::MODEL => {
            let _asking = client.changes().begin(&session, options::MODEL, &value.0, Asked::Option);
            set_model(&engine, &session, &value.0).await?;
        }
        other => return Err(error::invalid(&format!("configId: no option {other:?}"))),
    }
    Ok(SetSessionConfigOptionResponse::new(options::options(&session.settings(), &engine.sessions)))
}

/// Chooses a model by its id.
pub(super) async fn set_model(engine: &Engine, session: &SessionHandle, model: &str) -> Reply<()> {
    if engine.sessions.backend().models().iter().all(|(id, ..)| id != model) {
        return Err(unknown(options::MODEL, model));
    }
    let set = session.set_option(options::MODEL.to_owned(), model.to_owned()).await;
    set.map_err(|e| error::session(session.id(), &e))
}

fn unknown(option: &str, value: &str) -> ErrorObjectOwned {
    error::invalid(&format!("value: option {option:?} cannot be {value:?}"))
}
