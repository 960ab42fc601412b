//! What a client is shown, and what is kept from it.

use adjutant::permission::Mode;
use adjutant::store::{self, Place};
use serde_json::{Value, json};

use crate::support::bench::Bench;
use crate::support::client::{Client, said, update};
use crate::support::link::Link;

const MIB: usize = 1024 * 1024;

fn longest(lines: &[Value]) -> usize {
    lines.iter().map(|line| line.to_string().len()).max().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_line_is_too_long_for_a_client_whatever_the_model_and_the_person_write() {
    let call = json!({ "call": { "name": "write",
        "input": { "path": "long.txt", "content": "word ".repeat(MIB / 2) } } });
    let bench = Bench::scripted(&format!(
        "{call}\n{{\"stop\":\"end_turn\"}}\n{{\"text\":{:?}}}\n{{\"stop\":\"end_turn\"}}\n",
        "said ".repeat(MIB / 4)
    ));
    let (mut client, session) = Client::open(Link::memory(&bench.door()), &bench).await;
    let place = json!({ "sessionId": session, "cwd": bench.cwd() });
    let prompt = "asked ".repeat(MIB / 4);
    let turn = client.prompt(&session, &prompt).await;
    let question = client.until(|line| line["method"] == "session/request_permission").await;
    client.answer(&question, json!({ "outcome": { "outcome": "selected", "optionId": "allow_once" } })).await;
    client.reply(turn).await.unwrap();
    let live = client.heard.len();
    client.request("session/load", place).await.unwrap();

    assert!(longest(&client.heard) < MIB, "{}", longest(&client.heard));
    for lines in [&client.heard[..live], &client.heard[live..]] {
        let call = lines.iter().find(|line| update(line) == Some("tool_call")).unwrap();
        let content = call["params"]["update"]["rawInput"]["content"].as_str().unwrap();
        assert!(content.starts_with("word word") && content.ends_with(" bytes more"), "{}", content.len());
        let words: Vec<_> = lines.iter().filter_map(said).collect();
        assert_eq!(words.concat().len(), 5 * MIB / 4);
        assert!(words.iter().all(|text| text.len() <= 32 * 1024));
    }
    let replayed = client.heard[live..].iter().filter(|line| update(line) == Some("user_message_chunk"));
    let asked: Vec<_> =
        replayed.map(|line| line["params"]["update"]["content"]["text"].as_str().unwrap()).collect();
    assert!(asked.concat() == prompt && asked.iter().all(|text| text.len() <= 32 * 1024));
    assert_eq!(bench.read("long.txt").unwrap().len(), 5 * MIB / 2, "what runs is not cut");
    client.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_terminal_of_one_client_is_text_for_the_others() {
    let bench = Bench::scripted(
        "{\"call\":{\"name\":\"bash\",\"input\":{\"command\":\"make\"}}}\n{\"stop\":\"end_turn\"}\n{\"text\":\"Made.\"}\n",
    );
    let door = bench.door();
    let terminals = json!({ "terminal": true });
    let mut first = Client::hello(Link::memory(&door), terminals.clone()).await;
    let session = first.session(&bench).await;
    let place = json!({ "sessionId": session, "cwd": bench.cwd() });
    first.request("session/set_mode", json!({ "sessionId": session, "modeId": "full" })).await.unwrap();
    let (mut bare, mut other) = (
        Client::hello(Link::memory(&door), json!({})).await,
        Client::hello(Link::memory(&door), terminals).await,
    );
    for client in [&mut bare, &mut other] {
        client.request("session/load", place.clone()).await.unwrap();
    }
    let turn = first.prompt(&session, "Make it").await;
    for result in [
        json!({ "terminalId": "T1" }),
        json!({ "exitCode": 0 }),
        json!({ "output": "all made\n", "truncated": false }),
        json!({}),
    ] {
        let request = first.until(|line| line.get("method").is_some() && line.get("id").is_some()).await;
        first.answer(&request, result).await;
    }
    first.reply(turn).await.unwrap();
    let terminal = |line: &&Value| line.to_string().contains("\"terminalId\"") && update(line).is_some();
    assert!(first.heard.iter().any(|line| terminal(&line)));
    for client in [&mut bare, &mut other] {
        client.until(|line| said(line) == Some("Made.")).await;
        assert_eq!(client.heard.iter().find(terminal), None);
        let ended =
            client.heard.iter().find(|line| line["params"]["update"]["status"] == "completed").unwrap();
        assert_eq!(ended["params"]["update"]["content"][0]["content"]["text"], "all made\n");
    }
    for client in [first, bare, other] {
        client.leave().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_silent_turn_shows_a_sign_of_life_that_is_true() {
    let bench = Bench::scripted("{\"usage\":{\"used\":5,\"size\":100}}\n\"wait\"\n");
    let door = bench.door_over(store::open(Place::Memory), Mode::Default);
    let (mut client, session) = Client::open(Link::memory(&door), &bench).await;
    let turn = client.prompt(&session, "Wait").await;
    let usage = client.until(|line| update(line) == Some("usage_update")).await;
    for _ in 0..3 {
        let patience = std::time::Duration::from_secs(21);
        let line = client.link.wire.line_within(patience).await.unwrap().unwrap();
        assert_eq!(serde_json::from_str::<Value>(&line).unwrap(), usage);
    }
    client.cancel(&session).await;
    assert_eq!(client.reply(turn).await.unwrap()["stopReason"], "cancelled");
    client.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_is_told_of_its_own_change_only_what_it_does_not_know() {
    let bench = Bench::scripted("");
    let door = bench.door();
    let mut first = Client::hello(Link::memory(&door), json!({})).await;
    let session = first.session(&bench).await;
    let mut other = Client::hello(Link::memory(&door), json!({})).await;
    let place = json!({ "sessionId": session, "cwd": bench.cwd() });
    other.request("session/load", place).await.unwrap();
    other.until(|line| update(line) == Some("available_commands_update")).await;

    let by_method = |mode: &str| json!({ "sessionId": session, "modeId": mode });
    let by_option = |mode: &str| json!({ "sessionId": session, "configId": "mode", "value": mode });
    first.request("session/set_mode", by_method("plan")).await.unwrap();
    first.request("session/set_mode", by_method("plan")).await.unwrap();
    other.request("session/set_mode", by_method("full")).await.unwrap();
    first.request("session/set_config_option", by_option("plan")).await.unwrap();
    other.request("session/set_config_option", by_option("full")).await.unwrap();
    other.request("session/set_mode", by_method("default")).await.unwrap();

    // What each client hears of it, to the last change.
    let (mode, options) = ("current_mode_update", "config_option_update");
    let heard_by_first = [
        (options, "plan"),
        (mode, "full"),
        (options, "full"),
        (mode, "plan"),
        (mode, "full"),
        (options, "full"),
        (mode, "default"),
        (options, "default"),
    ];
    let heard_by_other = [
        (mode, "plan"),
        (options, "plan"),
        (options, "full"),
        (mode, "plan"),
        (options, "plan"),
        (mode, "full"),
        (options, "default"),
    ];
    for (mut client, expected) in [(first, &heard_by_first[..]), (other, &heard_by_other[..])] {
        while client.heard.iter().filter_map(changed).count() < expected.len() {
            client.next().await;
        }
        let heard: Vec<_> = client.heard.iter().filter_map(changed).collect();
        assert_eq!(heard, expected);
        client.leave().await;
    }
}

/// What an update says of the mode.
fn changed(line: &Value) -> Option<(&str, &str)> {
    let shown = &line["params"]["update"];
    let mode = match update(line)? {
        "current_mode_update" => &shown["currentModeId"],
        "config_option_update" => &shown["configOptions"][0]["currentValue"],
        _ => return None,
    };
    Some((update(line)?, mode.as_str()?))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_error_repeats_little_of_what_was_said() {
    let bench = Bench::scripted("");
    let mut link = Link::memory(&bench.door());
    let long = "é".repeat(MIB);
    link.wire.send_line(&json!({ "jsonrpc": "2.0", "id": 1, "method": long }).to_string()).await;
    let early = link.wire.line().await.unwrap().unwrap();
    assert!(early.len() < 4096 && early.contains("-32600"), "{}", early.len());
    let mut client = Client::hello(link, json!({})).await;
    let session = client.session(&bench).await;
    for (method, params) in [
        ("session/prompt", json!({ "sessionId": long, "prompt": [] })),
        ("session/prompt", json!({ "sessionId": session, "prompt": [{ "type": long }] })),
        ("session/prompt", json!({ "sessionId": session, "prompt": long })),
        ("session/set_mode", json!({ "sessionId": session, "modeId": long })),
        ("session/set_config_option", json!({ "sessionId": session, "configId": long, "value": "x" })),
        ("session/set_config_option", json!({ "sessionId": session, "configId": "model", "value": long })),
        ("session/new", json!({ "cwd": long, "mcpServers": [] })),
        ("session/new", json!({ "cwd": bench.cwd(), "additionalDirectories": [long] })),
        ("session/load", json!({ "sessionId": long, "cwd": bench.cwd() })),
        ("session/list", json!({ "cursor": long })),
        ("authenticate", json!({ "methodId": long })),
        (&long, json!({})),
    ] {
        let error = client.request(method, params).await.unwrap_err().to_string();
        assert!(error.len() < 4096, "{method:.40}: {} bytes: {error:.200}", error.len());
    }
    client.leave().await;
}
