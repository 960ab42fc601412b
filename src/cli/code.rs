use std::process::ExitCode;

use super::args::Code;
use super::{Setup, exit, print};
use crate::jsonrpc::MAX_LINE;
use crate::remote::{self, Address, Server};

/// Prints a code that lets a page in, once.
pub(super) async fn run(setup: &Setup, command: Code) -> anyhow::Result<ExitCode> {
    let address: Address = match command.server {
        Some(text) => text.parse()?,
        None => match remote::noted(&setup.environment).as_slice() {
            [only] => only.clone(),
            [] => return Ok(print::failure(exit::USAGE, "no server of yours runs here: name one")),
            several => {
                let all: Vec<_> = several.iter().map(Address::authority).collect();
                return Ok(print::failure(exit::USAGE, &format!("choose a server: {}", all.join(", "))));
            }
        },
    };
    let server = Server::at(address, command.token_file.as_deref(), &setup.environment, MAX_LINE)?;
    let Some(code) = remote::code(&server).await? else {
        let text = format!("{} lets no page in: start it with --cors ORIGIN", server.address.authority());
        return Ok(print::failure(exit::CONFIG, &text));
    };
    print::line(&code.code)?;
    print::note(&format!("adjutant: it lets one page in, within {} s", code.expires_in));
    Ok(ExitCode::SUCCESS)
}
