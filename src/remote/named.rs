//! Servers by the name they go by on the local network.

use std::time::Duration;

use super::{Address, RemoteError};
use crate::discovery;

/// The address that a text means: one that is written out, or `NAME`, `tls://NAME` … of a server that is found on the
/// local network in that time. Anybody there can answer to a name: one of another machine is taken only where its
/// certificate will tell.
/// `pinned`: its certificate is known, so a text without a scheme means `tls://`.
pub async fn locate(text: &str, patience: Duration, pinned: bool) -> Result<Address, RemoteError> {
    let text = &if pinned && !text.contains("://") { format!("tls://{text}") } else { text.to_owned() };
    let written = text.parse::<Address>();
    let (scheme, name) = text.split_once("://").unwrap_or(("tcp", text));
    let wrong = |reason| RemoteError::Address { text: name.to_owned(), reason };
    if pinned && written.as_ref().is_ok_and(|it| !it.secure) {
        return Err(wrong("a fingerprint is of tls:// or wss://"));
    }
    let begins = name.starts_with(|it: char| it.is_ascii_alphabetic());
    if written.is_ok()
        || !begins
        || !name.bytes().all(|it| it.is_ascii_alphanumeric() || b"-_.".contains(&it))
    {
        return written;
    }
    let found = discovery::find(name, patience).await?;
    let address = found.iter().find_map(|it| format!("{scheme}://{it}").parse::<Address>().ok());
    let address = address.ok_or_else(|| wrong("it has no address that can be connected to"))?;
    if !address.secure && !address.is_local() {
        return Err(wrong(
            "anybody on the network can answer to a name: say tls://NAME and give its --fingerprint, or give its address",
        ));
    }
    Ok(address)
}
