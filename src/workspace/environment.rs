//! The few variables a command inherits. Everything else, credentials above all, stays with us.

use std::ffi::{OsStr, OsString};

const INHERITED: [&str; 9] = ["PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "TERM", "TMPDIR", "TZ"];

/// Set for every command: nobody is there to page through output or to type a password.
const SET: [(&str, &str); 2] = [("PAGER", "cat"), ("GIT_TERMINAL_PROMPT", "0")];

const PATH: (&str, &str) = ("PATH", "/usr/local/bin:/usr/bin:/bin");

/// The part of an environment that commands get.
pub(super) fn inherited(all: impl IntoIterator<Item = (OsString, OsString)>) -> Vec<(OsString, OsString)> {
    let owned = |(name, value): (&str, &str)| (name.into(), value.into());
    let mut kept: Vec<(OsString, OsString)> = all.into_iter().filter(|(name, _)| allowed(name)).collect();
    if kept.iter().all(|(name, _)| name != PATH.0) {
        kept.push(owned(PATH));
    }
    kept.extend(SET.map(owned));
    kept
}

fn allowed(name: &OsStr) -> bool {
    name.to_str().is_some_and(|name| INHERITED.contains(&name) || name.starts_with("LC_"))
}
