use std::process::ExitCode;

use super::args::Code;
use super::{Setup, exit, print, reach};
use crate::remote;

/// Prints a code that lets a page in, once.
pub(super) async fn run(setup: &Setup, command: Code) -> anyhow::Result<ExitCode> {
    let text = match (command.server, remote::noted(&setup.environment).as_slice()) {
        (Some(text), _) => text,
        (None, [only]) => only.clone(),
        (None, []) => return Ok(print::failure(exit::USAGE, "no server of yours runs here: name one")),
        (None, several) => {
            return Ok(print::failure(exit::USAGE, &format!("choose a server: {}", several.join(", "))));
        }
    };
    let server = reach::server(setup, &text, &command.access).await?;
    let Some(code) = remote::code(&server).await? else {
        let text = format!("{} lets no page in: start it with --cors ORIGIN", server.address.authority());
        return Ok(print::failure(exit::CONFIG, &text));
    };
    print::line(&code.code)?;
    print::note(&format!("adjutant: it lets one page in, within {} s", code.expires_in));
    Ok(ExitCode::SUCCESS)
}
