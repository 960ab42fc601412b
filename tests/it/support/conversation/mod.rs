//! Conversations in files: what a client says, what the model says, and what has to come of it.
//!
//! Nothing here knows a method of the protocol, except the two that `@ session` sends.
//!
//! What always holds: every line of the program is matched by a line of the file, in order, key by key; a
//! line that is missing, or one that nobody expected, fails the conversation. Where one connection has more streams
//! than one, the order is that of each stream.
//!
//! A file's lines: `>` the client says, `>>` the client sends raw text (`\xNN` is a byte), `<` the program
//! says exactly, `<~` at least, `<|` and `<|~` in any order among their neighbours, `<*` and `<|*` the same as the two
//! with a `~`, after anything else, `~` the model says, `#` a comment, `@` a directive (see `step`). `{name}` in an
//! expected string takes the value on first sight and has to be the same from then on; `{_}` is anything. With
//! `UPDATE=1` in the environment, expected lines are written anew, and missing ones are added.

mod heard;
pub(crate) mod pattern;
mod run;
mod step;
mod update;
mod way;

use std::path::{Path, PathBuf};

pub(crate) use run::Over;

/// The folder of all conversations.
pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/acp")
}

/// Runs every conversation about a topic, as [`check_all`] does.
pub(crate) async fn check(topic: &str) {
    check_all(&folder().join(topic)).await;
}

/// Runs every conversation of a folder in this process; those marked `@ everywhere` also over the real
/// program's stdio, TCP, WebSocket and streamable HTTP. Panics with all failures.
pub(crate) async fn check_all(folder: &Path) {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let paths = entries.map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = paths.filter(|path| path.extension().is_some_and(|it| it == "jsonl")).collect();
    files.sort();
    let mut failures = Vec::new();
    for path in &files {
        let text = std::fs::read_to_string(path).unwrap();
        let name = path.strip_prefix(folder.parent().unwrap()).unwrap().display();
        let steps = match step::parse(&text) {
            Ok(steps) => steps,
            Err(e) => {
                failures.push(format!("{name}: {e}"));
                continue;
            }
        };
        if std::env::var_os("UPDATE").is_some() {
            let written = run::run(&steps, Over::Memory, true).await;
            match written {
                Ok(lines) => std::fs::write(path, lines.join("\n") + "\n").unwrap(),
                Err(e) => failures.push(format!("{name}: {e}")),
            }
            continue;
        }
        let everywhere = steps.iter().any(step::Step::is_everywhere);
        let says_goodbye = steps.iter().any(step::Step::is_goodbye);
        let says_hello = step::says_hello(&steps);
        for over in Over::ALL {
            let runs = match over {
                Over::Memory => true,
                Over::Stdio => everywhere,
                // On a network, others go on when a client has said its last.
                Over::Tcp | Over::WebSocket => everywhere && !says_goodbye,
                // There is no connection to say anything on before.
                Over::Http(_) => everywhere && !says_goodbye && says_hello,
            };
            if runs && let Err(e) = run::run(&steps, over, false).await {
                failures.push(format!("{name}, over {over:?}: {e}"));
            }
        }
    }
    assert!(failures.is_empty(), "\n{}", failures.join("\n\n"));
}
