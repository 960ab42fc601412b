//! A task that is not done as it should be is found out.

use std::collections::VecDeque;

use adjutant::config::Api;

use super::run::Task;
use super::script::{Ask, Piece, Script, Step};
use super::stream::stream;
use super::task;

/// What is said of a task that was changed for the worse.
async fn fault(change: impl FnOnce(&mut Task)) -> String {
    let mut task = task("read_edit_test");
    task.run().await.unwrap();
    change(&mut task);
    task.run().await.expect_err("nobody noticed")
}

fn steps(task: &mut Task) -> &mut VecDeque<Step> {
    &mut task.script.turns[0].model
}

#[tokio::test]
async fn a_model_that_is_not_told_what_it_should_be() {
    let found = fault(|task| steps(task)[1].told.push("all is well".into())).await;
    assert!(found.starts_with("request 2: not told \"all is well\", but ["), "{found}");
    assert!(found.contains("not ok - one digit"), "{found}");
    let found = fault(|task| steps(task)[1].untold.push("expected {_}, found".into())).await;
    assert!(found.starts_with("request 2: told \"expected {_}, found\""), "{found}");
    // What was new a request ago is not new.
    let found = fault(|task| steps(task)[2].told.push("not ok - one digit".into())).await;
    assert!(found.starts_with("request 3: not told"), "{found}");
}

#[tokio::test]
async fn a_model_that_is_asked_more_often_or_less() {
    let found = fault(|task| drop(steps(task).pop_back())).await;
    assert!(found.starts_with("request 5: nothing more was to be asked"), "{found}");
    let found = fault(|task| {
        let last = steps(task)[4].clone();
        steps(task).push_back(last);
    })
    .await;
    assert!(found.starts_with("the model was not asked for"), "{found}");
}

#[tokio::test]
async fn files_that_are_not_as_they_should_be() {
    let found = fault(|task| task.script.turns[0].changes.clear()).await;
    assert!(found.ends_with("the changes are [\"M lib/money.sh\"]"), "{found}");
    let found = fault(|task| task.script.turns[0].changes.push("A more".into())).await;
    assert!(found.ends_with("the changes are [\"M lib/money.sh\"]"), "{found}");
}

#[tokio::test]
async fn a_check_that_says_yes_too_early_or_no_at_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let check = folder.path().join("check.sh");
    std::fs::write(&check, "exit 0\n").unwrap();
    let found = fault(|task| task.check.clone_from(&check)).await;
    assert_eq!(found, "the check succeeds before anything is done");
    std::fs::write(&check, "echo never; exit 1\n").unwrap();
    let found = fault(|task| task.check.clone_from(&check)).await;
    assert_eq!(found, "the check says no: never\n");
}

#[tokio::test]
async fn a_person_who_is_asked_or_is_not() {
    let found = fault(|task| task.script.setting.mode = "default".into()).await;
    assert!(found.contains("nobody is to be asked"), "{found}");
    let ask = Ask { asked: "sh test.sh".into(), option: "allow_once".into() };
    let found = fault(|task| task.script.turns[0].asks.push_back(ask)).await;
    assert!(found.contains("nobody was asked \"sh test.sh\""), "{found}");
    let found = fault(|task| task.script.turns[0].shown.push("fireworks".into())).await;
    assert!(found.starts_with("\"fireworks\" is shown nowhere"), "{found}");
}

#[tokio::test]
async fn a_machine_without_what_is_needed() {
    let found = fault(|task| task.script.setting.needs.push("no-such-compiler".into())).await;
    assert!(found.starts_with("the task needs `no-such-compiler`"), "{found}");
}

#[test]
fn a_script_that_cannot_be_read() {
    let setting = "{\"api\":\"gemini\"}";
    let cases = [
        ("# nothing\n", "there is no line"),
        ("{\"api\":\"morse\"}\n", "line 1: unknown variant `morse`"),
        (setting, "there is no prompt"),
        (&format!("{setting}\n{{\"answer\":[]}}\n"), "the second line is no prompt"),
        (&format!("{setting}\n\n# and\n{{\"prompt\":\"Go\"}}\n"), "line 4: missing field `changes`"),
        (
            &format!("{setting}\n{{\"prompt\":\"Go\",\"changes\":[]}}\n{{\"say\":7}}"),
            "line 3: unknown field `say`",
        ),
    ];
    for (text, expected) in cases {
        let found = Script::parse(text).unwrap_err();
        assert!(found.starts_with(expected), "{text}: {found}");
    }
}

#[test]
fn an_answer_that_is_cut_is_the_beginning_of_the_whole() {
    let call = r#"[{"text":"Grüße"},{"call":{"name":"read","input":{"path":"a"}}}]"#;
    let answer: Vec<Piece> = serde_json::from_str(call).unwrap();
    for api in [Api::OpenAiChat, Api::OpenAiResponses, Api::Anthropic, Api::Gemini] {
        let (whole, cut) = (stream(api, "a1", &answer, false), stream(api, "a1", &answer, true));
        assert!(whole.starts_with(&cut) && cut.len() < whole.len() && cut.contains("read"), "{api:?}: {cut}");
    }
}
