//! The process is killed at any instant, again and again, over the same store; what clients saw is there.
//!
//! `ADJUTANT_CRASH_ROUNDS` says how often; the instants come from a fixed seed.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::bench::{Bench, PROGRAM};
use crate::support::client::{Client, said, update};
use crate::support::link::Link;
use crate::support::proc::until;

const ROUNDS: u64 = 200;
/// Kills that hit one session before the next one is taken: replays stay short.
const KILLS: u64 = 10;
/// The latest instant of a kill, in microseconds after the prompt: about a whole turn.
const WITHIN: u64 = 60_000;

/// A turn with everything that has to survive: text, a plan, a command with an effect, more text.
fn script() -> String {
    let run = json!({ "call": { "name": "bash", "input": { "command": "echo ran >> ran" } } });
    let plan = json!({ "call": { "name": "todo", "input": { "entries": [{ "content": "x" }] } } });
    let rules = [
        json!({ "when": "", "results": 0, "answer": [{ "text": "first " }, plan] }),
        json!({ "when": "", "results": 1, "answer": [{ "repeat": { "n": 20, "size": 8, "gap_us": 100 } }, run] }),
        json!({ "when": "", "results": 2, "answer": [{ "repeat": { "n": 40, "size": 8, "gap_us": 100 } }] }),
    ];
    rules.map(|rule| format!("{rule}\n")).concat()
}

/// Numbers that look random and are the same every time (`SplitMix64`).
struct Seed(u64);

impl Seed {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % limit
    }
}

/// What clients saw of one session, and what they may expect of it.
#[derive(Default)]
struct Seen {
    /// Control updates in the order in which they were shown.
    control: Vec<String>,
    /// Prompts that were sent, and whether their reply came.
    prompts: BTreeMap<String, bool>,
}

/// What an update says that has to be durable before it is shown; `None` for what is streamed.
fn control(line: &Value) -> Option<String> {
    let shown = &line["params"]["update"];
    match update(line)? {
        kind @ "tool_call" => Some(format!("{kind} {}", shown["toolCallId"])),
        kind @ "tool_call_update" => {
            let status = shown.get("status")?;
            Some(format!("{kind} {} {status}", shown["toolCallId"]))
        }
        kind @ "plan" => Some(format!("{kind} {}", shown["entries"])),
        _ => None,
    }
}

/// The same of an event of the journal.
fn of_event(event: &Value) -> Option<String> {
    match event["event"].as_str()? {
        "tool_proposed" => Some(format!("tool_call {}", event["call"]["toolCallId"])),
        "tool_started" | "tool_ended" => {
            let shown = &event["update"];
            Some(format!("tool_call_update {} {}", shown["toolCallId"], shown["status"]))
        }
        "plan_changed" => Some(format!("plan {}", event["entries"])),
        _ => None,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_seen_survives_a_kill_at_any_instant() {
    let rounds = std::env::var_os("ADJUTANT_CRASH_ROUNDS")
        .map_or(ROUNDS, |text| text.to_str().and_then(|text| text.parse().ok()).unwrap());
    let bench = Bench::scripted(&script());
    let config = bench.home().join(".config/adjutant");
    std::fs::create_dir_all(&config).unwrap();
    std::fs::write(config.join("config.toml"), "mode = \"full\"\n").unwrap();

    let ran = || bench.read("ran").unwrap_or_default().lines().count();
    let mut instants = Seed(20_260_101);
    let (mut commands, mut kills, mut within) = (0, 0, WITHIN);
    while kills < rounds {
        let (mut session, mut seen, before) = (None, Seen::default(), ran());
        for _ in 0..KILLS.min(rounds - kills) {
            session = Some(round(&bench, session, &mut seen, kills, instants.below(within)).await);
            kills += 1;
        }
        let session = session.unwrap();
        close_what_is_open(&bench, &session).await;
        commands += check(&bench, &session, &seen);
        // Where everything takes longer, so does what is to be interrupted.
        if ran() == before {
            within *= 2;
        }
    }
    let ran = ran();
    assert!(ran <= commands, "{ran} commands had their effect, {commands} were started");
    assert!(ran > 0, "no kill came late enough");
    assert_eq!(intact(&bench), "ok");
}

/// Opens the session, starts a turn, and kills the process so many microseconds after the prompt.
async fn round(bench: &Bench, session: Option<String>, seen: &mut Seen, round: u64, after: u64) -> String {
    let mut client = Client::hello(Link::process(bench), json!({})).await;
    let session = match session {
        None => client.session(bench).await,
        Some(session) => {
            let place = json!({ "sessionId": session, "cwd": bench.cwd(), "mcpServers": [] });
            client.request("session/load", place).await.unwrap();
            replayed(&client.heard, seen);
            session
        }
    };
    client.heard.clear();
    let text = format!("prompt {round}");
    let id = client.prompt(&session, &text).await;
    let mut answered = false;
    let deadline = Instant::now() + Duration::from_micros(after);
    while let Ok(line) = tokio::time::timeout_at(deadline.into(), client.next()).await {
        seen.control.extend(control(&line));
        if line["id"] == id && line.get("result").is_some() {
            answered = true;
            break;
        }
    }
    let shown = client.heard.iter().any(|line| update(line).is_some_and(|kind| kind.ends_with("_chunk")));
    client.link.kill().await;
    if shown || answered {
        seen.prompts.insert(text, answered);
    }
    session
}

/// A replay shows everything that was seen before, in order, each once.
fn replayed(heard: &[Value], seen: &Seen) {
    let shown: Vec<_> = heard.iter().filter_map(control).collect();
    contains_in_order(&shown, &seen.control);
    let mut prompts = BTreeSet::new();
    for line in heard.iter().filter(|line| update(line) == Some("user_message_chunk")) {
        let text = line["params"]["update"]["content"]["text"].as_str().unwrap();
        assert!(prompts.insert(text), "{text} is shown twice");
    }
    for text in seen.prompts.keys() {
        assert!(prompts.contains(text.as_str()), "{text} was accepted and is gone");
    }
    let text: String = heard.iter().filter_map(said).collect();
    assert!(text.matches("first ").count() <= prompts.len(), "text is shown twice: {text}");
}

fn contains_in_order(all: &[String], wanted: &[String]) {
    let mut rest = all.iter();
    for one in wanted {
        assert!(rest.any(|other| other == one), "{one} was seen, and is not there in its place: {all:#?}");
    }
    let calls = all.iter().filter(|one| !one.starts_with("plan"));
    let distinct: BTreeSet<_> = calls.clone().collect();
    assert_eq!(distinct.len(), calls.count(), "something is there twice: {all:#?}");
}

/// Opens the session once more, so that its last turn is closed.
async fn close_what_is_open(bench: &Bench, session: &str) {
    let mut client = Client::hello(Link::process(bench), json!({})).await;
    let place = json!({ "sessionId": session, "cwd": bench.cwd(), "mcpServers": [] });
    client.request("session/load", place).await.unwrap();
    client.until(|line| update(line) == Some("available_commands_update")).await;
    client.link.finish().await.unwrap();
}

/// The journal as the program's own command shows it.
fn journal(bench: &Bench, session: &str) -> Vec<Value> {
    let output = Command::new(PROGRAM)
        .args(["sessions", "show", session, "--json"])
        .env_clear()
        .envs(bench.variables())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines = String::from_utf8(output.stdout).unwrap();
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The journal has no gap, every turn has one end, what was seen is there, and no started call was run
/// again. Returns how many commands were started.
fn check(bench: &Bench, session: &str, seen: &Seen) -> usize {
    let events = journal(bench, session);
    for (event, seq) in events.iter().zip(1u64..) {
        assert_eq!(event["seq"], seq, "the numbers have no gap");
    }
    contains_in_order(&events.iter().filter_map(of_event).collect::<Vec<_>>(), &seen.control);

    let (mut open, mut last_prompt) = (None, String::new());
    let (mut started, mut ended) = (BTreeSet::new(), BTreeSet::new());
    for event in &events {
        match event["event"].as_str().unwrap() {
            "prompt_accepted" => {
                assert_eq!(open, None, "a turn begins after the one before has ended");
                open = Some(event["turn"].clone());
                event["content"][0]["text"].as_str().unwrap().clone_into(&mut last_prompt);
            }
            "turn_ended" => {
                assert_eq!(open.take(), Some(event["turn"].clone()));
                let finished = event["stop"]["stop"] == "finished";
                if seen.prompts.get(&last_prompt) == Some(&true) {
                    assert!(finished, "{last_prompt} was answered: {event}");
                }
                assert!(finished || event["stop"]["stop"] == "interrupted", "{event}");
                assert_eq!(started, ended, "every call that was started has an end in its turn");
            }
            "tool_started" => assert!(started.insert(event["update"]["toolCallId"].to_string()), "run twice"),
            "tool_ended" => {
                let id = event["update"]["toolCallId"].to_string();
                started.insert(id.clone());
                assert!(ended.insert(id), "two ends of one call: {event}");
            }
            _ => {}
        }
    }
    assert_eq!(open, None, "the last turn was closed");
    let command =
        |event: &&Value| event["event"] == "tool_started" && event["update"]["title"] == "`echo ran >> ran`";
    events.iter().filter(command).count()
}

/// What the database says of itself.
fn intact(bench: &Bench) -> String {
    let path = bench.home().join(".local/share/adjutant/sessions.db");
    let database = rusqlite::Connection::open(path).unwrap();
    database.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap()
}

/// Kills the program while a call of its only turn is under way, and returns what a client is shown of the
/// call afterwards.
async fn killed_in_call(bench: &Bench, mode: &str, underway: impl AsyncFn(&mut Client)) -> Vec<Value> {
    let (mut client, session) = Client::open(Link::process(bench), bench).await;
    client.request("session/set_mode", json!({ "sessionId": session, "modeId": mode })).await.unwrap();
    client.prompt(&session, "go").await;
    underway(&mut client).await;
    client.link.kill().await;

    let mut client = Client::hello(Link::process(bench), json!({})).await;
    let place = json!({ "sessionId": session, "cwd": bench.cwd(), "mcpServers": [] });
    client.request("session/load", place).await.unwrap();
    let id = client.prompt(&session, "and now").await;
    client.reply(id).await.unwrap();
    let heard = std::mem::take(&mut client.heard);
    client.leave().await;
    assert!(heard.iter().all(|line| line["method"] != "session/request_permission"), "asked again");
    heard.into_iter().filter(|line| update(line) == Some("tool_call_update")).collect()
}

fn one_command(command: &str) -> Bench {
    let call = json!({ "call": { "name": "bash", "input": { "command": command } } });
    let rules = [
        json!({ "when": "go", "answer": [call] }),
        json!({ "when": "and now", "answer": [{ "text": "ok" }] }),
    ];
    Bench::scripted(&rules.map(|rule| format!("{rule}\n")).concat())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_that_ran_when_the_process_was_killed_is_shown_as_interrupted_and_not_run_again() {
    let bench = one_command("echo ran >> ran; sleep 1000");
    // The shell makes the file before it writes to it.
    let ran = || bench.read("ran").is_ok_and(|text| !text.is_empty());
    let shown = killed_in_call(&bench, "full", async |_| until("it runs", ran).await).await;
    let last = &shown.last().unwrap()["params"]["update"];
    assert_eq!(last["status"], "failed", "{shown:?}");
    assert_eq!(last["rawOutput"]["interrupted"], true, "{shown:?}");
    assert_eq!(bench.read("ran").unwrap(), "ran\n", "once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_question_that_was_open_when_the_process_was_killed_is_settled_as_a_no() {
    let bench = one_command("touch made");
    let asked = async |client: &mut Client| {
        client.until(|line| line["method"] == "session/request_permission").await;
    };
    let shown = killed_in_call(&bench, "default", asked).await;
    assert_eq!(shown.len(), 1, "{shown:?}");
    assert_eq!(shown[0]["params"]["update"]["status"], "failed", "{shown:?}");
    assert!(bench.read("made").is_err());
}
