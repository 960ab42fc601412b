//! What servers do that are broken, or mean harm: nothing of it hangs a session, and nobody else suffers.

use std::time::{Duration, Instant};

use adjutant::config::{Config, Environment, Flags, McpTransport};
use adjutant::mcp::Phase;
use serde_json::json;

use super::zoo::{Zoo, animal, spec};
use crate::support::proc::{marked, memory, until};

/// A zoo whose animal never says hello, and why, as a person is told.
async fn unavailable(behaviour: &str, startup: Duration) -> (Zoo, String, String) {
    let mut zoo = Zoo::of(|file| {
        let mut server = animal("zoo", behaviour, file);
        server.startup = startup;
        vec![server, animal("other", "good", file)]
    })
    .await;
    let (title, detail) = zoo.notice().await;
    assert!(zoo.names().iter().any(|name| name == "other_echo"), "{:?}", zoo.servers.status());
    let why = title.strip_prefix("The MCP server zoo is not available: ").unwrap_or(&title).to_owned();
    (zoo, why, detail)
}

#[tokio::test]
async fn a_server_that_cannot_be_reached_is_told_with_its_reason() {
    let long = Duration::from_secs(15);
    let (_, why, _) = unavailable("gone", long).await;
    assert_eq!(why, "it ended with exit code 0");
    let (_, why, detail) = unavailable("broken", long).await;
    assert_eq!((why.as_str(), detail.as_str()), ("it ended with exit code 3", "there is no database"));
    let (_, why, _) = unavailable("refusing", long).await;
    assert_eq!(why, "not today");
    let (_, why, _) = unavailable("wrong_ids", long).await;
    assert_eq!(why, "it answered something that was not asked");
    let (_, why, _) = unavailable("mute", Duration::from_secs(1)).await;
    assert_eq!(why, "it did not answer within 1 seconds");
    let nothing = McpTransport::Stdio { command: "/no/such".into(), args: vec![], env: vec![], cwd: None };
    let mut zoo = Zoo::of(|_| vec![spec("zoo", nothing)]).await;
    let (title, _) = zoo.notice().await;
    assert_eq!(
        title,
        "The MCP server zoo is not available: \"/no/such\" could not be started: No such file or directory (os error 2)"
    );
}

#[tokio::test]
async fn a_program_that_is_not_there_is_named_as_its_file_names_it() {
    let folder = tempfile::tempdir().unwrap();
    let settings = folder.path().join(".config/adjutant");
    std::fs::create_dir_all(&settings).unwrap();
    std::fs::write(settings.join("config.toml"), "[mcp.zoo]\ncommand = \"/no/{env:KEY}\"\n").unwrap();
    let variables = [("HOME", folder.path().to_str().unwrap()), ("KEY", "s3cret")];
    let config = Config::load(&Environment::of(variables), &Flags::default()).unwrap();
    let mut zoo = Zoo::of(|_| config.servers).await;
    let (title, detail) = zoo.notice().await;
    assert!(title.contains("\"/no/{env:KEY}\" could not be started"), "{title}");
    assert!(!format!("{title}{detail}").contains("s3cret"));
}

#[tokio::test]
async fn a_session_waits_a_moment_for_slow_servers_and_says_who_is_missing() {
    let folder = tempfile::tempdir().unwrap();
    let mute = animal("slow", "mute", &folder.path().join("told"));
    let (servers, _news) = adjutant::mcp::Servers::connect(adjutant::mcp::Setup {
        servers: vec![mute],
        workspace: adjutant::workspace::Workspace::open(folder.path(), &[]).unwrap(),
        processes: adjutant::workspace::LocalCommands::new(crate::support::bench::PROGRAM.into()),
        trust: adjutant::mcp::Trust::at(None),
        tokens: None,
    });
    let began = Instant::now();
    let said = servers.settled(Duration::from_millis(300)).await;
    assert!(began.elapsed() < Duration::from_secs(5));
    assert!(format!("{said:?}").contains("Still connecting to slow: their tools come later"), "{said:?}");
    assert!(servers.settled(Duration::from_mins(1)).await.is_empty(), "only the first turn waits");
    servers.close().await;
}

#[tokio::test]
async fn a_call_of_a_server_that_dies_fails_at_once_and_the_server_is_started_again() {
    let mut zoo = Zoo::with("crashing").await;
    let began = Instant::now();
    let output = zoo.call("zoo_echo", json!({})).await;
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
    assert_eq!(
        (output.text.as_str(), output.failed),
        ("The MCP server zoo: it was ended by signal 9.", true)
    );
    let (title, detail) = zoo.notice().await;
    assert_eq!(title, "The MCP server zoo is not available: it was ended by signal 9");
    assert_eq!(detail, "out of memory");
    // The tools are still known; the next call has the server started again, a moment later.
    let began = Instant::now();
    let output = zoo.call("zoo_echo", json!({})).await;
    assert_eq!(output.text, "The MCP server zoo: it was ended by signal 9.");
    assert!(began.elapsed() >= Duration::from_millis(900), "no pause before a new start");
    assert_eq!(zoo.told().matches("\"initialize\"").count(), 2);
}

#[tokio::test]
async fn floods_of_every_kind_are_survived() {
    let zoo = Zoo::with("flooding").await;
    assert!(!zoo.call("zoo_echo", json!({})).await.failed);

    let zoo = Zoo::with("chatty").await;
    assert!(!zoo.call("zoo_echo", json!({})).await.failed);

    let zoo = Zoo::with("twice").await;
    assert_eq!(zoo.call("zoo_echo", json!({})).await.text, "first");
    assert_eq!(zoo.call("zoo_echo", json!({})).await.text, "first");

    let zoo = Zoo::with("nagging").await;
    assert!(zoo.call("zoo_echo", json!({})).await.failed);

    let zoo = Zoo::with("garbled").await;
    let began = Instant::now();
    assert_eq!(zoo.call("zoo_echo", json!({})).await.text, "The MCP server zoo: its reply cannot be read.");
    assert!(began.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn a_line_without_end_ends_the_connection_and_fills_no_memory() {
    let zoo = Zoo::with("long_line").await;
    let output = zoo.call("zoo_echo", json!({})).await;
    assert_eq!(output.text, "The MCP server zoo: it wrote a line of more than 16 MiB.");
    let (_, why, _) = unavailable("endless", Duration::from_secs(15)).await;
    assert_eq!(why, "it wrote a line of more than 16 MiB");
    assert!(memory(std::process::id(), "VmHWM") < 1024 * 1024 * 1024);
}

#[tokio::test]
async fn a_call_can_be_cancelled_and_the_server_hears_of_it() {
    let zoo = Zoo::with("silent").await;
    let cancel = zoo.cancel.clone();
    let (output, ()) = tokio::join!(zoo.call("zoo_echo", json!({})), async {
        until("the call is there", || zoo.told().contains("tools/call")).await;
        cancel.cancel();
    });
    assert_eq!((output.text.as_str(), output.failed), ("(cancelled)", true));
    until("the server is told", || zoo.told().contains("notifications/cancelled")).await;
}

#[tokio::test]
async fn a_call_without_an_answer_ends_in_time() {
    let zoo = Zoo::of(|file| {
        let mut server = animal("zoo", "silent", file);
        server.timeout = Duration::from_secs(1);
        vec![server]
    })
    .await;
    let output = zoo.call("zoo_echo", json!({})).await;
    assert_eq!(output.text, "The MCP server zoo: it did not answer within 1 seconds.");
}

#[tokio::test]
async fn a_server_that_reads_nothing_is_given_up() {
    let zoo = Zoo::with("deaf").await;
    // More than a pipe holds.
    let text = "x".repeat(1024 * 1024);
    let began = Instant::now();
    let output = zoo.call("zoo_echo", json!({ "text": text })).await;
    assert_eq!(output.text, "The MCP server zoo: it read nothing for 10 seconds.");
    assert!(began.elapsed() < Duration::from_secs(15));
    until("the server is let go of", || zoo.phase() != Phase::Ready).await;
}

#[tokio::test]
async fn no_process_of_a_server_outlives_its_session() {
    for behaviour in ["stubborn", "forking", "silent", "mute"] {
        let zoo = Zoo::of(|file| {
            let mut server = animal("zoo", behaviour, file);
            server.startup = Duration::from_secs(2);
            vec![server]
        })
        .await;
        let mark = zoo.mark();
        let began = Instant::now();
        zoo.servers.close().await;
        assert!(began.elapsed() < Duration::from_secs(5), "{behaviour}: {:?}", began.elapsed());
        until("all processes are gone", || marked(&mark).is_empty()).await;
    }
}

#[tokio::test]
async fn a_server_that_is_let_go_of_ends_too() {
    let zoo = Zoo::with("stubborn").await;
    let mark = zoo.mark();
    assert!(!marked(&mark).is_empty());
    drop(zoo);
    until("all processes are gone", || marked(&mark).is_empty()).await;
}
