//! Servers on the local network, as they say of themselves.

use std::process::ExitCode;

use super::args::Discover;
use super::plain::one_line;
use super::{print, table};
use crate::discovery::{self, Found, Kind};

/// Prints who has answered.
pub(super) async fn run(command: &Discover) -> anyhow::Result<ExitCode> {
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
