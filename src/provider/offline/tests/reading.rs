//! Requests as the table reads them, and texts that are none.

use proptest::prelude::*;
use serde_json::json;

use super::support::{asked, play, result};
use crate::provider::offline::parse;
use crate::provider::offline::step::{Next, Step, Topic};
use crate::provider::offline::turn::Turn;

const REQUESTS: &str = include_str!("../../../../fixtures/offline/requests.tsv");

/// Words of the grammar, for texts that look like requests.
const GRAMMAR: &str = "\
    find|show|list|write|replace|run|delete|rename|append|create|all|TODO|files|in|to|with|src|a.txt|\"x y\"|`ls`|/re/i|\
    and|then|,|;|.|it|this|lines|1-3|last|5|```\nx\n```|\n|- |1. |/todo|/write|/|$ |!|please|the|'|\"|`|git|diff|“|é|=\"";

/// A step as the table writes it: its first calls, or what it talks about.
fn notation(step: &Step) -> String {
    match step {
        Step::Say(Topic::Ask(_)) => "ask".to_owned(),
        Step::Say(topic) => format!("{topic:?}").to_lowercase(),
        Step::Summary => "summary".to_owned(),
        Step::Chore(chore) => format!("chore {chore:?}").to_lowercase(),
        Step::Replace { path, old, new, everywhere } => {
            let all = if *everywhere { " all" } else { "" };
            format!("edit{all} {}", json!([path, old, new]))
        }
        step => match step.next(&[]) {
            Next::Calls(calls) => {
                let calls: Vec<String> =
                    calls.iter().map(|call| format!("{} {}", call.tool, call.input)).collect();
                calls.join(" & ")
            }
            Next::Done(report) => report.text,
        },
    }
}

fn read_as(words: &str) -> String {
    let request = asked(words);
    let reading = parse::read(&Turn::read(&request), &request.cwd);
    let mut steps: Vec<String> = reading.steps.iter().map(notation).collect();
    if reading.refusal.is_some() {
        steps.push("?".to_owned());
    }
    steps.join(" ⇒ ")
}

#[test]
fn every_request_of_the_table_is_read_as_it_says() {
    let mut wrong = Vec::new();
    let mut rows = 0;
    for row in REQUESTS.lines().filter(|row| !row.starts_with('#') && !row.is_empty()) {
        let (words, wanted) = row.split_once('\t').unwrap_or((row, ""));
        let found = read_as(&words.replace("\\n", "\n"));
        rows += 1;
        if found != wanted {
            wrong.push(format!("{words}\n  wanted {wanted}\n  found  {found}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {rows}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(rows >= 120, "only {rows} rows");
}

#[test]
fn a_flood_of_words_is_refused() {
    for flood in ["show a.txt and ", "“ ", "/a ", "find all TODO, ", "run x; ", "1. ls\n", "write \""] {
        let said = play(&mut asked(&flood.repeat(2_100)), result).said();
        assert!(said.contains("I did not understand"), "{flood}");
    }
}

/// Texts that look like requests: words of the grammar with anything between them.
fn requests() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        prop::sample::select(GRAMMAR.split('|').collect::<Vec<_>>()).prop_map(str::to_owned),
        "\\PC{0,12}",
        any::<String>(),
    ];
    let glue = prop::sample::select(vec![" ", "", "\n", ", "]);
    prop::collection::vec((word, glue), 0..14)
        .prop_map(|words| words.into_iter().map(|(word, glue)| word + glue).collect())
}

proptest! {
    #[test]
    fn any_request_ends_with_some_text(words in requests(), outcome in any::<String>(), failed in any::<bool>()) {
        let played = play(&mut asked(&words), |_, _| (outcome.clone(), failed));
        prop_assert!(!played.texts.last().is_some_and(String::is_empty), "{words:?}");
    }
}
