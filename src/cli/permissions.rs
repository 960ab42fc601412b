use std::process::ExitCode;

use super::args::Permissions;
use super::plain::one_line;
use super::{Setup, exit, print};
use crate::app;
use crate::clock::rfc3339;
use crate::permission::Grant;

/// Lists or forgets remembered answers.
pub(super) async fn run(setup: &Setup, command: Permissions) -> anyhow::Result<ExitCode> {
    let store = app::store(&setup.environment.paths());
    match command {
        Permissions::List { all } => {
            let workspace = if all { None } else { Some(std::env::current_dir()?) };
            for record in store.grants(workspace).await? {
                let text = serde_json::from_str::<Grant>(&record.text)
                    .map_or(record.text, |grant| grant.to_string());
                let (at, text) = (rfc3339(record.created_at), one_line(&text));
                let workspace = one_line(&record.workspace.display().to_string());
                print::line(&format!("{:>4}  {at}  {workspace}  {text}", record.id))?;
            }
        }
        Permissions::Forget { number } => {
            if !store.forget(number).await? {
                return Ok(print::failure(
                    exit::UNAVAILABLE,
                    &format!("no remembered answer has the number {number}"),
                ));
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}
