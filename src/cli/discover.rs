//! Servers on the local network, as they say of themselves.

use std::process::ExitCode;

use super::args::{Connect, Discover};
use super::plain::one_line;
use super::{Setup, connect, print, table};
use crate::discovery::{self, Found, Kind};
use crate::jsonrpc::MAX_LINE;

/// Prints who has answered, or goes on with the one that is wanted.
pub(super) async fn run(setup: &Setup, command: Discover) -> anyhow::Result<ExitCode> {
    if let Some(address) = command.connect {
        return connect::run(setup, Connect { address, access: command.access, max_line: MAX_LINE }).await;
    }
    let found = discovery::search(command.timeout).await?;
    if command.json {
        for server in &found {
            print::json(server)?;
        }
    } else if found.is_empty() {
        print::note("adjutant: nobody has answered: `adjutant acp --mdns` starts a server that does");
    } else {
        table::print(["NAME", "ADDRESS", "PROTOCOL", "KIND"], found.iter().flat_map(rows))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// A row for each address.
fn rows(server: &Found) -> impl Iterator<Item = [String; 4]> {
    let protocol = server.protocol.map_or_else(|| "-".to_owned(), |it| it.to_string());
    let kind = match server.kind {
        Kind::Adjutant => "adjutant",
        Kind::Opencode => "opencode",
    };
    server
        .addresses
        .iter()
        .map(move |address| [one_line(&server.name), address.to_string(), protocol.clone(), kind.to_owned()])
}
