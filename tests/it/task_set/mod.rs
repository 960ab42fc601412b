//! Small tasks in small repositories, done from end to end: the real program over its standard streams, a model behind
//! a real HTTP server in each wire dialect by turns, and the outcome looked at on disk.
//!
//! What may not live here: what one tool or one dialect does in detail, which is tested beside it.
//!
//! What always holds: a task's check fails before it and succeeds after it; whatever the task does not list is left as
//! it was, byte for byte; a model that is to recover from an error was told of it, in the words its script expects.
//!
//! To add one: a folder in `fixtures/task` with a `repository`, a `check.sh` that is run in it, and a `model.jsonl` (see
//! `script`), and its line below. Prefer what every machine has: `sh`, `awk`, `sed`.

mod model;
mod planted;
mod run;
mod script;
mod stream;
mod tree;

use std::collections::BTreeSet;
use std::path::PathBuf;

use run::Task;

fn folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/", "fixtures/task"))
}

fn task(name: &str) -> Task {
    Task::read(&folder().join(name)).unwrap_or_else(|e| panic!("{e}"))
}

macro_rules! tasks {
    ($($name:ident)*) => {
        const TASKS: &[&str] = &[$(stringify!($name)),*];
        $(
            #[tokio::test]
            async fn $name() {
                task(stringify!($name)).run().await.unwrap_or_else(|e| panic!("{e}"));
            }
        )*
    };
}

tasks! {
    read_edit_test
    edit_mismatch
    patch_many_files
    multi_edit_atomic
    failing_build
    unknown_tool
    broken_arguments
    parallel_search
    time_limit
    long_output
    sub_agent
    broken_stream
    broken_stream_twice
    busy_provider
    rejected_command
    outside_workspace
    undo
    plan
    skill
    compacted
    project_command
}

#[test]
fn every_task_is_done() {
    let entries = std::fs::read_dir(folder()).unwrap();
    let found: BTreeSet<_> = entries.map(|it| it.unwrap().file_name().into_string().unwrap()).collect();
    assert_eq!(found, TASKS.iter().map(|it| (*it).to_owned()).collect());
}
