use std::process::ExitCode;

use super::args::Configuration;
use super::plain::one_line;
use super::{Setup, exit, print};
use crate::config::{Config, SCHEMA};

/// Looks at what is set.
pub(super) fn run(setup: &Setup, command: &Configuration) -> anyhow::Result<ExitCode> {
    match command {
        Configuration::Show { json } => show(setup, *json)?,
        Configuration::Schema => print::text(SCHEMA)?,
        Configuration::Path => {
            let Some(path) = setup.flags.file(&setup.environment) else {
                return Ok(print::failure(
                    exit::UNAVAILABLE,
                    "there is no home to keep a configuration in: set HOME",
                ));
            };
            print::line(&one_line(&path.display().to_string()))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn show(setup: &Setup, json: bool) -> anyhow::Result<()> {
    let (settings, problems) = Config::settings(&setup.environment, &setup.flags, &std::env::current_dir()?)?;
    for setting in &settings {
        if json {
            print::json(setting)?;
        } else {
            let (key, value) = (one_line(&setting.key), one_line(&setting.value));
            print::line(&format!("{key} = {value}  # {}", one_line(&setting.origin)))?;
        }
    }
    for problem in problems {
        print::note(&format!("adjutant: {}", one_line(&problem)));
    }
    Ok(())
}
