//! Clients of both versions of the protocol, at one session.

use serde_json::{Value, json};

use crate::support::bench::Bench;
use crate::support::client::{Client, said, update};
use crate::support::link::Link;

const MIB: usize = 1024 * 1024;

fn is_asked(line: &Value) -> bool {
    line["method"] == "session/request_permission"
}

fn is_idle(line: &Value) -> bool {
    line["params"]["update"]["state"] == "idle"
}

fn states(lines: &[Value]) -> Vec<&str> {
    lines.iter().filter_map(|line| line["params"]["update"]["state"].as_str()).collect()
}

fn words(lines: &[Value]) -> String {
    lines.iter().filter_map(said).collect()
}

fn yes() -> Value {
    json!({ "outcome": { "outcome": "selected", "optionId": "allow_once" } })
}

/// One of either version, with a session of the first's.
async fn both(bench: &Bench) -> (Client, Client, String) {
    let doors = bench.doors_offering(true);
    let (first, session) = Client::open(Link::doors(&doors), bench).await;
    let mut second = Client::hello_v2(Link::doors(&doors)).await;
    let place = json!({ "sessionId": session, "cwd": bench.cwd() });
    second.request("session/resume", place).await.unwrap();
    assert_eq!(states(&second.heard), ["idle"]);
    (first, second, session)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_see_the_same_turns_and_either_answers() {
    let call =
        |id| json!({ "call": { "id": id, "name": "bash", "input": { "command": "touch made; echo out" } } });
    let script = |id, text| {
        format!(
            "{}\n{{\"stop\":\"end_turn\"}}\n{{\"text\":\"{text}\"}}\n{{\"stop\":\"end_turn\"}}\n",
            call(id)
        )
    };
    let bench = Bench::scripted(&(script("c1", "one") + &script("c2", "two")));
    let (mut first, mut second, session) = both(&bench).await;

    let turn = first.prompt(&session, "Make it").await;
    first.until(is_asked).await;
    let question = second.until(is_asked).await;
    second.answer(&question, yes()).await;
    assert_eq!(first.reply(turn).await.unwrap(), json!({ "stopReason": "end_turn" }));
    second.until(is_idle).await;
    assert_eq!(states(&second.heard)[1..], ["running", "requires_action", "running", "idle"]);
    assert!(second.heard.iter().any(|line| update(line) == Some("user_message")));
    assert_eq!((words(&first.heard), words(&second.heard)), ("one".to_owned(), "one".to_owned()));

    let turn = second.prompt(&session, "Once more").await;
    let receipt = second.reply(turn).await.unwrap();
    second.until(is_asked).await;
    let question = first.until(is_asked).await;
    first.answer(&question, yes()).await;
    second.until(is_idle).await;
    let echo = first.until(|line| said(line) == Some("two")).await;
    let echoed = first.heard.iter().find(|line| update(line) == Some("user_message_chunk")).unwrap();
    assert_eq!(echoed["params"]["update"]["messageId"], receipt["messageId"]);
    assert_eq!(echo["params"]["sessionId"], session);
    let ended = second.heard.iter().rfind(|line| update(line) == Some("terminal_update")).unwrap();
    assert_eq!(ended["params"]["update"]["exitStatus"]["exitCode"], 0);
    assert!(states(&first.heard).is_empty(), "version 1 knows no states");
    first.leave().await;
    second.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_setting_of_ones_is_told_to_the_other_in_its_own_words() {
    let bench = Bench::scripted("");
    let (mut first, mut second, session) = both(&bench).await;
    let mode = |line: &Value| line["params"]["update"]["configOptions"][0].clone();

    let plan = json!({ "sessionId": session, "modeId": "plan" });
    first.request("session/set_mode", plan).await.unwrap();
    let told = second.until(|line| update(line) == Some("config_option_update")).await;
    assert_eq!(
        (mode(&told)["configId"].as_str(), mode(&told)["currentValue"].as_str()),
        (Some("mode"), Some("plan"))
    );

    let full = json!({ "sessionId": session, "configId": "mode", "type": "id", "value": "full" });
    let reply = second.request("session/set_config_option", full).await.unwrap();
    assert_eq!(reply["configOptions"][0]["currentValue"], "full");
    let told = first.until(|line| update(line) == Some("current_mode_update")).await;
    assert_eq!(told["params"]["update"]["currentModeId"], "full");
    let own = second.heard.iter().filter(|line| update(line) == Some("config_option_update"));
    assert_eq!(own.count(), 1, "what it asked for itself is in its reply");
    first.leave().await;
    second.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_line_is_too_long_in_version_2_either() {
    let call = json!({ "call": { "name": "write", "input": { "path": "long.txt", "content": "word ".repeat(MIB / 2) } } });
    let text = "said ".repeat(MIB / 4);
    let bench = Bench::scripted(&format!(
        "{call}\n{{\"stop\":\"end_turn\"}}\n{{\"text\":{text:?}}}\n{{\"stop\":\"end_turn\"}}\n"
    ));
    let (first, mut second, session) = both(&bench).await;
    let asked = "asked ".repeat(MIB / 4);
    second.prompt(&session, &asked).await;
    let question = second.until(is_asked).await;
    second.answer(&question, yes()).await;
    second.until(is_idle).await;
    let longest = second.heard.iter().map(|line| line.to_string().len()).max().unwrap();
    assert!(longest < MIB, "{longest}");
    assert_eq!(words(&second.heard), text);
    let prompt = second.heard.iter().filter(|line| update(line) == Some("user_message_chunk"));
    let prompt: String =
        prompt.filter_map(|line| line["params"]["update"]["content"]["text"].as_str()).collect();
    assert!(prompt == asked, "{} bytes of the prompt were shown", prompt.len());
    first.leave().await;
    second.leave().await;
}
